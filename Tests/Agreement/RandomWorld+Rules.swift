import Model
import Support

// Rules, and what they are made of.

extension RandomWorld {
    private static let namespace = "projectcalico.org/namespace"
    private static let serviceAccount = "projectcalico.org/serviceaccount"

    mutating func labels() -> [String: String] {
        var labels: [String: String] = [:]
        for key in keys where random.oneIn(2) { labels[key] = random.pick(values) }
        if random.oneIn(2) { labels[Self.namespace] = random.pick(["one", "two"]) }
        if random.oneIn(4) { labels[Self.serviceAccount] = random.pick(["app", "web"]) }
        if random.oneIn(4) { labels["pcns.a"] = random.pick(values) }
        if random.oneIn(4) { labels["pcsa.a"] = random.pick(values) }
        return labels
    }

    mutating func selector(depth: Int = 2) -> String {
        let key = random.pick(keys)
        let value = random.pick(values)
        if random.oneIn(6) { return rewritten() }
        switch Int.random(in: 0..<(depth > 0 ? 13 : 9), using: &random) {
        case 0...1: return "\(key) == \"\(value)\""
        case 2: return "\(key) != \"\(value)\""
        case 3: return "has(\(key))"
        case 4: return "\(key) in {\"x\", \"y\"}"
        case 5: return "\(key) not in {\"x\", \"\(value)\"}"
        case 6: return "\(key) starts with \"z\""
        case 7: return random.oneIn(2) ? "\(key) contains \"z\"" : "\(key) ends with \"y\""
        case 8: return random.oneIn(3) ? "all()" : "!has(\(key))"
        case 9: return "!(\(selector(depth: depth - 1)))"
        case 10: return "(\(selector(depth: depth - 1)) || \(selector(depth: depth - 1)))"
        default: return "(\(selector(depth: depth - 1)) && \(selector(depth: depth - 1)))"
        }
    }

    /// What namespaceSelector, `global()` and serviceAccounts become (inventory §3.7).
    private mutating func rewritten() -> String {
        let account = "\(Self.serviceAccount) in {\"app\", \"other\"}"
        return random.pick([
            "has(\(Self.namespace))", "!has(\(Self.namespace))",
            "\(Self.namespace) == \"\(random.pick(["one", "two"]))\"",
            "pcns.a == \"\(random.pick(values))\"", account,
            "(\(account) && pcsa.a == \"\(random.pick(values))\")",
        ])
    }

    mutating func serviceID() -> ServiceID {
        ServiceID(namespace: "ns", name: random.pick(["web", "db"]))
    }

    mutating func rule(_ direction: Direction) -> Rule {
        var rule = Rule(random.pick([.allow, .allow, .deny, .deny, .pass, .log]))
        if random.oneIn(10) { rule.family = random.pick([.v4, .v6]) }
        switch Int.random(in: 0..<9, using: &random) {
        case 0..<3: rule.protocol = random.pick(withPorts)
        case 8: rule.protocol = random.pick(portless)
        case 3:
            rule.protocol = random.pick([.icmp, .icmpv6])
            if random.oneIn(2) { rule.icmp = icmp() }
            if random.oneIn(4) { rule.notICMP = icmp() }
        case 4: rule.notProtocol = random.pick(withPorts + portless + [.icmp, .icmpv6])
        case 5: if random.oneIn(4) { rule.notICMP = icmp() }
        default: break
        }
        let remote = entity(isRare: false)
        let local = entity(isRare: true)
        rule.source = direction == .ingress ? remote : local
        rule.destination = direction == .ingress ? local : remote
        return rule
    }

    private mutating func icmp() -> ICMPMatch {
        ICMPMatch(type: random.pick([0, 3, 8, 128]), code: random.pick([nil, 0, 1]))
    }

    private mutating func entity(isRare: Bool) -> EntityMatch {
        var match = EntityMatch()
        let odds = isRare ? 12 : 4
        if random.oneIn(odds) { match.nets = random.some(upTo: 2) { Self.prefix(&$0) } }
        if random.oneIn(odds * 2) { match.notNets = random.some(upTo: 2) { Self.prefix(&$0) } }
        if random.oneIn(odds) {
            match.selectors = random.some(upTo: 2) { _ in 0 }.map { _ in selector() }
        }
        if random.oneIn(odds * 2) {
            match.notSelectors = random.some(upTo: 2) { _ in 0 }.map { _ in selector() }
        }
        if random.oneIn(4) { match.ports = ports() }
        if random.oneIn(8) { match.notPorts = ports() }
        if random.oneIn(odds * 4) { match.service = serviceID() }
        return match
    }

    private mutating func ports() -> [PortMatch] {
        random.some(upTo: 3) { random in
            if random.oneIn(3) { return .named(random.pick(portNames)) }
            let (one, other) = (random.pick(portNumbers), random.pick(portNumbers))
            return .range(random.oneIn(2) ? one...one : min(one, other)...max(one, other))
        }
    }
}
