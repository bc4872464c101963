internal import Index
internal import Model

/// Turns one rule into conditions that the tables can express: remote matchers, a region of
/// destination ports and one of source ports, all ANDed.
///
/// A named port or a service of the remote end holds for pairs of address and port. Such a rule splits:
/// one condition for every port in question, with matchers of its own, and one for all other ports.
struct RuleCompiler {
    let rule: Rule
    let direction: Direction
    let family: Family

    private var remote: EntityMatch { direction == .ingress ? rule.source : rule.destination }
    private var local: EntityMatch { direction == .ingress ? rule.destination : rule.source }
    private var remoteIsSource: Bool { direction == .ingress }

    init(_ rule: Rule, _ direction: Direction, _ family: Family) {
        self.rule = rule
        self.direction = direction
        self.family = family
    }

    /// Whether the conditions are the same for every local address of the family.
    var dependsOnLocalAddress: Bool { local.dependsOnAddress }

    /// The conditions, of which any one suffices; none when the rule cannot match.
    ///
    /// The local end is not asked when the rule does not depend on it.
    func conditions(
        for side: LocalSide?,
        _ index: inout ClusterIndex
    ) -> [(remote: RemoteCondition, ports: PortRegion, sourcePorts: PortRegion)] {
        guard rule.family == nil || rule.family == family, let base = baseMatchers() else {
            return []
        }
        var localPorts = PortRegion.all
        if let side, dependsOnLocalAddress {
            let resolver = LocalResolver(rule, isSource: !remoteIsSource)
            guard case .ports(let region) = resolver.resolve(side, &index) else { return [] }
            localPorts = region
        } else {
            localPorts = numberedPorts(local)
        }
        let protocols = protocolRegion
        return remoteParts(base, protocols, index).compactMap { part in
            let destination = protocols.intersection(remoteIsSource ? localPorts : part.ports)
            let source = remoteIsSource ? part.ports : localPorts
            guard !destination.isEmpty, !source.isEmpty, !part.remote.isImpossible else {
                return nil
            }
            return (part.remote, destination, source)
        }
    }

    // MARK: Protocol

    var protocolRegion: PortRegion {
        var region = rule.protocol.map { PortRegion.protocol($0) } ?? .all
        if let refused = rule.notProtocol { region = region.subtracting(.protocol(refused)) }
        if let icmp = rule.icmp { region = region.intersection(.icmp(icmp)) }
        if let icmp = rule.notICMP { region = region.subtracting(.icmp(icmp)) }
        return region
    }

    private func numberedPorts(_ match: EntityMatch) -> PortRegion {
        var region = PortRegion.all
        if !match.ports.isEmpty {
            region = .ports(PortIntervals(match.ports.compactMap(\.range)))
        }
        guard !match.notPorts.isEmpty else { return region }
        return region.subtracting(.ports(PortIntervals(match.notPorts.compactMap(\.range))))
    }

    // MARK: Remote address

    private struct Matchers {
        var required: [Matcher] = []
        var refused: [Matcher] = []
    }

    /// Conditions on the remote address whatever the port; `nil` when no address meets them.
    private func baseMatchers() -> Matchers? {
        var matchers = Matchers()
        matchers.required = remote.selectors.map { .selector($0) }
        matchers.refused = remote.notSelectors.map { .selector($0) }
        if !remote.nets.isEmpty {
            let nets = Self.sortedUnique(remote.nets.filter { $0.family == family })
            guard !nets.isEmpty else { return nil }
            // All of the family is no condition, and needs no class.
            if nets[0].length > 0 { matchers.required.append(.nets(nets)) }
        }
        if !remote.notNets.isEmpty {
            let nets = Self.sortedUnique(remote.notNets.filter { $0.family == family })
            guard !nets.isEmpty, nets[0].length > 0 else { return nil }
            matchers.refused.append(.nets(nets))
        }
        if remoteIsSource, let service = remote.service {
            matchers.required.append(.service(service))
        }
        return matchers
    }

    private static func sortedUnique(_ nets: [Prefix]) -> [Prefix] {
        Set(nets).sorted { ($0.length, $0.address) < ($1.length, $1.address) }
    }

    // MARK: Remote ports

    /// The conditions on the remote end alone, each with the ports of that end for which it stands.
    func remoteConditions(_ index: ClusterIndex) -> [Part] {
        guard let base = baseMatchers() else { return [] }
        return remoteParts(base, protocolRegion, index)
    }

    struct Part {
        let remote: RemoteCondition
        let ports: PortRegion
    }

    private func remoteParts(
        _ base: Matchers,
        _ protocols: PortRegion,
        _ index: ClusterIndex
    ) -> [Part] {
        let names = PortNames(remote, index)
        let service = remoteIsSource ? nil : remote.service
        let servicePoints = service.map { service in
            Set(
                index.members(of: service).map { PortPoint(protocol: $0.protocol, port: $0.port) }
            )
        }
        let points = names.points.union(servicePoints ?? [])
        var parts: [Part] = []
        if service == nil {
            let rest = numberedPorts(remote).subtracting(.points(points))
            if !rest.isEmpty {
                let condition = RemoteCondition(required: base.required, refused: base.refused)
                parts.append(Part(remote: condition, ports: rest))
            }
        }
        for point in points.sorted(by: { ($0.protocol, $0.port) < ($1.protocol, $1.port) }) {
            guard !protocols[point.protocol.rawValue].isEmpty else { continue }
            var matchers = base
            if let service {
                guard servicePoints?.contains(point) == true else { continue }
                matchers.required.append(.servicePort(service, point.protocol, point.port))
            }
            parts += self.parts(at: point, matchers, names)
        }
        return parts
    }

    /// The rule at one port that a name or a service of the remote end stands for.
    private func parts(at point: PortPoint, _ base: Matchers, _ names: PortNames) -> [Part] {
        let refused = PortIntervals(remote.notPorts.compactMap(\.range))
        let hasPorts = point.protocol.hasPorts
        if hasPorts, refused.contains(point.port) { return [] }
        var matchers = base
        matchers.refused += names.refused(at: point)
        let numbered = PortIntervals(remote.ports.compactMap(\.range))
        if remote.ports.isEmpty || (hasPorts && numbered.contains(point.port)) {
            return [part(at: point, matchers)]
        }
        return names.wanted(at: point).map { matcher in
            var matchers = matchers
            matchers.required.append(matcher)
            return part(at: point, matchers)
        }
    }

    private func part(at point: PortPoint, _ matchers: Matchers) -> Part {
        Part(
            remote: RemoteCondition(required: matchers.required, refused: matchers.refused),
            ports: .points([point])
        )
    }
}

/// The ports that a rule's names stand for on the remote end, anywhere in the cluster, each with its
/// own protocol.
private struct PortNames {
    private let selectors: [String]
    private var wanted: [PortPoint: [NamedPort]] = [:]
    private var refused: [PortPoint: [NamedPort]] = [:]

    init(_ match: EntityMatch, _ index: ClusterIndex) {
        selectors = match.selectors.sorted()
        wanted = Self.points(match.ports, index)
        refused = Self.points(match.notPorts, index)
    }

    private static func points(
        _ ports: [PortMatch],
        _ index: ClusterIndex
    ) -> [PortPoint: [NamedPort]] {
        let named = Set(ports.compactMap(\.name)).sorted().flatMap { index.ports(named: $0) }
        return Dictionary(grouping: named.filter(\.protocol.hasPorts)) {
            PortPoint(protocol: $0.protocol, port: $0.port)
        }
    }

    var points: Set<PortPoint> { Set(wanted.keys).union(refused.keys) }

    /// The owner of the port must itself meet the rule's selectors (Felix keeps one set of address,
    /// protocol and port for a selector and a name).
    func wanted(at point: PortPoint) -> [Matcher] {
        (wanted[point] ?? []).map { .namedPort($0, selectors: selectors) }
    }

    func refused(at point: PortPoint) -> [Matcher] {
        (refused[point] ?? []).map { .namedPort($0, selectors: []) }
    }
}
