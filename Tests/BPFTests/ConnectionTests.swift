import BPF
import BPFSupport
import CBPFABI
import Model
import Testing

extension Packets {
    /// What an entry allows, how long, and what changes it.
    @Suite
    struct Connections {
        private static let here = Place.fromWorkload(.a)
        private static let key = cara_conn_key(6, .podA, 4000, .podC, 80)

        private static func out(_ flags: TCPFlags) -> PacketBuilder {
            .fromPodA.ip(.podA, .podC).tcp(4000, 80, flags)
        }

        private static func back(_ flags: TCPFlags) -> PacketBuilder {
            .fromWire.ip(.podC, .podA).tcp(80, 4000, flags)
        }

        /// From here on only what belongs to a connection passes.
        private static func denyAll(_ node: TestNode) throws {
            try node.setPolicy(of: .a, ingress: 0, egress: 0)
            try node.setPolicy(of: .b, ingress: 0, egress: 0)
        }

        /// Opens a connection, then denies all without telling the connections about it.
        private static func open(
            _ steps: (Place, PacketBuilder)...
        ) -> @Sendable (TestNode) throws -> Void {
            { node in
                for step in steps { try node.play(step) }
                try denyAll(node)
            }
        }

        private static let syn = open((here, out(.syn)))
        private static let closed = open(
            (here, out(.syn)),
            (.fromHost, back([.syn, .ack])),
            (here, out(.ack)),
            (here, out([.fin, .ack])),
            (.fromHost, back([.fin, .ack]))
        )
        private static let reset = open((here, out(.syn)), (.fromHost, back([.rst, .ack])))
        private static let established = open(
            (here, out(.syn)),
            (.fromHost, back([.syn, .ack])),
            (here, out(.ack))
        )

        static let tcpRows: [PacketCase] = [
            .drop("data without a connection", here, out(.ack), CARA_DROP_INVALID_TCP),
            .drop(
                "SYN and ACK without a connection",
                here,
                out([.syn, .ack]),
                CARA_DROP_INVALID_TCP
            ),
            .drop("SYN and FIN", here, out([.syn, .fin]), CARA_DROP_INVALID_TCP),
            .drop("RST without a connection", here, out(.rst), CARA_DROP_INVALID_TCP),
            .drop("no flags at all", here, out([]), CARA_DROP_INVALID_TCP),
            .drop("data from the wire", .fromHost, back(.ack), CARA_DROP_INVALID_TCP),
            .drop(
                "data by the stack",
                .toWorkload(.a, from: .wire),
                .toPodA.ip(.outside, .podA).tcp(1, 2),
                CARA_DROP_INVALID_TCP
            ),
            .forward("data when that is not checked", here, out(.ack), uncheckTCP),
            .forward("SYN again", here, out(.syn), syn),
            .forward("the answer", .fromHost, back([.syn, .ack]), to: .a, syn),
            .forward("a refusal", .fromHost, back([.rst, .ack]), to: .a, syn),
            .forward("data", here, out([.psh, .ack]), established),
            .forward("data back", .fromHost, back([.psh, .ack]), to: .a, established),
            .forward("the last ACK", here, out(.ack), closed),
            .forward("what follows a RST", here, out(.ack), reset),
            .drop(
                "SYN from the other side is judged for itself",
                .fromHost,
                back(.syn),
                CARA_DROP_INGRESS_POLICY,
                syn
            ),
            .drop(
                "SYN after both closed is judged anew",
                here,
                out(.syn),
                CARA_DROP_EGRESS_POLICY,
                closed
            ),
            .drop(
                "SYN after a RST is judged anew",
                here,
                out(.syn),
                CARA_DROP_EGRESS_POLICY,
                reset
            ),
        ]

        private static func uncheckTCP(_ node: TestNode) throws {
            var settings = cara_settings()
            settings.conntrack_invalid_check = 0
            try node.maps.settings.set(0, to: settings)
        }

        @Test("TCP", arguments: tcpRows)
        func tcp(_ row: PacketCase) throws { try play(row) }

        @Test("the handshake and the end, as the entry tells them")
        func flags() throws {
            let node = try TestNode()
            let steps: [(Place, PacketBuilder, UInt32)] = [
                (Self.here, Self.out(.syn), CARA_CONN_FROM_A.rawValue | CARA_CONN_SYN_A.rawValue),
                (
                    .fromHost, Self.back([.syn, .ack]),
                    CARA_CONN_SYN_B.rawValue | CARA_CONN_ACK_B.rawValue | CARA_CONN_REPLIED.rawValue
                ),
                (Self.here, Self.out(.ack), CARA_CONN_ACK_A.rawValue),
                (.fromHost, Self.back([.fin, .ack]), CARA_CONN_FIN_B.rawValue),
                (Self.here, Self.out([.fin, .ack]), CARA_CONN_FIN_A.rawValue),
                (.fromHost, Self.back(.rst), CARA_CONN_RST.rawValue),
            ]
            var wanted: UInt32 = 0
            for (place, packet, added) in steps {
                try node.play((place, packet))
                wanted |= added
                #expect(try node.maps.connections.get(Self.key)?.flags == wanted)
            }
            let entry = try #require(try node.maps.connections.get(Self.key))
            #expect(entry.leg.0.packets == 3)
            #expect(entry.leg.1.packets == 3)
            #expect(entry.leg.0.bytes == 3 * 54)
        }

        struct Age: CustomTestStringConvertible, Sendable {
            let testDescription: String
            let proto: UInt8
            let flags: UInt32
            let seconds: UInt64
        }

        static let ageRows: [Age] = [
            Age(testDescription: "TCP, handshake begun", proto: 6, flags: 0b11, seconds: 20),
            Age(testDescription: "TCP, established", proto: 6, flags: 0b11111, seconds: 3600),
            Age(
                testDescription: "TCP, closed on one side",
                proto: 6,
                flags: 0b111111,
                seconds: 3600
            ),
            Age(testDescription: "TCP, closed on both", proto: 6, flags: 0b1111111, seconds: 30),
            Age(testDescription: "TCP, reset", proto: 6, flags: 0b10011111, seconds: 40),
            Age(testDescription: "UDP", proto: 17, flags: 1, seconds: 60),
            Age(testDescription: "SCTP", proto: 132, flags: 1, seconds: 600),
        ]

        @Test("an entry is honoured for its state's time and no longer", arguments: ageRows)
        func ages(_ age: Age) throws {
            let node = try TestNode()
            let key = cara_conn_key(age.proto, .podA, 4000, .podC, 80)
            let base = PacketBuilder.fromPodA.ip(.podA, .podC)
            let packet =
                switch age.proto {
                case 6: base.tcp(4000, 80, .ack)
                case 17: base.udp(4000, 80)
                default: base.sctp(4000, 80)
                }
            try node.play((Self.here, age.proto == 6 ? base.tcp(4000, 80, .syn) : packet))
            try Self.denyAll(node)
            try node.change(key) { $0.flags = age.flags }
            try node.age(key, bySeconds: age.seconds - 2)
            #expect(try node.run(Self.here, packet.bytes).action == .redirect)
            try node.age(key, bySeconds: age.seconds + 1)
            try node.change(key) { $0.flags = age.flags }
            #expect(try node.run(Self.here, packet.bytes).action == .drop)
        }

        @Test("a packet brings the entry up to date, though not every one writes it")
        func seen() throws {
            let node = try TestNode()
            try node.establishOutgoing()
            let before = try #require(try node.maps.connections.get(Self.key)).seen
            try node.play((Self.here, Self.out(.ack)))
            #expect(try node.maps.connections.get(Self.key)?.seen == before)
            try node.age(Self.key, bySeconds: 100)
            try node.play((Self.here, Self.out(.ack)))
            #expect(try #require(try node.maps.connections.get(Self.key)).seen >= before)
        }

        private static func udp(_ port: UInt16 = 53) -> PacketBuilder {
            .fromPodA.ip(.podA6, .podC6).udp(4000, port)
        }

        private static let ping = PacketBuilder.fromPodA.ip(.podA, .podC).icmp(8, identifier: 7)

        private static func pong(_ type: UInt8 = 0, _ identifier: UInt16 = 7) -> PacketBuilder {
            .fromWire.ip(.podC, .podA).icmp(type, identifier: identifier)
        }

        static let otherRows: [PacketCase] = [
            .forward(
                "UDP's answer",
                .fromHost,
                .fromWire.ip(.podC6, .podA6).udp(53, 4000),
                to: .a,
                open((here, udp()))
            ),
            .drop(
                "UDP from another port",
                .fromHost,
                .fromWire.ip(.podC6, .podA6).udp(54, 4000),
                CARA_DROP_INGRESS_POLICY,
                open((here, udp()))
            ),
            .forward(
                "SCTP's answer",
                .fromHost,
                .fromWire.ip(.podC, .podA).sctp(3868, 4000),
                to: .a,
                open((here, .fromPodA.ip(.podA, .podC).sctp(4000, 3868)))
            ),
            .drop(
                "SCTP from another port",
                .fromHost,
                .fromWire.ip(.podC, .podA).sctp(3869, 4000),
                CARA_DROP_INGRESS_POLICY,
                open((here, .fromPodA.ip(.podA, .podC).sctp(4000, 3868)))
            ),
            .forward(
                "GRE's answer",
                .fromHost,
                .fromWire.ip(.podC, .podA) { $0.protocol = 47 }.payload(count: 8),
                to: .a,
                open((here, .fromPodA.ip(.podA, .podC) { $0.protocol = 47 }.payload(count: 8)))
            ),
            .forward("a ping's answer", .fromHost, pong(), to: .a, open((here, ping))),
            .drop(
                "a ping's answer to another identifier",
                .fromHost,
                pong(0, 8),
                CARA_DROP_INGRESS_POLICY,
                open((here, ping))
            ),
            .drop(
                "a ping back is no answer",
                .fromHost,
                pong(8),
                CARA_DROP_INGRESS_POLICY,
                open((here, ping))
            ),
            .drop(
                "a timestamp request is no ping",
                here,
                .fromPodA.ip(.podA, .podC).icmp(13, identifier: 7),
                CARA_DROP_EGRESS_POLICY,
                open((here, ping))
            ),
            .forward(
                "IPv6 ping's answer",
                .fromHost,
                .fromWire.ip(.podC6, .podA6).icmp(129, identifier: 7),
                to: .a,
                open((here, .fromPodA.ip(.podA6, .podC6).icmp(128, identifier: 7)))
            ),
            .drop(
                "an ICMP message that is no question opens nothing",
                here,
                .fromPodA.ip(.podA, .podC).icmp(15),
                CARA_DROP_EGRESS_POLICY,
                open((here, .fromPodA.ip(.podA, .podC).icmp(15)))
            ),
        ]

        @Test("UDP, SCTP, ICMP and the rest", arguments: otherRows)
        func others(_ row: PacketCase) throws { try play(row) }

        @Test("two pings of one pair are two connections")
        func pings() throws {
            let node = try TestNode()
            for identifier in [UInt16(1), 2] {
                let ping = PacketBuilder.fromPodA.ip(.podA, .podC).icmp(8, identifier: identifier)
                try node.play((Self.here, ping))
            }
            #expect(try node.maps.connections.entries().count == 2)
        }

        /// The kernel's own kind of map evicts; a plain one shows what happens when that fails.
        @Test("a full table refuses new connections only")
        func full() throws {
            let node = try TestNode { object in
                try object.shrink()
                try object.makeConnections(plainOf: 1)
            }
            try node.establishOutgoing()
            let other = PacketBuilder.fromPodA.ip(.podA, .podC).tcp(4001, 80, .syn)
            let outcome = try node.run(Self.here, other.bytes)
            #expect(outcome.action == .drop)
            #expect(outcome.reasons == [CARA_DROP_CONN_FULL.rawValue])
            #expect(try node.run(Self.here, Self.out(.ack).bytes).action == .redirect)
        }
    }
}
