internal import JSON
internal import Model
internal import Resources

/// What host endpoints are made from: a Node's name, labels, addresses and interfaces.
struct NodeFacts: Sendable {
    struct Interface: Sendable {
        let name: String
        let addresses: [Address]
    }

    let name: String
    let labels: [String: String]
    /// Each once, in Calico's order: BGP's, tunnels', WireGuard's, internal ones, interfaces'.
    let addresses: [Address]
    let interfaces: [Interface]

    /// What is no address is passed over.
    init(_ node: Resource) {
        name = node.name
        labels = node.labels
        let spec = node.spec
        interfaces = (spec["interfaces"]?.array ?? []).compactMap { item in
            guard let name = item["name"]?.string else { return nil }
            let texts = (item["addresses"]?.array ?? []).map(\.string)
            return Interface(name: name, addresses: texts.compactMap(Self.address))
        }
        let bgp = spec["bgp"]
        let wireguard = spec["wireguard"]
        let texts =
            [
                bgp?["ipv4Address"], bgp?["ipv6Address"], bgp?["ipv4IPIPTunnelAddr"],
                spec["ipv4VXLANTunnelAddr"], spec["ipv6VXLANTunnelAddr"],
                wireguard?["interfaceIPv4Address"], wireguard?["interfaceIPv6Address"],
            ].map { $0?.string }
            + (spec["addresses"]?.array ?? [])
            .filter { $0["type"]?.string == "InternalIP" }
            .map { $0["address"]?.string }
        addresses = (texts.compactMap(Self.address) + interfaces.flatMap(\.addresses)).unique
    }

    /// An address, with or without the length of its subnet.
    private static func address(_ text: String?) -> Address? {
        text.flatMap { $0.split(separator: "/", maxSplits: 1).first }.flatMap { Address($0) }
    }
}

extension Array where Element: Hashable {
    /// Each element where it stands first.
    var unique: [Element] {
        var seen: Set<Element> = []
        return filter { seen.insert($0).inserted }
    }
}
