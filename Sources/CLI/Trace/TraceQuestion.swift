internal import Evaluate
internal import Model

/// One end of a flow: an endpoint or an address of nobody we know.
struct FlowEnd: Hashable, Sendable {
    /// As messages name it.
    let name: String
    let endpoint: EndpointID?
    let addresses: [Address]
}

/// A world of policy and the names that people use for what is in it.
struct TraceWorld: Sendable {
    let world: PolicyWorld
    let evaluator: Evaluator

    init(_ updates: [Update]) {
        world = PolicyWorld(updates)
        evaluator = Evaluator(world)
    }

    /// Reads `namespace/pod`, the name of a host endpoint (`node/name` where several share it), or
    /// an address.
    func end(_ text: String) throws(CommandFailure) -> FlowEnd {
        if let address = Address(text) {
            let owners = evaluator.endpoints(owning: address)
            let name = owners.first.map { "\($0)" } ?? "\(address)"
            return FlowEnd(name: name, endpoint: owners.first, addresses: [address])
        }
        let matches = world.endpoints.values.filter { endpoint in
            switch endpoint.id {
            case .workload(_, let workload, _): workload == text
            case .host(_, let name): name == text || endpoint.id.description == text
            }
        }.sorted { ($0.id.node, "\($0.id)") < ($1.id.node, "\($1.id)") }
        guard let endpoint = matches.first else {
            throw CommandFailure(
                "Error: no pod, host endpoint or address is called '\(text)'",
                .notFound
            )
        }
        guard matches.count == 1 else {
            let all = matches.map { "\($0.id) on \($0.id.node)" }.joined(separator: ", ")
            throw CommandFailure("Error: '\(text)' is ambiguous: \(all)", .usage)
        }
        guard !endpoint.addresses.isEmpty else {
            throw CommandFailure("Error: \(endpoint.id) has no address", .failure)
        }
        return FlowEnd(name: "\(endpoint.id)", endpoint: endpoint.id, addresses: endpoint.addresses)
    }
}

/// The flow that is asked about, as the command line has it.
struct TraceQuestion: Hashable, Sendable {
    var `protocol`: IPProtocol
    var port: UInt16?
    var sourcePort: UInt16?
    var icmpType: UInt8?
    var icmpCode: UInt8?
    /// `nil` for the first that both ends have, IPv4 before IPv6.
    var family: Family?

    func flow(from source: FlowEnd, to destination: FlowEnd) throws(CommandFailure) -> Flow {
        let families = family.map { [$0] } ?? [.v4, .v6]
        for family in families {
            guard let from = source.addresses.first(where: { $0.family == family }),
                let to = destination.addresses.first(where: { $0.family == family })
            else { continue }
            return try flow(from, to, family)
        }
        let names = families.map { $0 == .v4 ? "IPv4" : "IPv6" }.joined(separator: " or ")
        throw CommandFailure(
            "Error: \(source.name) and \(destination.name) do not both have an \(names) address",
            .failure
        )
    }

    private func flow(
        _ source: Address,
        _ destination: Address,
        _ family: Family
    ) throws(CommandFailure) -> Flow {
        var flow = Flow(source: source, destination: destination, protocol: `protocol`)
        if `protocol`.hasPorts {
            guard let port else {
                throw CommandFailure("Error: \(`protocol`) needs --port", .usage)
            }
            flow.destinationPort = port
            // An ephemeral port, as a client's system would choose.
            flow.sourcePort = sourcePort ?? 49_152
        } else if port != nil || sourcePort != nil {
            throw CommandFailure("Error: \(`protocol`) has no ports", .usage)
        }
        if `protocol`.isICMP {
            let echo: UInt8 = `protocol` == .icmp ? 8 : 128
            flow.icmp = ICMPMatch(type: icmpType ?? echo, code: icmpCode ?? 0)
        } else if icmpType != nil || icmpCode != nil {
            throw CommandFailure("Error: \(`protocol`) has no ICMP type", .usage)
        }
        return flow
    }
}
