import BPF
import BPFSupport
import CBPFABI
import Model
import Testing

extension Packets {
    /// The first packet of a connection is decided by both ends' programs.
    @Suite
    struct Policies {
        private static let here = Place.fromWorkload(.a)

        private static func syn(_ destination: Address, _ port: UInt16 = 80) -> PacketBuilder {
            .fromPodA.ip(.podA, destination).tcp(4000, port, .syn)
        }

        private static func egress(
            _ rules: TestPolicy.Rule...
        ) -> @Sendable (TestNode) throws -> Void {
            { node in
                try TestPolicy(rules).install(in: node.maps)
                try node.setPolicy(of: .a, egress: 16)
            }
        }

        private static func ingress(
            _ rules: TestPolicy.Rule...
        ) -> @Sendable (TestNode) throws -> Void {
            { node in
                try TestPolicy(rules).install(in: node.maps)
                try node.setPolicy(of: .b, ingress: 16)
            }
        }

        private static func denied(
            _ name: String,
            _ packet: PacketBuilder,
            _ prepare: @escaping @Sendable (TestNode) throws -> Void
        ) -> PacketCase {
            .drop(name, here, packet, CARA_DROP_EGRESS_POLICY, prepare)
        }

        private static let deny = TestPolicy.Rule { $0.isAllowed = false }

        static let egressRows: [PacketCase] = [
            .forward("nothing is denied", here, syn(.podC)),
            denied("program 0", syn(.podC)) { try $0.setPolicy(of: .a, egress: 0) },
            denied("no rule fits", syn(.podC), egress()),
            .forward("any", here, syn(.podC), egress(.allow())),
            .forward("the protocol fits", here, syn(.podC), egress(.allow(6))),
            denied("another protocol", syn(.podC), egress(.allow(17))),
            .forward("the port fits", here, syn(.podC), egress(.allow(6, port: 80))),
            denied("another port", syn(.podC, 81), egress(.allow(6, port: 80))),
            .forward("the remote end fits", here, syn(.podC), egress(.allow(from: .podC))),
            denied("another remote end", syn(.outside), egress(.allow(from: .podC))),
            denied("an earlier rule", syn(.podC), egress(deny, .allow())),
            .forward(
                "IPv6",
                here,
                .fromPodA.ip(.podA6, .podC6).udp(1, 53),
                egress(.allow(17, port: 53, from: .podC6))
            ),
            denied(
                "IPv6, another end",
                .fromPodA.ip(.podA6, .outside6).udp(1, 53),
                egress(.allow(17, port: 53, from: .podC6))
            ),
            .forward(
                "SCTP's port",
                here,
                .fromPodA.ip(.podA, .podC).sctp(1, 3868),
                egress(.allow(132, port: 3868))
            ),
            denied(
                "another SCTP port",
                .fromPodA.ip(.podA, .podC).sctp(1, 3869),
                egress(.allow(132, port: 3868))
            ),
            .forward(
                "ICMP type and code",
                here,
                .fromPodA.ip(.podA, .podC).icmp(8, identifier: 1),
                egress(.allow(1, port: TestPolicy.icmp(8)))
            ),
            denied(
                "another ICMP type",
                .fromPodA.ip(.podA, .podC).icmp(13, identifier: 1),
                egress(.allow(1, port: TestPolicy.icmp(8)))
            ),
            .forward(
                "ICMPv6",
                here,
                .fromPodA.ip(.podA6, .podC6).icmp(128, identifier: 1),
                egress(.allow(58, port: TestPolicy.icmp(128)))
            ),
            .forward(
                "a protocol by number",
                here,
                .fromPodA.ip(.podA, .podC) { $0.protocol = 47 }
                    .payload(count: 8),
                egress(.allow(47))
            ),
            .forward("the source port", here, syn(.podC), egress(sourcePort(4000))),
            denied("another source port", syn(.podC), egress(sourcePort(4001))),
            .drop("tables not there", here, syn(.podC), CARA_DROP_NO_VERDICT) {
                try $0.setPolicy(of: .a, egress: 99)
            },
            .drop("verdict not there", here, syn(.podC), CARA_DROP_NO_VERDICT) { node in
                try node.maps.programs.set(99, to: cara_program())
                try node.setPolicy(of: .a, egress: 99)
            },
            .drop(
                "a sparse table denies what it does not name",
                here,
                syn(.podC),
                CARA_DROP_EGRESS_POLICY
            ) {
                node in
                let program = cara_program(
                    flags: CARA_PROGRAM_SPARSE.rawValue,
                    default_group: 1,
                    default_port_group: 2,
                    default_rule: 77
                )
                try node.maps.programs.set(99, to: program)
                try node.setPolicy(of: .a, egress: 99)
            },
            .forward("a program of any port asks for none", here, syn(.podC)) { node in
                try TestPolicy(id: 99, [.allow(6, port: 80)]).install(in: node.maps)
                var program = cara_program()
                program.flags = CARA_PROGRAM_ANY_PORT.rawValue
                program.default_port_group = 9
                try node.maps.programs.set(99, to: program)
                var verdict = cara_verdict()
                verdict.action = UInt8(truncatingIfNeeded: CARA_ACTION_ALLOW.rawValue)
                let key = cara_verdict_key(program: 99, group: 0, port_group: 9, sport_group: 0)
                try node.maps.verdicts.set(key, to: verdict)
                // What the port would lead to.
                let other = cara_verdict_key(program: 99, group: 0, port_group: 1, sport_group: 0)
                try node.maps.verdicts.set(other, to: cara_verdict())
                try node.setPolicy(of: .a, egress: 99)
            },
            .drop("not ready", here, syn(.podC), CARA_DROP_NOT_READY) {
                try $0.setPolicy(of: .a, isReady: false)
            },
        ]

        private static func sourcePort(_ port: UInt16) -> TestPolicy.Rule {
            TestPolicy.Rule {
                $0.protocol = 6
                $0.sourcePort = port
            }
        }

        @Test("egress", arguments: egressRows)
        func egress(_ row: PacketCase) throws { try play(row) }

        private static let wire = Place.fromHost
        private static let stack = Place.toWorkload(.b, from: .wire)

        static let ingressRows: [PacketCase] = [
            .forward(
                "pod to pod",
                here,
                syn(.podB),
                to: .b,
                ingress(.allow(6, port: 80, from: .podA))
            ),
            refused("pod to pod, another port", here, syn(.podB, 81), ingress(.allow(6, port: 80))),
            refused("pod to pod, another end", here, syn(.podB), ingress(.allow(from: .podC))),
            .drop("pod to pod, not ready", here, syn(.podB), CARA_DROP_NOT_READY) {
                try $0.setPolicy(of: .b, isReady: false)
            },
            denied("egress is asked first", syn(.podB)) { node in
                try node.setPolicy(of: .a, egress: 0)
                try node.setPolicy(of: .b, ingress: 0)
            },
            .forward(
                "from the wire",
                wire,
                .fromWire.ip(.podC, .podB).tcp(1, 80, .syn),
                to: .b,
                ingress(.allow(6, port: 80, from: .podC))
            ),
            refused(
                "from the wire, another end",
                wire,
                .fromWire.ip(.outside, .podB).tcp(1, 80, .syn),
                ingress(.allow(from: .podC))
            ),
            .drop(
                "from the wire, not ready",
                wire,
                .fromWire.ip(.podC, .podB).tcp(1, 80, .syn),
                CARA_DROP_NOT_READY
            ) { try $0.setPolicy(of: .b, isReady: false) },
            .pass(
                "by the stack",
                stack,
                .toPodB.ip(.outside, .podB).tcp(1, 80, .syn),
                ingress(.allow(6, port: 80))
            ),
            refused(
                "by the stack, another port",
                stack,
                .toPodB.ip(.outside, .podB).tcp(1, 81, .syn),
                ingress(.allow(6, port: 80))
            ),
            .drop(
                "by the stack, unknown address",
                stack,
                .toPodB.ip(.outside, .podC).tcp(1, 80, .syn),
                CARA_DROP_NOT_READY
            ),
            .drop(
                "by the stack, another pod's address",
                stack,
                .toPodB.ip(.outside, .podA).tcp(1, 80, .syn),
                CARA_DROP_NOT_READY
            ),
            refused(
                "IPv6",
                here,
                .fromPodA.ip(.podA6, .podB6).udp(1, 54),
                ingress(.allow(17, port: 53))
            ),
        ]

        private static func refused(
            _ name: String,
            _ place: Place,
            _ packet: PacketBuilder,
            _ prepare: @escaping @Sendable (TestNode) throws -> Void
        ) -> PacketCase {
            .drop(name, place, packet, CARA_DROP_INGRESS_POLICY, prepare)
        }

        @Test("ingress", arguments: ingressRows)
        func ingress(_ row: PacketCase) throws { try play(row) }

        @Test("an entry names the rules that allowed it")
        func rules() throws {
            let node = try TestNode()
            try TestPolicy(id: 17, [Self.deny]).install(in: node.maps)
            try TestPolicy([.allow(17), .allow(6)]).install(in: node.maps)
            try node.setPolicy(of: .a, egress: 16)
            try node.establishLocal()
            let key = cara_conn_key(6, .podA, 4000, .podB, 80)
            let entry = try #require(try node.maps.connections.get(key))
            #expect(entry.egress_rule == 2)
            #expect(entry.ingress_rule == 0, "program 1 has no rules")
        }

        @Test("a Log rule tells of the packet and does not decide")
        func log() throws {
            let node = try TestNode()
            let log = TestPolicy.Rule { $0.logs = true }
            try TestPolicy([log, .allow(6)]).install(in: node.maps)
            try node.setPolicy(of: .a, egress: 16)
            _ = try node.run(Self.here, Self.syn(.podC).bytes)
            _ = try node.run(Self.here, PacketBuilder.fromPodA.ip(.podA, .podC).udp(1, 2).bytes)
            let events = try node.maps.events.drain()
            #expect(
                events.map(\.kind) == [CARA_EVENT_LOG_RULE.rawValue, CARA_EVENT_LOG_RULE.rawValue]
            )
            #expect(events.map(\.reason) == [CARA_PASS.rawValue, CARA_DROP_EGRESS_POLICY.rawValue])
            #expect(events.map(\.rule) == [1, 1])
            #expect(events.first?.dport == UInt16(80).bigEndian)
            #expect(events.first?.ifindex == node.topology.podA.ifindex)
            #expect(events.first?.direction == UInt8(CARA_EGRESS.rawValue))
        }

        @Test("drops are told of when that is asked for", arguments: [false, true])
        func dropEvents(_ isWanted: Bool) throws {
            let node = try TestNode()
            var settings = try #require(try node.maps.settings.get(0))
            settings.drop_events = isWanted ? 1 : 0
            try node.maps.settings.set(0, to: settings)
            try node.setPolicy(of: .b, ingress: 0)
            _ = try node.run(Self.here, Self.syn(.podB).bytes)
            let events = try node.maps.events.drain()
            #expect(events.map(\.kind) == (isWanted ? [CARA_EVENT_DROP.rawValue] : []))
            #expect(events.allSatisfy { $0.reason == CARA_DROP_INGRESS_POLICY.rawValue })
            #expect(events.allSatisfy { $0.direction == UInt8(CARA_INGRESS.rawValue) })
        }
    }
}
