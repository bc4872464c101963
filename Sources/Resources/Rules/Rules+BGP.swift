import JSON
import Model

// Inventory §2.2: routing.

extension Rules {
    @Sendable static func bgpConfiguration(_ resource: Resource, _ findings: inout Findings) {
        let spec = resource.spec
        if spec["nodeToNodeMeshEnabled"]?.bool == false {
            for field in ["nodeMeshPassword", "nodeMeshMaxRestartTime"] where spec.has(field) {
                findings.refuse(
                    "spec.\(field)",
                    nil,
                    "not allowed when nodeToNodeMeshEnabled is false"
                )
            }
        }
        if spec.hasElements("communities"), !spec.hasElements("prefixAdvertisements") {
            findings.refuse("spec.communities", nil, "need prefixAdvertisements that use them")
        }
        let defined = Set((spec["communities"]?.array ?? []).compactMap { $0.text("name") })
        for (path, advertisement) in spec.elements("prefixAdvertisements", at: "spec") {
            for (path, community) in advertisement.elements("communities", at: path) {
                guard let text = community.string, !defined.contains(text),
                    TextFormat.community.problem(text) != nil
                else { continue }
                findings.refuse(
                    path,
                    community,
                    "expected a name of spec.communities, aa:nn or aa:nn:mm"
                )
            }
        }
    }

    @Sendable static func bgpPeer(_ resource: Resource, _ findings: inout Findings) {
        let spec = resource.spec
        findings.requireExclusive(spec, "node", "nodeSelector")
        findings.requireExclusive(spec, "peerIP", "peerSelector")
        findings.requireExclusive(spec, "localWorkloadSelector", "peerIP")
        findings.requireExclusive(spec, "localWorkloadSelector", "peerSelector")
        let number = spec["asNumber"].flatMap { ASNumber($0) }?.rawValue ?? 0
        if spec.text("peerSelector") != nil, number != 0 {
            findings.refuse(
                "spec.asNumber",
                spec["asNumber"],
                "must be empty when spec.peerSelector is set"
            )
        }
        if spec.text("localWorkloadSelector") != nil, number == 0 {
            findings.refuse("spec.asNumber", nil, "required with spec.localWorkloadSelector")
        }
        if spec.flag("keepOriginalNextHop"), spec.text("nextHopMode") != nil {
            findings.refuse(
                "spec.nextHopMode",
                spec["nextHopMode"],
                "must be empty when keepOriginalNextHop is true"
            )
        }
        gateway(spec, &findings)
    }

    private static func gateway(_ spec: JSONValue, _ findings: inout Findings) {
        guard let gateway = spec.text("reachableBy") else { return }
        guard let peer = spec.text("peerIP") else {
            findings.refuse("spec.reachableBy", spec["reachableBy"], "needs spec.peerIP")
            return
        }
        guard let family = PeerAddress(peer)?.address.family, let found = Address(gateway)?.family,
            family != found
        else { return }
        findings.refuse(
            "spec.reachableBy",
            spec["reachableBy"],
            "expected IP version \(family.rawValue), as spec.peerIP"
        )
    }

    @Sendable static func bgpFilter(_ resource: Resource, _ findings: inout Findings) {
        for list in ["exportV4", "importV4", "exportV6", "importV6"] {
            for (path, rule) in resource.spec.elements(list, at: "spec") {
                filterRule(rule, path, &findings)
            }
        }
    }

    private static func filterRule(
        _ rule: JSONValue,
        _ path: String,
        _ findings: inout Findings
    ) {
        let hasCIDR = rule.text("cidr") != nil
        if hasCIDR, rule.text("matchOperator") == nil {
            findings.refuse("\(path).matchOperator", nil, "required with cidr")
        }
        if !hasCIDR, let matchOperator = rule.text("matchOperator") {
            findings.refuse("\(path).matchOperator", .string(matchOperator), "needs cidr")
        }
        if !hasCIDR, rule.has("prefixLength") {
            findings.refuse("\(path).prefixLength", rule["prefixLength"], "needs cidr")
        }
        if rule.hasElements("operations"), rule["action"]?.string != "Accept" {
            findings.refuse("\(path).operations", nil, "allowed with action Accept only")
        }
    }
}
