import JSON
import Model

/// The rules between the fields of one rule of a policy (inventory §2.1, Rule and EntityRule).
struct RuleCheck {
    let rule: JSONValue
    let path: String
    let isIngress: Bool
    let isGlobal: Bool

    func run(_ findings: inout Findings) {
        checkProtocol(&findings)
        checkHTTP(&findings)
        checkFamilies(&findings)
        checkNotNets(&findings)
        for side in ["source", "destination"] {
            guard let entity = rule[side] else { continue }
            checkPorts(entity, joined(path, side), &findings)
            checkServices(entity, side, &findings)
        }
    }

    private var ipProtocol: IPProtocol? { rule["protocol"].flatMap { IPProtocol($0) } }

    private func checkProtocol(_ findings: inout Findings) {
        if rule.has("icmp"), ipProtocol?.isICMP != true {
            findings.refuse(
                joined(path, "icmp"),
                rule["icmp"],
                "needs protocol ICMP or ICMPv6, found \(rule["protocol"]?.description ?? "none")"
            )
        }
        for field in ["icmp", "notICMP"] {
            guard let match = rule[field], match.has("code"), !match.has("type") else { continue }
            findings.refuse("\(joined(path, field)).code", match["code"], "needs a type")
        }
        for field in ["protocol", "notProtocol"] {
            let wanted: Int64? =
                switch rule[field]?.string {
                case "ICMP": 4
                case "ICMPv6": 6
                default: nil
                }
            guard let wanted, let version = rule["ipVersion"]?.int, version != wanted
            else { continue }
            findings.refuse(
                joined(path, "ipVersion"),
                rule["ipVersion"],
                "\(field) \(rule[field]?.string ?? "") is of IP version \(wanted)"
            )
        }
    }

    private func checkHTTP(_ findings: inout Findings) {
        guard rule.has("http") else { return }
        let path = joined(path, "http")
        if !isIngress { findings.refuse(path, nil, "allowed in ingress rules only") }
        if rule["action"]?.string != "Allow" {
            findings.refuse(path, nil, "allowed with action Allow only")
        }
        if rule.has("protocol"), ipProtocol != .tcp {
            findings.refuse(path, nil, "allowed with protocol TCP only")
        }
    }

    // MARK: Nets

    /// All nets of a rule and its `ipVersion` are of one IP version.
    private func checkFamilies(_ findings: inout Findings) {
        var family = rule["ipVersion"]?.int.flatMap { Family(rawValue: UInt8(clamping: $0)) }
        for side in ["source", "destination"] {
            for field in ["nets", "notNets"] {
                let path = joined(path, side)
                for (path, net) in rule[side]?.elements(field, at: path) ?? [] {
                    guard let found = net.string.flatMap({ Prefix($0) })?.family else { continue }
                    let expected = family ?? found
                    family = expected
                    guard found != expected else { continue }
                    findings.refuse(
                        path,
                        net,
                        "expected IP version \(expected.rawValue), as in the rest of the rule"
                    )
                }
            }
        }
    }

    private func checkNotNets(_ findings: inout Findings) {
        for side in ["source", "destination"] {
            for (path, net) in rule[side]?.elements("notNets", at: joined(path, side)) ?? []
            where net.string.flatMap({ Prefix($0) })?.length == 0 {
                findings.refuse(path, net, "excludes every address, so that the rule never matches")
            }
        }
    }

    // MARK: Ports and services

    private func checkPorts(_ entity: JSONValue, _ path: String, _ findings: inout Findings) {
        for field in ["ports", "notPorts"] {
            for (path, port) in entity.elements(field, at: path) {
                guard let match = PortMatch(port) else { continue }
                // A port name brings its own protocol.
                if case .named = match, !rule.has("protocol") { continue }
                guard ipProtocol?.takesPorts != true else { continue }
                findings.refuse(path, port, "ports need protocol TCP, UDP or SCTP")
            }
        }
    }

    private static let excludedByServices = [
        "selector", "notSelector", "namespaceSelector", "nets", "notNets", "serviceAccounts",
    ]

    private func checkServices(
        _ entity: JSONValue,
        _ side: String,
        _ findings: inout Findings
    ) {
        guard let services = entity["services"], !services.isNull else { return }
        let path = "\(joined(path, side)).services"
        let allowed = isIngress ? "source" : "destination"
        if side != allowed {
            findings.refuse(
                path,
                nil,
                "allowed only in the \(allowed) of \(isIngress ? "ingress" : "egress") rules"
            )
        }
        for field in Self.excludedByServices {
            guard let value = entity[field], !value.isNull, value != "", value != []
            else { continue }
            findings.refuse(path, nil, "cannot be combined with \(field)")
        }
        // A destination's services bring their own ports.
        if side == "destination" {
            for field in ["ports", "notPorts"] where entity.hasElements(field) {
                findings.refuse(path, nil, "cannot be combined with \(field)")
            }
        }
        if isGlobal, services.text("namespace") == nil {
            findings.refuse(joined(path, "namespace"), nil, "required in a global policy")
        }
    }
}
