package import Model
package import Support

/// Objects and flows from a small alphabet, so that by chance labels meet selectors, nets overlap,
/// addresses have several owners, and conditions contradict each other.
package struct RandomWorld {
    package static let localNode = "here"

    package var random: SeededRandom
    /// Names of each kind of object: few, so that updates replace and remove.
    let keys = ["a", "b", "c"]
    let values = ["x", "y", "zz"]
    let profileNames = ["kns.one", "kns.two", "ksa.one.app"]
    let tierNames = ["kube-admin", "default", "kube-baseline", "unknown"]
    let portNames = ["http", "dns", "odd"]
    let portNumbers: [UInt16] = [0, 53, 80, 81, 443, 8080, 65535]
    let withPorts: [IPProtocol] = [.tcp, .udp, .sctp, .udpLite]
    /// Neither ports nor ICMP, and no extension header of IPv6: GRE, EIGRP, PIM, an experiment.
    let portless: [IPProtocol] = [47, 88, 103, 253].map { IPProtocol(rawValue: $0) }

    package init(seed: UInt64) {
        random = SeededRandom(seed: seed)
    }

    // MARK: Updates

    /// One change of one object; a tenth of them remove it.
    package mutating func update() -> Update {
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
        endpointUpdate(Int.random(in: 0..<10, using: &random))
    }

    /// A host endpoint of the local node.
    package mutating func hostUpdate() -> Update { endpointUpdate(0) }

    private mutating func endpointUpdate(_ number: Int) -> Update {
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
        let isLocal = number < 5
        endpoint.addresses = random.some(upTo: 3) { Self.address(&$0, isLocal: isLocal) }
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

    private static let usual: [PolicyKind] = [.networkPolicy, .globalNetworkPolicy]

    private mutating func policyUpdate() -> Update {
        let kind = random.oneIn(2) ? random.pick(PolicyKind.allCases) : random.pick(Self.usual)
        let isNamespaced = ![
            .globalNetworkPolicy, .stagedGlobalNetworkPolicy, .kubernetesClusterNetworkPolicy,
        ].contains(kind)
        let id = PolicyID(
            kind: kind,
            namespace: isNamespaced ? "ns" : nil,
            name: "p\(Int.random(in: 0..<5, using: &random))"
        )
        var policy = Policy(
            id: id,
            tier: random.pick(tierNames),
            order: random.pick([nil, -1, 1, 2, 2.5]),
            selector: random.oneIn(3) ? "all()" : selector(),
            ingress: random.some(upTo: 4) { _ in 0 }.map { _ in rule(.ingress) },
            egress: random.some(upTo: 4) { _ in 0 }.map { _ in rule(.egress) },
            appliesToIngress: !random.oneIn(5),
            appliesToEgress: !random.oneIn(5)
        )
        policy.doNotTrack = random.oneIn(8)
        // Validation lets no policy be both.
        policy.preDNAT = !policy.doNotTrack && random.oneIn(8)
        policy.applyOnForward = policy.doNotTrack || policy.preDNAT || random.oneIn(3)
        if kind.isStaged {
            policy.stagedAction = random.pick(["Set", "Set", "Set", "Learn", "Ignore", "Delete"])
        }
        return .policy(id, optional(policy))
    }

    /// One policy for all endpoints in each tier, with so many rules that few decide at once.
    package mutating func largePolicies(rules count: Int) -> [Update] {
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

    // MARK: Addresses and flows

    /// One of sixteen of each family; those of local endpoints are most often among the first six.
    static func address(_ random: inout SeededRandom, isLocal: Bool = false) -> Address {
        let count: UInt64 = isLocal && !random.oneIn(8) ? 6 : 16
        let host = UInt64.random(in: 0..<count, using: &random)
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

    /// A flow and the end at which it is judged, which is likely to be local.
    package mutating func question() -> Case {
        let direction = random.pick(Direction.allCases)
        let local = Self.address(&random, isLocal: true)
        var remote = Self.address(&random)
        while remote.family != local.family || remote == local { remote = Self.address(&random) }
        let ends = direction == .ingress ? (remote, local) : (local, remote)
        return Case(
            flow: flow(from: ends.0, to: ends.1),
            direction: direction,
            isStaged: random.oneIn(3)
        )
    }

    private mutating func flow(from source: Address, to destination: Address) -> Flow {
        let icmp = source.isV4 ? IPProtocol.icmp : .icmpv6
        let `protocol` = random.pick(withPorts + withPorts + [icmp, random.pick(portless)])
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
