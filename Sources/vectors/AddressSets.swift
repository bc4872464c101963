import JSON
import Model

/// The sets of a policy verdict case: members are CIDRs, or `address,protocol:port`.
struct AddressSets {
    private struct Member {
        let net: Prefix
        let port: (protocol: IPProtocol, number: UInt16)?
    }

    private let sets: [String: [Member]]

    /// On the endpoints that the policies apply to.
    static let localLabel = "local"

    init(_ value: JSONValue?) throws {
        var sets: [String: [Member]] = [:]
        for (name, members) in value?.object?.members ?? [] {
            sets[name] = try (members.array ?? []).map { try Self.member($0.string ?? "") }
        }
        self.sets = sets
    }

    private static func member(_ text: String) throws -> Member {
        let parts = text.split(separator: ",", maxSplits: 1).map { String($0) }
        guard let net = parts.first.flatMap({ Prefix($0) })
        else { throw VectorError("'\(text)' is no member of a set") }
        guard parts.count == 2 else { return Member(net: net, port: nil) }
        let port = parts[1].split(separator: ":").map { String($0) }
        guard port.count == 2, let number = UInt16(port[1])
        else { throw VectorError("'\(text)' is no member of a set") }
        return Member(net: net, port: (try ipProtocol(port[0]), number))
    }

    static func selector(_ set: String) -> String { "has(set-\(set))" }

    static func endpoint(of address: Address) -> EndpointID {
        .workload(node: "node1", workload: "cases/\(address)", endpoint: "eth0")
    }

    /// Network sets for plain members, services for those with ports.
    var updates: [Update] {
        sets.flatMap { name, members -> [Update] in
            let id = NetworkSetID(name: name)
            let nets = members.filter { $0.port == nil }.map(\.net)
            let set = NetworkSet(id: id, labels: ["set-\(name)": ""], nets: nets)
            let slice = ServiceSlice(
                service: ServiceID(namespace: "", name: name),
                members: members.compactMap { member in
                    member.port.map {
                        ServiceSlice.Member(
                            address: member.net.address,
                            protocol: $0.protocol,
                            port: $0.number
                        )
                    }
                }
            )
            return [.networkSet(id, set), .serviceSlice(name, slice)]
        }
    }

    /// One endpoint an address that is asked about or has a port in a set.
    ///
    /// The port's name is the set's. An endpoint also carries the labels of the plain sets that it is
    /// in, because a rule may ask for both and a port's owner must meet the rule's selectors itself.
    func endpoints(local: Set<Address>, profiles: [String]) -> [Update] {
        var ports: [Address: [NamedPort]] = [:]
        for (name, members) in sets {
            for member in members {
                guard let port = member.port else { continue }
                ports[member.net.address, default: []].append(
                    NamedPort(name: name, protocol: port.protocol, port: port.number)
                )
            }
        }
        return local.union(ports.keys).map { address in
            var labels: [String: String] = [:]
            for (name, members) in sets
            where members.contains(where: { $0.port == nil && $0.net.contains(address) }) {
                labels["set-\(name)"] = ""
            }
            if local.contains(address) { labels[Self.localLabel] = "" }
            let endpoint = Endpoint(
                id: Self.endpoint(of: address),
                labels: labels,
                profiles: profiles,
                addresses: [address],
                ports: ports[address] ?? []
            )
            return .endpoint(endpoint.id, endpoint)
        }
    }
}
