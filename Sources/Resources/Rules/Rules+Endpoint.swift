import JSON
import Model

// Inventory §2.2: endpoints and nodes.

extension Rules {
    @Sendable static func hostEndpoint(_ resource: Resource, _ findings: inout Findings) {
        let spec = resource.spec
        if spec.text("interfaceName") == nil, !spec.hasElements("expectedIPs") {
            findings.refuse("spec", nil, "expected interfaceName or expectedIPs")
        }
    }

    @Sendable static func workloadEndpoint(_ resource: Resource, _ findings: inout Findings) {
        let spec = resource.spec
        let own = (spec["ipNetworks"]?.array ?? []).compactMap { $0.string.flatMap { Prefix($0) } }
        for (path, nat) in spec.elements("ipNATs", at: "spec") {
            guard let internalIP = nat.text("internalIP").flatMap({ Address($0) }) else { continue }
            if !own.contains(where: { $0.contains(internalIP) }) {
                findings.refuse(
                    "\(path).internalIP",
                    nat["internalIP"],
                    "expected an address of ipNetworks"
                )
            }
            if let external = nat.text("externalIP").flatMap({ Address($0) }),
                external.family != internalIP.family
            {
                findings.refuse(
                    "\(path).externalIP",
                    nat["externalIP"],
                    "expected IP version \(internalIP.family.rawValue), as internalIP"
                )
            }
        }
        for (path, port) in spec.elements("ports", at: "spec")
        where port.text("name") == nil && (port["hostPort"]?.int ?? 0) == 0 {
            findings.refuse("\(path).name", nil, "required when there is no hostPort")
        }
    }

    @Sendable static func node(_ resource: Resource, _ findings: inout Findings) {
        guard let bgp = resource.spec["bgp"], bgp.object?.isEmpty == true else { return }
        findings.refuse("spec.bgp", bgp, "must not be empty; leave it out")
    }
}
