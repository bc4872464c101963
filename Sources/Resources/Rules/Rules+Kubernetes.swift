import JSON
import Model

// What Kubernetes' API server refuses in policies.

extension Rules {
    @Sendable static func kubernetesPolicy(_ resource: Resource, _ findings: inout Findings) {
        let spec = resource.spec
        labelSelector(spec["podSelector"], "spec.podSelector", &findings)
        for (list, peers) in [("ingress", "from"), ("egress", "to")] {
            for (path, rule) in spec.elements(list, at: "spec") {
                for (path, peer) in rule.elements(peers, at: path) {
                    policyPeer(peer, path, &findings)
                }
                for (path, port) in rule.elements("ports", at: path) {
                    policyPort(port, path, &findings)
                }
            }
        }
    }

    @Sendable static func clusterPolicy(_ resource: Resource, _ findings: inout Findings) {
        let spec = resource.spec
        clusterPeer(spec["subject"] ?? .null, "spec.subject", &findings)
        for (list, peers) in [("ingress", "from"), ("egress", "to")] {
            for (path, rule) in spec.elements(list, at: "spec") {
                for (path, peer) in rule.elements(peers, at: path) {
                    clusterPeer(peer, path, &findings)
                }
            }
        }
    }

    private static func clusterPeer(
        _ peer: JSONValue,
        _ path: String,
        _ findings: inout Findings
    ) {
        labelSelector(peer["namespaces"], "\(path).namespaces", &findings)
        for field in ["namespaceSelector", "podSelector"] {
            labelSelector(peer["pods"]?[field], "\(path).pods.\(field)", &findings)
        }
    }

    private static func policyPeer(
        _ peer: JSONValue,
        _ path: String,
        _ findings: inout Findings
    ) {
        for field in ["podSelector", "namespaceSelector"] {
            labelSelector(peer[field], joined(path, field), &findings)
        }
        guard peer.has("ipBlock"), let block = peer["ipBlock"] else { return }
        if peer.has("podSelector") || peer.has("namespaceSelector") {
            findings.refuse("\(path).ipBlock", nil, "cannot be combined with selectors")
        }
        guard let cidr = block.text("cidr").flatMap({ Prefix($0) }) else { return }
        for (path, except) in block.elements("except", at: "\(path).ipBlock") {
            guard let part = except.string.flatMap({ Prefix($0) }) else { continue }
            if !cidr.contains(part) || cidr == part {
                findings.refuse(path, except, "expected a part of \(cidr)")
            }
        }
    }

    private static func policyPort(
        _ port: JSONValue,
        _ path: String,
        _ findings: inout Findings
    ) {
        guard let end = port["endPort"]?.int else { return }
        guard let start = port["port"]?.int else {
            findings.refuse("\(path).endPort", port["endPort"], "needs a numeric port")
            return
        }
        if end < start {
            findings.refuse("\(path).endPort", port["endPort"], "expected at least \(start)")
        }
    }

    private static func labelSelector(
        _ selector: JSONValue?,
        _ path: String,
        _ findings: inout Findings
    ) {
        for (path, expression) in selector?.elements("matchExpressions", at: path) ?? [] {
            let hasValues = expression.hasElements("values")
            switch expression["operator"]?.string {
            case "In", "NotIn":
                if !hasValues {
                    findings.refuse("\(path).values", nil, "required with In and NotIn")
                }
            case "Exists", "DoesNotExist":
                if hasValues {
                    findings.refuse(
                        "\(path).values",
                        nil,
                        "must be empty with Exists and DoesNotExist"
                    )
                }
            default: break
            }
        }
    }
}
