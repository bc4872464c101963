import BPF
import BPFSupport
import CBPFABI
import Model
import Testing

extension TestNode {
    /// Gives every interface a host endpoint with doNotTrack policy alone: the rules, and after them
    /// whatever comes next.
    func setUntracked(
        _ rules: [TestPolicy.Rule],
        direction: Direction = .ingress,
        id: UInt32 = 16
    ) throws {
        var policy = TestPolicy(id: id, rules)
        policy.otherwise = CARA_ACTION_NONE
        try policy.install(in: maps)
        // The node's own traffic is denied, so that it is seen who lets it pass.
        try setHost(0) {
            if direction == .ingress { $0.untracked_ingress = id }
            if direction == .egress { $0.untracked_egress = id }
        }
    }

    func setFailsafe(_ direction: cara_direction, _ proto: UInt8, _ port: UInt16) throws {
        let key = cara_failsafe_key(
            prefixlen: 32,
            direction: UInt8(truncatingIfNeeded: direction.rawValue),
            proto: proto,
            port: port.bigEndian,
            addr: cara_addr()
        )
        try maps.failsafes.set(key, to: 1)
    }

    /// Says that no port is a failsafe, but for those that look like `port`.
    func ruleOutFailsafes(but port: UInt16, _ direction: Direction) throws {
        var settings = try unwrap(try maps.settings.get(0), "settings")
        let first = direction == .ingress ? 0 : 4
        withUnsafeMutableBytes(of: &settings.no_failsafe) { bytes in
            let words = bytes.bindMemory(to: UInt64.self)
            for index in words.indices { words[index] = .max }
            words[first + Int(port % 256 / 64)] &= ~(1 << UInt64(port % 64))
        }
        try maps.settings.set(0, to: settings)
    }
}

/// A row without its place: the program of XDP and the one that stands in for it must agree.
private struct UntrackedCase: Sendable, CustomStringConvertible {
    let description: String
    let packet: PacketBuilder
    /// `nil` passes.
    var reason: cara_reason?
    var cutAfter: Int?
    let prepare: @Sendable (TestNode) throws -> Void

    init(
        _ description: String,
        _ packet: PacketBuilder,
        _ reason: cara_reason? = nil,
        cutAfter: Int? = nil,
        _ prepare: @escaping @Sendable (TestNode) throws -> Void
    ) {
        self.description = description
        self.packet = packet
        self.reason = reason
        self.cutAfter = cutAfter
        self.prepare = prepare
    }

    func at(_ place: Place) -> PacketCase {
        let name = "\(description), \(place)"
        let row: PacketCase =
            if let reason {
                .drop(name, place, packet, reason, prepare)
            } else {
                .pass(name, place, packet, prepare)
            }
        return row.with { $0.cutAfter = cutAfter }
    }
}

extension Packets {
    /// doNotTrack policy judges every packet that an interface receives.
    @Suite
    struct Untracked {
        private static let udp: UInt8 = 17
        private static let policy = CARA_DROP_UNTRACKED_POLICY
        private static let deny = TestPolicy.Rule { $0.isAllowed = false }

        private static func deny(
            _ proto: UInt8? = nil,
            port: UInt16? = nil,
            from remote: Address? = nil
        ) -> TestPolicy.Rule {
            TestPolicy.Rule {
                $0.isAllowed = false
                $0.protocol = proto
                $0.port = port
                $0.remote = remote
            }
        }

        private static func under(
            _ rules: TestPolicy.Rule...,
            then more: @escaping @Sendable (TestNode) throws -> Void = { _ in }
        ) -> @Sendable (TestNode) throws -> Void {
            { node in
                try node.setUntracked(rules)
                try more(node)
            }
        }

        private static let packet = PacketBuilder.fromWire.ip(.outside, .node).udp(4000, 80)
        private static let packet6 = PacketBuilder.fromWire.ip(.outside6, .node6).udp(4000, 80)

        private static let verdicts: [UntrackedCase] = [
            UntrackedCase("no host endpoint", packet) { _ in },
            UntrackedCase("no rule fits", packet, nil, under(deny(from: .podC))),
            UntrackedCase("denied", packet, policy, under(deny(from: .outside))),
            UntrackedCase("allowed before", packet, nil, under(.allow(udp), deny)),
            UntrackedCase("denied to a pod", toPod, policy, under(deny(from: .outside))),
            UntrackedCase("IPv6", packet6, policy, under(deny(from: .outside6))),
            UntrackedCase("IPv6, another", packet6, nil, under(deny(from: .podC6))),
            UntrackedCase("by port", packet, policy, under(deny(udp, port: 80))),
            UntrackedCase("another port", packet, nil, under(deny(udp, port: 81))),
            UntrackedCase(
                "by source port",
                packet,
                policy,
                under(
                    .init {
                        $0.isAllowed = false
                        $0.protocol = udp
                        $0.sourcePort = 4000
                    }
                )
            ),
            UntrackedCase("tables are missing", packet, CARA_DROP_NO_VERDICT) { node in
                try node.setUntracked([deny])
                _ = try node.maps.programs.delete(16)
            },
        ]

        private static let failsafes: [UntrackedCase] = [
            UntrackedCase(
                "a failsafe port",
                packet,
                nil,
                under(deny) {
                    try $0.setFailsafe(CARA_INGRESS, udp, 80)
                }
            ),
            UntrackedCase(
                "the answer of one",
                packet,
                nil,
                under(deny) {
                    try $0.setFailsafe(CARA_EGRESS, udp, 4000)
                }
            ),
            UntrackedCase(
                "a failsafe port of another protocol",
                packet,
                policy,
                under(deny) {
                    try $0.setFailsafe(CARA_INGRESS, 6, 80)
                }
            ),
            UntrackedCase(
                "one that is for the way out",
                packet,
                policy,
                under(deny) {
                    try $0.setFailsafe(CARA_EGRESS, udp, 80)
                }
            ),
            UntrackedCase(
                "a failsafe port when all that can be is ruled out",
                packet,
                nil,
                under(deny) {
                    try $0.setFailsafe(CARA_INGRESS, udp, 80)
                    try $0.ruleOutFailsafes(but: 80, .ingress)
                }
            ),
            UntrackedCase(
                "the answer of one, likewise",
                packet,
                nil,
                under(deny) {
                    try $0.setFailsafe(CARA_EGRESS, udp, 4000)
                    try $0.ruleOutFailsafes(but: 4000, .egress)
                }
            ),
            UntrackedCase(
                "a port that is ruled out is not asked about",
                packet,
                policy,
                under(deny) {
                    try $0.setFailsafe(CARA_INGRESS, udp, 80)
                    try $0.setFailsafe(CARA_EGRESS, udp, 4000)
                    try $0.ruleOutFailsafes(but: 81, .ingress)
                }
            ),
        ]

        private static let toPod = PacketBuilder.fromWire.ip(.outside, .podA).udp(4000, 80)

        private static func solicitation(hops: UInt8) -> PacketBuilder {
            .fromWire.ip(.outside6, .node6) { $0.hops = hops }.icmp(135)
        }

        private static let nineHeaders = (0..<9).reduce(
            PacketBuilder.fromWire.ip(.outside6, .node6)
        ) { packet, _ in packet.headers(.destinationOptions) }

        private static let frames: [UntrackedCase] = [
            UntrackedCase(
                "ARP",
                .ethernet(type: 0x0806).payload(count: 46),
                nil,
                under(deny)
            ),
            UntrackedCase("a neighbour", solicitation(hops: 255), nil, under(deny)),
            UntrackedCase("a forged neighbour", solicitation(hops: 64), policy, under(deny)),
            UntrackedCase(
                "options",
                .fromWire.ip(.outside, .node) { $0.options = [1, 1, 1, 1] }.udp(4000, 80),
                policy,
                under(deny(udp, port: 80))
            ),
            UntrackedCase(
                "extension headers",
                .fromWire.ip(.outside6, .node6).headers(.hopByHop).headers(.destinationOptions)
                    .udp(4000, 80),
                policy,
                under(deny(udp, port: 80))
            ),
            UntrackedCase(
                "too many of them",
                nineHeaders.udp(4000, 80),
                CARA_DROP_HEADERS,
                under(deny(from: .podC6))
            ),
            UntrackedCase(
                "cut off",
                packet,
                CARA_DROP_MALFORMED,
                cutAfter: 36,
                under(deny(from: .podC))
            ),
            UntrackedCase(
                "SCTP",
                .fromWire.ip(.outside, .node).sctp(1, 3868),
                policy,
                under(deny(132, port: 3868))
            ),
            UntrackedCase(
                "ICMP",
                .fromWire.ip(.outside, .node).icmp(8, identifier: 1),
                policy,
                under(deny(1, port: TestPolicy.icmp(8)))
            ),
        ]

        private static func fragment(isFirst: Bool) -> PacketBuilder {
            let head = PacketBuilder.fromWire.ip(.outside, .node) {
                $0.identification = 7
                $0.protocol = udp
                $0.fragmentOffset = isFirst ? 0 : 1480
                $0.moreFragments = isFirst
            }
            return isFirst
                ? head.udp(4000, 80, length: 1588).payload(count: 1472) : head.payload(count: 100)
        }

        private static func fragment6(isFirst: Bool) -> PacketBuilder {
            let head = PacketBuilder.fromWire.ip(.outside6, .node6)
                .headers(
                    .fragment(
                        offset: isFirst ? 0 : 1440,
                        more: isFirst,
                        identification: 7,
                        next: isFirst ? nil : udp
                    )
                )
            return isFirst
                ? head.udp(4000, 80, length: 1588).payload(count: 1432) : head.payload(count: 100)
        }

        private static let fragments: [UntrackedCase] = [
            UntrackedCase(
                "a first fragment",
                fragment(isFirst: true),
                policy,
                under(deny(udp, port: 80))
            ),
            UntrackedCase(
                "one that follows",
                fragment(isFirst: false),
                policy,
                under(deny(udp, port: 80)) { _ = try $0.run(.xdp, fragment(isFirst: true).bytes) }
            ),
            UntrackedCase(
                "one that nobody knows, of whom all is denied",
                fragment(isFirst: false),
                policy,
                under(deny(from: .outside))
            ),
            UntrackedCase(
                "one that nobody knows, of whom one port is denied",
                fragment(isFirst: false),
                nil,
                under(deny(udp, port: 80))
            ),
            UntrackedCase(
                "IPv6, one that follows",
                fragment6(isFirst: false),
                policy,
                under(deny(udp, port: 80)) { _ = try $0.run(.xdp, fragment6(isFirst: true).bytes) }
            ),
            UntrackedCase(
                "IPv6, one that nobody knows",
                fragment6(isFirst: false),
                policy,
                under(deny(from: .outside6))
            ),
        ]

        @Test("in XDP and in tc", arguments: verdicts + failsafes + frames + fragments)
        private func row(row: UntrackedCase) throws {
            try BPFTests.play(row.at(.xdp))
            try BPFTests.play(row.at(.untracked))
        }

        @Test("a VLAN's frames are another interface's")
        func vlan() throws {
            let tagged = PacketBuilder.ethernet(type: 0x8100)
                .payload([0, 5, 8, 0] + Self.packet.bytes.dropFirst(14))
            try BPFTests.play(.pass("tagged", .xdp, tagged, Self.under(Self.deny)))
        }

        @Test("a known connection makes no difference")
        func connection() throws {
            let node = try TestNode()
            try node.establishIncoming()
            try node.setUntracked([Self.deny(6, from: .podC)])
            let segment = PacketBuilder.fromWire.ip(.podC, .podA).tcp(4000, 80)
            for place in [Place.xdp, .untracked] {
                #expect(try node.run(place, segment.bytes).action == .drop)
            }
        }
    }
}
