internal import Index
internal import Model

/// The end of a packet that is the endpoint's own, of which everything is known at compile time.
enum LocalSide: Sendable {
    case address(Address)
    /// Some address in one of these prefixes, not the endpoint's own (allowedSourcePrefixes). What
    /// cannot be known of it is taken so that nothing is allowed by guess: a rule that denies is
    /// taken to match, any other is not.
    case sources([Prefix])
}

/// What remains of a rule's conditions on the local end.
enum LocalMatch {
    case no
    /// It matches where the local port is in the region.
    case ports(PortRegion)
}

extension EntityMatch {
    /// Whether the conditions ask for more than numbered ports.
    var dependsOnAddress: Bool {
        !nets.isEmpty || !notNets.isEmpty || !selectors.isEmpty || !notSelectors.isEmpty
            || service != nil || (ports + notPorts).contains { $0.name != nil }
    }
}

extension PortMatch {
    var name: String? {
        if case .named(let name) = self { name } else { nil }
    }

    var range: ClosedRange<UInt16>? {
        if case .range(let range) = self { range } else { nil }
    }
}

/// Answers a rule's conditions on the local end from the index.
struct LocalResolver {
    let rule: Rule
    let isSource: Bool
    private var match: EntityMatch { isSource ? rule.source : rule.destination }

    init(_ rule: Rule, isSource: Bool) {
        self.rule = rule
        self.isSource = isSource
    }

    func resolve(_ side: LocalSide, _ index: inout ClusterIndex) -> LocalMatch {
        switch side {
        case .address(let address): resolve(address, &index)
        case .sources(let prefixes): resolve(prefixes)
        }
    }

    // MARK: A known address

    private func resolve(_ address: Address, _ index: inout ClusterIndex) -> LocalMatch {
        guard netsHold(for: address) else { return .no }
        for selector in match.selectors
        where !index.someOwner(of: address, matches: selector) { return .no }
        for selector in match.notSelectors
        where index.someOwner(of: address, matches: selector) { return .no }
        var region = PortRegion.all
        if !match.ports.isEmpty {
            region = ports(match.ports, at: address, match.selectors, &index)
        }
        region = region.subtracting(ports(match.notPorts, at: address, [], &index))
        if let service = match.service {
            let members = index.members(of: service).filter { $0.address == address }
            guard !members.isEmpty else { return .no }
            if !isSource {
                let points = members.map { PortPoint(protocol: $0.protocol, port: $0.port) }
                region = region.intersection(.points(points))
            }
        }
        return region.isEmpty ? .no : .ports(region)
    }

    private func netsHold(for address: Address) -> Bool {
        if !match.nets.isEmpty, !match.nets.contains(where: { $0.contains(address) }) {
            return false
        }
        guard !match.notNets.isEmpty else { return true }
        let notNets = match.notNets.filter { $0.family == address.family }
        return !notNets.isEmpty && !notNets.contains { $0.contains(address) }
    }

    private func ports(
        _ ports: [PortMatch],
        at address: Address,
        _ selectors: [String],
        _ index: inout ClusterIndex
    ) -> PortRegion {
        var region = PortRegion.ports(PortIntervals(ports.compactMap(\.range)))
        for name in ports.compactMap(\.name) {
            let named = index.ports(named: name, at: address, matching: selectors)
                .filter(\.protocol.hasPorts)
            let points = named.map { PortPoint(protocol: $0.protocol, port: $0.port) }
            region = region.union(.points(points))
        }
        return region
    }

    // MARK: An address of which only prefixes are known

    private func resolve(_ prefixes: [Prefix]) -> LocalMatch {
        let isDeny = rule.action == .deny
        var isCertain = true
        if !match.nets.isEmpty {
            guard match.nets.contains(where: { net in prefixes.contains { $0.overlaps(net) } })
            else { return .no }
            isCertain = prefixes.allSatisfy { prefix in
                match.nets.contains { $0.contains(prefix) }
            }
        }
        if !match.notNets.isEmpty {
            let notNets = match.notNets.filter { $0.family == prefixes.first?.family }
            if notNets.isEmpty { return .no }
            if prefixes.allSatisfy({ prefix in notNets.contains { $0.contains(prefix) } }) {
                return .no
            }
            let overlaps = notNets.contains { net in prefixes.contains { $0.overlaps(net) } }
            if overlaps { isCertain = false }
        }
        let names = (match.ports + match.notPorts).contains { $0.name != nil }
        if !match.selectors.isEmpty || !match.notSelectors.isEmpty || match.service != nil || names
        {
            isCertain = false
        }
        guard isCertain || isDeny else { return .no }
        return .ports(numberedPorts(isDeny: isDeny))
    }

    private func numberedPorts(isDeny: Bool) -> PortRegion {
        var region = PortRegion.all
        if !match.ports.isEmpty {
            let hasNames = match.ports.contains { $0.name != nil }
            region =
                hasNames && isDeny
                ? .withPorts : .ports(PortIntervals(match.ports.compactMap(\.range)))
        }
        return region.subtracting(.ports(PortIntervals(match.notPorts.compactMap(\.range))))
    }
}
