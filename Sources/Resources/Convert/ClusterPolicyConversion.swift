internal import Model
internal import Selector

// policy.networking.k8s.io/v1alpha2 ClusterNetworkPolicy (inventory §3.9).

/// A Deny or Pass rule that cannot be read denies everything in its place, an Accept rule that
/// cannot be read is left out: less is allowed than was asked for, never more.
func clusterNetworkPolicy(_ field: Field, _ id: PolicyID) throws(ConversionError) -> Conversion {
    let spec = try field.required("spec")
    let subject = try spec.required("subject")
    let ingressRules = try spec.list("ingress")
    let egressRules = try spec.list("egress")
    var policy = Policy(
        id: id,
        tier: try clusterPolicyTier(spec.required("tier")),
        order: Double(try spec.required("priority").integer(Int.self, in: 0...1000)),
        selector: try subject.clusterSelector("has neither namespaces nor pods"),
        appliesToIngress: !ingressRules.isEmpty,
        appliesToEgress: !egressRules.isEmpty
    )
    var problems: [ConversionError] = []
    for rule in ingressRules { policy.ingress += try rule.clusterRules(.ingress, &problems) }
    for rule in egressRules { policy.egress += try rule.clusterRules(.egress, &problems) }
    return Conversion([.policy(id, policy)], problems: problems)
}

private func clusterPolicyTier(_ field: Field) throws(ConversionError) -> String {
    switch try field.string() {
    case "Admin": return "kube-admin"
    case "Baseline": return "kube-baseline"
    default: throw field.expected("Admin or Baseline")
    }
}

extension Field {
    /// What a subject or a peer selects: pods, or whatever lives in some namespaces, which includes
    /// their NetworkSets.
    fileprivate func clusterSelector(_ otherwise: String) throws(ConversionError) -> String {
        if let namespaces = self["namespaces"] {
            return try namespaces.namespaceLabelSelector().canonical
        }
        guard let pods = self["pods"] else { throw error(otherwise) }
        return try pods.podSelector(
            in: pods["namespaceSelector"]?.namespaceLabelSelector() ?? Selector.all.overNamespaces
        )
    }

    fileprivate func clusterRules(
        _ direction: Direction,
        _ problems: inout [ConversionError]
    ) throws(ConversionError) -> [Rule] {
        let action = try clusterAction()
        let name = try text("name").map { ["name": $0] } ?? [:]
        var converted: [Rule]
        do {
            let peers = try list(direction == .ingress ? "from" : "to")
                .map { peer throws(ConversionError) in try peer.clusterPeer(direction) }
            converted = expand(action, direction, peers: peers, ports: try clusterPorts())
        } catch {
            problems.append(error)
            converted = action == .allow ? [] : [Rule(.deny)]
        }
        for index in converted.indices { converted[index].annotations = name }
        return converted
    }

    private func clusterAction() throws(ConversionError) -> Action {
        let action = try required("action")
        switch try action.string() {
        case "Accept": return .allow
        case "Deny": return .deny
        case "Pass": return .pass
        default: throw action.expected("Accept, Deny or Pass")
        }
    }

    private func clusterPeer(_ direction: Direction) throws(ConversionError) -> EntityMatch {
        var match = EntityMatch()
        if direction == .egress, self["networks"] != nil {
            match.nets = try prefixes("networks")
            guard !match.nets.isEmpty else { throw error("lists no networks") }
            return match
        }
        match.selectors = [try clusterSelector("is a peer of a kind that is not supported")]
        return match
    }

    private func clusterPorts() throws(ConversionError) -> [PortGroup] {
        let groups = try list("protocols")
            .map { entry throws(ConversionError) in try entry.clusterPort() }
        return groups.isEmpty ? [PortGroup()] : groups
    }

    private func clusterPort() throws(ConversionError) -> PortGroup {
        if let name = try text("destinationNamedPort") { return PortGroup(ports: [.named(name)]) }
        let known: [(String, IPProtocol)] = [("tcp", .tcp), ("udp", .udp), ("sctp", .sctp)]
        for (key, number) in known {
            guard let entry = self[key] else { continue }
            guard let port = entry["destinationPort"] else { return PortGroup(protocol: number) }
            return PortGroup(protocol: number, ports: [try port.clusterPortMatch()])
        }
        throw error("names no protocol that is supported")
    }

    private func clusterPortMatch() throws(ConversionError) -> PortMatch {
        if let number = self["number"] {
            let port = try number.integer(UInt16.self, in: 1...65535)
            return .range(port...port)
        }
        let range = try required("range")
        let first = try range.required("start").integer(UInt16.self, in: 1...65535)
        let last = try range.required("end").integer(UInt16.self, in: 1...65535)
        guard first <= last else { throw range.error("ends before it begins") }
        return .range(first...last)
    }
}
