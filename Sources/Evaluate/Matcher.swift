internal import Model
internal import Selector

// Does a rule match a flow? One linear look at everything that owns the address; no index, so that
// there is nothing here to be wrong in the same way as the compiler.

/// Something with labels that owns addresses: an endpoint or a network set.
struct Member: Sendable {
    let labels: [String: String]
    let nets: [Prefix]
    let ports: [NamedPort]

    func owns(_ address: Address) -> Bool { nets.contains { $0.contains(address) } }
}

/// All that rules can ask of an address, prepared once from a world.
struct Matcher: Sendable {
    let members: [Member]
    let services: [ServiceID: [ServiceSlice.Member]]
    let selectors: [String: Selector]

    init(_ world: PolicyWorld) {
        let endpoints = world.endpoints.values.map { endpoint in
            Member(
                labels: world.labels(endpoint.labels, profiles: endpoint.profiles),
                nets: endpoint.addresses.map { Prefix($0) },
                ports: endpoint.ports
            )
        }
        let networkSets = world.networkSets.values.map { set in
            Member(
                labels: world.labels(set.labels, profiles: set.profiles),
                nets: set.nets,
                ports: []
            )
        }
        members = endpoints + networkSets
        services = Dictionary(grouping: world.serviceSlices.values, by: \.service)
            .mapValues { $0.flatMap(\.members) }
        selectors = Self.parse(world)
    }

    private static func parse(_ world: PolicyWorld) -> [String: Selector] {
        let policies = world.policies.values
        let rules =
            policies.flatMap { $0.ingress + $0.egress }
            + world.profiles.values.flatMap { $0.ingress + $0.egress }
        let ends = rules.flatMap { [$0.source, $0.destination] }
        let texts = policies.map(\.selector) + ends.flatMap { $0.selectors + $0.notSelectors }
        var selectors: [String: Selector] = [:]
        for text in Set(texts) { selectors[text] = try? Selector(parsing: text) }
        return selectors
    }

    /// A selector that does not parse matches nothing; conversion lets none through.
    func matches(_ selector: String, _ labels: [String: String]) -> Bool {
        selectors[selector]?.matches(labels) ?? false
    }

    // MARK: Rules

    /// The first condition that the flow does not meet; `nil` when the rule matches.
    func mismatch(_ rule: Rule, _ flow: Flow) -> Mismatch? {
        if let family = rule.family, family != flow.destination.family { return .family }
        if let wanted = rule.protocol, wanted != flow.protocol { return .protocol }
        if let refused = rule.notProtocol, refused == flow.protocol { return .notProtocol }
        if let wanted = rule.icmp, !covers(wanted, flow) { return .icmp }
        if let refused = rule.notICMP, covers(refused, flow) { return .notICMP }
        return mismatch(rule.source, .source, flow)
            ?? mismatch(rule.destination, .destination, flow)
    }

    private func covers(_ match: ICMPMatch, _ flow: Flow) -> Bool {
        guard flow.protocol.isICMP, let icmp = flow.icmp else { return false }
        return icmp.type == match.type && (match.code == nil || match.code == icmp.code)
    }

    private func mismatch(
        _ match: EntityMatch,
        _ end: Mismatch.End,
        _ flow: Flow
    ) -> Mismatch? {
        let address = end == .source ? flow.source : flow.destination
        if !match.nets.isEmpty, !match.nets.contains(where: { $0.contains(address) }) {
            return .nets(end)
        }
        // Felix drops the nets of the other family; a rule that loses all of them is skipped.
        if !match.notNets.isEmpty {
            let notNets = match.notNets.filter { $0.family == address.family }
            if notNets.isEmpty || notNets.contains(where: { $0.contains(address) }) {
                return .notNets(end)
            }
        }
        for selector in match.selectors where !someOwner(of: address, matches: selector) {
            return .selector(end, selector)
        }
        for selector in match.notSelectors where someOwner(of: address, matches: selector) {
            return .notSelector(end, selector)
        }
        if !match.ports.isEmpty, !covers(match.ports, match.selectors, end, flow) {
            return .ports(end)
        }
        if covers(match.notPorts, [], end, flow) { return .notPorts(end) }
        if let service = match.service, !isMember(of: service, end, flow) { return .service(end) }
        return nil
    }

    /// Two endpoints may own one address: it matches when any owner does.
    private func someOwner(of address: Address, matches selector: String) -> Bool {
        members.contains { $0.owns(address) && matches(selector, $0.labels) }
    }

    // MARK: Ports and services

    private func covers(
        _ ports: [PortMatch],
        _ selectors: [String],
        _ end: Mismatch.End,
        _ flow: Flow
    ) -> Bool {
        guard flow.protocol.hasPorts else { return false }
        let port = end == .source ? flow.sourcePort : flow.destinationPort
        return ports.contains { match in
            switch match {
            case .range(let range): range.contains(port)
            case .named(let name): isNamed(name, selectors, end, flow)
            }
        }
    }

    /// Whether the port has that name on an owner of the address.
    ///
    /// The owner itself must meet all of the rule's selectors (Felix keeps one set of address,
    /// protocol and port for a selector and a name).
    private func isNamed(
        _ name: String,
        _ selectors: [String],
        _ end: Mismatch.End,
        _ flow: Flow
    ) -> Bool {
        let address = end == .source ? flow.source : flow.destination
        let number = end == .source ? flow.sourcePort : flow.destinationPort
        let port = NamedPort(name: name, protocol: flow.protocol, port: number)
        return members.contains { member in
            member.ports.contains(port) && member.owns(address)
                && selectors.allSatisfy { matches($0, member.labels) }
        }
    }

    private func isMember(of service: ServiceID, _ end: Mismatch.End, _ flow: Flow) -> Bool {
        (services[service] ?? []).contains { member in
            switch end {
            case .source: member.address == flow.source
            case .destination:
                member.address == flow.destination && member.protocol == flow.protocol
                    && member.port == flow.destinationPort
            }
        }
    }
}
