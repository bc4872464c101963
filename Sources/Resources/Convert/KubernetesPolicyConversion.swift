internal import Model
internal import Selector

// networking.k8s.io/v1 NetworkPolicy, enforced or as StagedKubernetesNetworkPolicy (inventory §3.8).

/// A rule that cannot be read is left out and reported: the policy still isolates its pods, so less
/// is allowed, never more.
func kubernetesPolicy(_ field: Field, _ id: PolicyID) throws(ConversionError) -> Conversion {
    let spec = field.orEmpty("spec")
    let stagedAction = id.kind.isStaged ? try spec.text("stagedAction") ?? "Set" : nil
    guard stagedAction != "Delete" else { return Conversion([.policy(id, nil)]) }
    let pods = try spec["podSelector"]?.podLabelSelector() ?? []
    let selector = Selector.conjunction(
        [.equals(WellKnown.orchestrator, "k8s")] + pods + [.inNamespace(id.namespace ?? "")]
    )
    let types = try spec.list("policyTypes")
    let egressRules = try spec.list("egress")
    let applies =
        try types.isEmpty ? (ingress: true, egress: !egressRules.isEmpty) : directions(types)
    var policy = Policy(
        id: id,
        order: 1000,
        selector: selector.canonical,
        appliesToIngress: applies.ingress,
        appliesToEgress: applies.egress
    )
    policy.stagedAction = stagedAction
    var problems: [ConversionError] = []
    for rule in try spec.list("ingress") {
        do { policy.ingress += try rule.kubernetesRules(.ingress, id.namespace ?? "") } catch {
            problems.append(error)
        }
    }
    for rule in egressRules {
        do { policy.egress += try rule.kubernetesRules(.egress, id.namespace ?? "") } catch {
            problems.append(error)
        }
    }
    return Conversion([.policy(id, policy)], problems: problems)
}

/// The ports of one rule, grouped: each group becomes rules of its own.
struct PortGroup {
    /// `nil` for any protocol.
    var `protocol`: IPProtocol?
    /// Empty for any port.
    var ports: [PortMatch] = []
}

/// One rule a peer and a port group, in that order.
func expand(
    _ action: Action,
    _ direction: Direction,
    peers: [EntityMatch],
    ports: [PortGroup]
) -> [Rule] {
    peers.flatMap { peer in
        ports.map { group in
            var rule = Rule(action)
            rule.protocol = group.protocol
            if direction == .ingress { rule.source = peer } else { rule.destination = peer }
            rule.destination.ports = group.ports
            return rule
        }
    }
}

extension Field {
    fileprivate func kubernetesRules(
        _ direction: Direction,
        _ namespace: String
    ) throws(ConversionError) -> [Rule] {
        var peers: [EntityMatch] = []
        for peer in try list(direction == .ingress ? "from" : "to") {
            peers.append(try peer.kubernetesPeer(namespace))
        }
        return expand(
            .allow,
            direction,
            peers: peers.isEmpty ? [EntityMatch()] : peers,
            ports: try kubernetesPorts()
        )
    }

    private func kubernetesPeer(_ namespace: String) throws(ConversionError) -> EntityMatch {
        var match = EntityMatch()
        if let block = self["ipBlock"] {
            match.nets = [try block.required("cidr").prefix()]
            match.notNets = try block.prefixes("except")
            return match
        }
        guard self["podSelector"] != nil || self["namespaceSelector"] != nil else {
            throw error("has neither podSelector, namespaceSelector nor ipBlock")
        }
        let namespaces = try self["namespaceSelector"]?.namespaceLabelSelector()
        match.selectors = [try podSelector(in: namespaces ?? .inNamespace(namespace))]
        return match
    }

    /// Selects pods alone, by the member `podSelector`, in some namespaces.
    func podSelector(in namespaces: Selector) throws(ConversionError) -> String {
        let pods = try self["podSelector"]?.podLabelSelector() ?? []
        return Selector.conjunction(
            [.equals(WellKnown.orchestrator, "k8s")] + pods + [namespaces]
        ).canonical
    }

    /// Grouped by protocol, in order of their numbers; one group for anything when none is given.
    private func kubernetesPorts() throws(ConversionError) -> [PortGroup] {
        var groups: [IPProtocol: [PortMatch]] = [:]
        var open: Set<IPProtocol> = []
        for entry in try list("ports") {
            let number = try entry["protocol"]?.ipProtocol() ?? .tcp
            if let match = try entry.kubernetesPort() {
                groups[number, default: []].append(match)
            } else {
                open.insert(number)
            }
        }
        guard !groups.isEmpty || !open.isEmpty else { return [PortGroup()] }
        return open.union(groups.keys).sorted().map { number in
            let ports = open.contains(number) ? [] : merged(groups[number] ?? [])
            return PortGroup(protocol: number, ports: ports)
        }
    }

    /// `nil` for every port of the protocol.
    private func kubernetesPort() throws(ConversionError) -> PortMatch? {
        let last = try self["endPort"]?.integer(UInt16.self, in: 1...65535)
        guard let port = self["port"] else {
            if last != nil { throw error("has an endPort without a port") }
            return nil
        }
        guard port.isInteger else {
            if last != nil { throw error("has an endPort with a named port") }
            return .named(try port.string())
        }
        let first = try port.integer(UInt16.self, in: 1...65535)
        guard first <= last ?? first else { throw error("ends before it begins") }
        return .range(first...(last ?? first))
    }
}

/// Names first as they came, then ranges in order with equal and adjacent ones made one.
func merged(_ ports: [PortMatch]) -> [PortMatch] {
    var names: [PortMatch] = []
    var ranges: [ClosedRange<UInt16>] = []
    for port in ports {
        switch port {
        case .range(let range): ranges.append(range)
        case .named: if !names.contains(port) { names.append(port) }
        }
    }
    ranges.sort { ($0.lowerBound, $0.upperBound) < ($1.lowerBound, $1.upperBound) }
    var joined: [ClosedRange<UInt16>] = []
    for range in ranges {
        guard let last = joined.last, Int(range.lowerBound) <= Int(last.upperBound) + 1 else {
            joined.append(range)
            continue
        }
        joined[joined.count - 1] = last.lowerBound...max(last.upperBound, range.upperBound)
    }
    return names + joined.map { .range($0) }
}
