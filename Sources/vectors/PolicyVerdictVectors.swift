import JSON
import Model

/// One endpoint's tiers, policies and profiles in the form of a dataplane, with sets of addresses.
///
/// Every plain set becomes a network set with a label of its own, so that membership is a selector;
/// every set of ports becomes a service and a port name. The packets' destinations are endpoints
/// under all policies, and are asked for ingress.
struct PolicyVerdictVectors: VectorFamily {
    static func recognises(_ file: VectorFile) -> Bool {
        file.isNamed("policy_verdicts", orHas: ["interface", "ip_version", "packets"])
    }

    init(_ file: VectorFile) {}

    func group(of vector: VectorCase) -> String {
        let interface = vector.value["interface"]?.string ?? ""
        return "\(interface) \(vector.value["origin"]?.string ?? "")"
    }

    func run(_ vector: VectorCase, asking engines: [any VerdictEngine]) throws -> Outcome {
        let isWorkload = try vector.value.text("interface") == "workload"
        guard isWorkload, vector.value["host_forward_tiers"] == nil
        else { return .skipped("host endpoints' tables") }
        let sets = try AddressSets(vector.value["ip_sets"])
        var scene = Scene(updates: try policies(vector.value) + sets.updates)
        let packets = try vector.value.list("packets")
        var destinations: Set<Address> = []
        for packet in packets { destinations.insert(try flow(packet).destination) }
        let profiles = try vector.value.elements("profiles").map { try $0.text("name") }
        scene.updates += sets.endpoints(local: destinations, profiles: profiles)
        for packet in packets {
            let flow = try flow(packet)
            let endpoint = AddressSets.endpoint(of: flow.destination)
            var check = Check(
                "\(flow)",
                [Question(flow: flow, endpoint: endpoint, direction: .ingress)],
                isAllowed: try packet.text("expect") == "allow"
            )
            check.isLogged = packet["logged"]?.bool ?? false
            scene.checks.append(check)
        }
        return try judge([scene], asking: engines)
    }

    // MARK: Policies

    private func policies(_ value: JSONValue) throws -> [Update] {
        let family: Family = value.number("ip_version") == 6 ? .v6 : .v4
        var updates: [Update] = []
        for (order, tier) in value.elements("tiers").enumerated() {
            let name = "\(order) \(try tier.text("name"))"
            let action: Action = try tier.text("end_action") == "pass" ? .pass : .deny
            updates.append(
                .tier(name, Tier(name: name, order: Double(order), defaultAction: action))
            )
            // A tier that is listed applies, even with no policy left in it.
            let policies = tier.elements("policies")
            for (order, policy) in (policies.isEmpty ? [["rules": []]] : policies).enumerated() {
                let id = PolicyID(kind: .globalNetworkPolicy, name: "\(name)/\(order)")
                let converted = Policy(
                    id: id,
                    tier: name,
                    order: Double(order),
                    selector: "has(\(AddressSets.localLabel))",
                    ingress: try rules(policy, family),
                    egress: [],
                    appliesToIngress: true,
                    appliesToEgress: false
                )
                updates.append(.policy(id, converted))
            }
        }
        for profile in value.elements("profiles") {
            let name = try profile.text("name")
            let rules = try rules(profile, family)
            updates.append(.profile(name, Profile(name: name, ingress: rules)))
        }
        return updates
    }

    private func rules(_ value: JSONValue, _ family: Family) throws -> [Rule] {
        try value.elements("rules").map { try rule($0, family) }
    }

    private func rule(_ value: JSONValue, _ family: Family) throws -> Rule {
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
        rule.source = try entity(value, "src", family)
        rule.destination = try entity(value, "dst", family)
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

    private func entity(
        _ value: JSONValue,
        _ end: String,
        _ family: Family
    ) throws -> EntityMatch {
        var match = EntityMatch()
        match.nets = value.texts("\(end)_net").compactMap { Prefix($0) }
        match.notNets = notNets(value.texts("not_\(end)_net").compactMap { Prefix($0) }, family)
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
    private func notNets(_ nets: [Prefix], _ family: Family) -> [Prefix] {
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
