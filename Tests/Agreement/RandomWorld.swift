import Model
import Support

/// Objects and flows from a small alphabet, so that by chance labels meet selectors, nets overlap,
/// addresses have several owners, and conditions contradict each other.
struct RandomWorld {
    static let localNode = "here"

    var random: SeededRandom
    /// Names of each kind of object: few, so that updates replace and remove.
    private let keys = ["a", "b", "c"]
    private let values = ["x", "y", "zz"]
    private let profileNames = ["kns.one", "kns.two", "ksa.three"]
    private let tierNames = ["admin", "default", "late", "unknown"]
    private let portNames = ["http", "dns", "odd"]
    private let portNumbers: [UInt16] = [0, 53, 80, 81, 443, 8080, 65535]
    private let withPorts: [IPProtocol] = [.tcp, .udp, .sctp, .udpLite]

    init(seed: UInt64) {
        random = SeededRandom(seed: seed)
    }

    // MARK: Updates

    /// One change of one object; a tenth of them remove it.
    mutating func update() -> Update {
        switch Int.random(in: 0..<20, using: &random) {
        case 0..<6: endpointUpdate()
        case 6..<8: networkSetUpdate()
        case 8..<14: policyUpdate()
        case 14..<16: tierUpdate()
        case 16..<18: profileUpdate()
        default: sliceUpdate()
        }
    }

    private mutating func optional<Value>(_ value: Value) -> Value? {
        random.oneIn(8) ? nil : value
    }

    private mutating func endpointUpdate() -> Update {
        let number = Int.random(in: 0..<10, using: &random)
        let id: EndpointID =
            switch number {
            case 0: .host(node: Self.localNode, name: "eth0")
            case 1..<5:
                .workload(node: Self.localNode, workload: "ns/local\(number)", endpoint: "eth0")
            default: .workload(node: "there", workload: "ns/remote\(number)", endpoint: "eth0")
            }
        var endpoint = Endpoint(id: id)
        endpoint.labels = labels()
        endpoint.profiles = Array(profileNames.shuffled(using: &random).prefix(2))
        endpoint.addresses = random.some(upTo: 3) { Self.address(&$0) }
        endpoint.ports = random.some(upTo: 3) { random in
            NamedPort(
                name: random.pick(portNames),
                protocol: random.pick(withPorts),
                port: random.pick(portNumbers)
            )
        }
        if random.oneIn(4) {
            endpoint.allowedSourcePrefixes = random.some(upTo: 2) { Self.prefix(&$0) }
        }
        return .endpoint(id, optional(endpoint))
    }

    private mutating func networkSetUpdate() -> Update {
        let number = Int.random(in: 0..<4, using: &random)
        let id = NetworkSetID(namespace: number < 2 ? nil : "ns", name: "set\(number)")
        let set = NetworkSet(
            id: id,
            labels: labels(),
            profiles: number < 2 ? [] : ["kns.one"],
            nets: random.some(upTo: 4) { Self.prefix(&$0) }
        )
        return .networkSet(id, optional(set))
    }

    private mutating func policyUpdate() -> Update {
        let kinds: [PolicyKind] =
            random.oneIn(3)
            ? [.stagedNetworkPolicy, .stagedGlobalNetworkPolicy, .stagedKubernetesNetworkPolicy]
            : [.networkPolicy, .globalNetworkPolicy]
        let kind = random.pick(kinds)
        let isGlobal = kind == .globalNetworkPolicy || kind == .stagedGlobalNetworkPolicy
        let id = PolicyID(
            kind: kind,
            namespace: isGlobal ? nil : "ns",
            name: "p\(Int.random(in: 0..<5, using: &random))"
        )
        var policy = Policy(
            id: id,
            tier: random.pick(tierNames),
            order: random.pick([nil, 1, 2, 2.5]),
            selector: random.oneIn(3) ? "all()" : selector(),
            ingress: random.some(upTo: 4) { _ in 0 }.map { _ in rule(.ingress) },
            egress: random.some(upTo: 4) { _ in 0 }.map { _ in rule(.egress) },
            appliesToIngress: !random.oneIn(5),
            appliesToEgress: !random.oneIn(5)
        )
        policy.doNotTrack = random.oneIn(20)
        policy.preDNAT = random.oneIn(20)
        if kind.isStaged {
            policy.stagedAction = random.pick(["Set", "Set", "Set", "Learn", "Ignore", "Delete"])
        }
        return .policy(id, optional(policy))
    }

    /// One policy for all endpoints in each tier, with so many rules that few decide at once.
    mutating func largePolicies(rules count: Int) -> [Update] {
        tierNames.map { tier in
            let id = PolicyID(kind: .globalNetworkPolicy, name: "large-\(tier)")
            var policy = Policy(id: id, tier: tier, appliesToIngress: true, appliesToEgress: true)
            policy.ingress = (0..<count).map { _ in narrowRule(.ingress) }
            policy.egress = (0..<count).map { _ in narrowRule(.egress) }
            return .policy(id, policy)
        }
    }

    /// A rule that asks for one port besides, so that it is unlike others and seldom holds.
    private mutating func narrowRule(_ direction: Direction) -> Rule {
        var rule = rule(direction)
        let port =
            random.oneIn(3) ? random.pick(portNumbers) : UInt16.random(in: 0...999, using: &random)
        rule.icmp = nil
        rule.notICMP = nil
        rule.notProtocol = nil
        rule.protocol = random.pick(withPorts)
        rule.destination.ports = [.range(port...port)]
        return rule
    }

    private mutating func tierUpdate() -> Update {
        let name = random.pick(Array(tierNames.dropLast()))
        let tier = Tier(
            name: name,
            order: random.pick([nil, 10, 20]),
            defaultAction: random.oneIn(2) ? .pass : .deny
        )
        return .tier(name, optional(tier))
    }

    private mutating func profileUpdate() -> Update {
        let name = random.pick(Array(profileNames.dropLast(random.oneIn(3) ? 0 : 1)))
        let profile = Profile(
            name: name,
            labelsToApply: labels(),
            ingress: random.some(upTo: 2) { _ in 0 }.map { _ in rule(.ingress) },
            egress: random.some(upTo: 2) { _ in 0 }.map { _ in rule(.egress) }
        )
        return .profile(name, optional(profile))
    }

    private mutating func sliceUpdate() -> Update {
        let service = serviceID()
        let slice = ServiceSlice(
            service: service,
            members: random.some(upTo: 3) { random in
                ServiceSlice.Member(
                    address: Self.address(&random),
                    protocol: random.pick([.tcp, .udp]),
                    port: random.pick(portNumbers)
                )
            }
        )
        return .serviceSlice("ns/slice\(Int.random(in: 0..<3, using: &random))", optional(slice))
    }

    // MARK: Parts

    private mutating func labels() -> [String: String] {
        var labels: [String: String] = [:]
        for key in keys where random.oneIn(2) { labels[key] = random.pick(values) }
        return labels
    }

    mutating func selector(depth: Int = 2) -> String {
        let key = random.pick(keys)
        let value = random.pick(values)
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

    private mutating func serviceID() -> ServiceID {
        ServiceID(namespace: "ns", name: random.pick(["web", "db"]))
    }

    mutating func rule(_ direction: Direction) -> Rule {
        var rule = Rule(random.pick([.allow, .allow, .deny, .deny, .pass, .log]))
        if random.oneIn(10) { rule.family = random.pick([.v4, .v6]) }
        switch Int.random(in: 0..<8, using: &random) {
        case 0..<3: rule.protocol = random.pick(withPorts)
        case 3:
            rule.protocol = random.pick([.icmp, .icmpv6])
            if random.oneIn(2) { rule.icmp = icmp() }
            if random.oneIn(4) { rule.notICMP = icmp() }
        case 4: rule.notProtocol = random.pick(withPorts + [.icmp, .icmpv6])
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
        if random.oneIn(odds * 2) { match.notSelectors = [selector()] }
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

    // MARK: Addresses and flows

    static func address(_ random: inout SeededRandom) -> Address {
        let host = UInt64.random(in: 0..<16, using: &random)
        return random.oneIn(3)
            ? Address(high: 0xfd00 << 48, low: host)
            : Address(v4: 0x0a00_0000 | UInt32(host))
    }

    static func prefix(_ random: inout SeededRandom) -> Prefix {
        let address = address(&random)
        let lengths =
            address.isV4
            ? [0, 1, 8, 24, 28, 29, 30, 31, 32] : [0, 7, 64, 112, 124, 125, 126, 127, 128]
        return Prefix(address, length: random.pick(lengths)) ?? Prefix(address)
    }

    /// A packet between two different addresses of one family.
    mutating func flow() -> Flow {
        let source = Self.address(&random)
        var destination = Self.address(&random)
        while destination.family != source.family || destination == source {
            destination = Self.address(&random)
        }
        let `protocol` = random.pick(
            withPorts + withPorts
                + [source.isV4 ? .icmp : .icmpv6, IPProtocol(rawValue: 47)]
        )
        var flow = Flow(source: source, destination: destination, protocol: `protocol`)
        if `protocol`.hasPorts {
            flow.sourcePort = port()
            flow.destinationPort = port()
        }
        if `protocol`.isICMP {
            flow.icmp = ICMPMatch(
                type: random.pick([0, 3, 8, 128, 200]),
                code: random.pick([0, 1, 2])
            )
        }
        return flow
    }

    private mutating func port() -> UInt16 {
        let port = random.pick(portNumbers)
        return random.oneIn(3) ? port &+ 1 : port
    }
}
