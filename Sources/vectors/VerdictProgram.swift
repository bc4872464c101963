import JSON
import Model

/// Tiers, policies and profiles of a policy verdict case, as the model has them.
struct VerdictProgram {
    private let value: JSONValue
    private let family: Family

    init(_ value: JSONValue) {
        self.value = value
        family = value.number("ip_version") == 6 ? .v6 : .v4
    }

    /// The tiers under `key`, their policies for whatever has the label.
    ///
    /// A tier that is listed applies, even with no policy left in it.
    func tiers(
        _ key: String,
        at label: String,
        _ change: (inout Policy) -> Void
    ) throws -> [Update] {
        var updates: [Update] = []
        for (order, tier) in value.elements(key).enumerated() {
            let name = "\(key) \(order)"
            let action: Action = try tier.text("end_action") == "pass" ? .pass : .deny
            updates.append(
                .tier(name, Tier(name: name, order: Double(order), defaultAction: action))
            )
            let policies = tier.elements("policies")
            for (order, policy) in (policies.isEmpty ? [["rules": []]] : policies).enumerated() {
                let id = PolicyID(kind: .globalNetworkPolicy, name: "\(name)/\(order)")
                var converted = Policy(
                    id: id,
                    tier: name,
                    order: Double(order),
                    selector: "has(\(label))",
                    ingress: try rules(policy),
                    egress: [],
                    appliesToIngress: true,
                    appliesToEgress: false
                )
                change(&converted)
                updates.append(.policy(id, converted))
            }
        }
        return updates
    }

    func profiles(_ key: String) throws -> [Update] {
        try value.elements(key).map { profile in
            let name = try profile.text("name")
            return .profile(name, Profile(name: name, ingress: try rules(profile)))
        }
    }

    func profileNames(_ key: String) throws -> [String] {
        try value.elements(key).map { try $0.text("name") }
    }

    // MARK: Rules

    private func rules(_ value: JSONValue) throws -> [Rule] {
        try value.elements("rules").map { try rule($0) }
    }

    private func rule(_ value: JSONValue) throws -> Rule {
        let action = try value.text("action")
        let names: [String: Action] = [
            "allow": .allow, "deny": .deny, "pass": .pass, "next-tier": .pass, "log": .log,
        ]
        guard let known = names[action] else { throw VectorError("unknown action '\(action)'") }
        var rule = Rule(known)
        rule.family = value.number("ip_version").flatMap { Family(rawValue: UInt8(clamping: $0)) }
        rule.protocol = try value["protocol"].map(number)
        rule.notProtocol = try value["not_protocol"].map(number)
        rule.icmp = icmp(value, "")
        rule.notICMP = icmp(value, "not_")
        rule.source = try entity(value, "src")
        rule.destination = try entity(value, "dst")
        return rule
    }

    private func number(_ value: JSONValue) throws -> IPProtocol {
        try ipProtocol(value.string ?? value.description)
    }

    private func icmp(_ value: JSONValue, _ prefix: String) -> ICMPMatch? {
        value.number(prefix + "icmp_type").map { type in
            let code = value.number(prefix + "icmp_code")
            return ICMPMatch(type: UInt8(clamping: type), code: code.map { UInt8(clamping: $0) })
        }
    }

    private func entity(_ value: JSONValue, _ end: String) throws -> EntityMatch {
        var match = EntityMatch()
        match.nets = value.texts("\(end)_net").compactMap { Prefix($0) }
        match.notNets = notNets(value.texts("not_\(end)_net").compactMap { Prefix($0) })
        match.selectors = value.texts("\(end)_ip_sets").map(AddressSets.selector)
        match.notSelectors = value.texts("not_\(end)_ip_sets").map(AddressSets.selector)
        match.ports =
            try value.texts("\(end)_ports").map(range)
            + value.texts("\(end)_named_port_ip_sets").map { .named($0) }
        match.notPorts =
            try value.texts("not_\(end)_ports").map(range)
            + value.texts("not_\(end)_named_port_ip_sets").map { .named($0) }
        let services = value.texts("\(end)_ip_port_sets")
        guard services.count < 2 else { throw VectorError("a rule names two services") }
        match.service = services.first.map { ServiceID(namespace: "", name: $0) }
        return match
    }

    /// Refused nets as a rule of ours must have them to mean the same.
    ///
    /// A case's rules are those of one family already, and a packet of the other one is in none of the
    /// nets; our rule would not apply to it at all without a net of that family. The two added here
    /// hold no packet: RFC 6666's discard prefix and RFC 7600's dummy address.
    private func notNets(_ nets: [Prefix]) -> [Prefix] {
        let families = Set(nets.map(\.family))
        guard families == [family] else { return nets }
        return nets + [Prefix(family == .v4 ? "100::/64" : "192.0.0.8")].compactMap { $0 }
    }

    private func range(_ text: String) throws -> PortMatch {
        let bounds = text.split(separator: "-").compactMap { UInt16($0) }
        guard let first = bounds.first, let last = bounds.last, bounds.count < 3, first <= last
        else { throw VectorError("'\(text)' is no port range") }
        return .range(first...last)
    }
}
