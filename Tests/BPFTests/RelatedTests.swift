import BPF
import BPFSupport
import CBPFABI
import Model
import Testing

extension Packets {
    /// ICMP errors pass to the sender of a live connection's packet, whatever policy says, and to
    /// nobody else.
    @Suite
    struct Related {
        private static let wire = Place.fromHost

        private static let sentTCP = PacketBuilder.fromPodA.ip(.podA, .podC).tcp(4000, 80, .syn)
        private static let sentUDP = PacketBuilder.fromPodA.ip(.podA6, .podC6).udp(4000, 53)
        private static let sentPing = PacketBuilder.fromPodA.ip(.podA, .podC).icmp(8, identifier: 7)

        private static func open(
            _ packet: PacketBuilder,
            at place: Place = .fromWorkload(.a)
        ) -> @Sendable (TestNode) throws -> Void {
            { node in
                try node.play((place, packet))
                try node.setPolicy(of: .a, ingress: 0, egress: 0)
                try node.setPolicy(of: .b, ingress: 0, egress: 0)
            }
        }

        private static func error4(
            _ quoted: PacketBuilder,
            from router: Address = .outside,
            to destination: Address = .podA,
            type: UInt8 = 3,
            count: Int = 28
        ) -> PacketBuilder {
            .fromWire.ip(router, destination).icmp(type, code: 1).quoting(quoted, count: count)
        }

        private static func error6(
            _ quoted: PacketBuilder,
            type: UInt8 = 2,
            count: Int = 48
        ) -> PacketBuilder {
            .fromWire.ip(.outside6, .podA6).icmp(type, rest: 1280).quoting(quoted, count: count)
        }

        private static func unrelated(
            _ name: String,
            _ packet: PacketBuilder,
            _ place: Place = wire,
            _ prepare: @escaping @Sendable (TestNode) throws -> Void
        ) -> PacketCase {
            .drop(name, place, packet, CARA_DROP_ICMP_UNRELATED, prepare)
        }

        static let rows: [PacketCase] = [
            .forward("TCP, eight bytes quoted", wire, error4(sentTCP), to: .a, open(sentTCP)),
            .forward("TCP, all quoted", wire, error4(sentTCP, count: 100), to: .a, open(sentTCP)),
            .forward("time exceeded", wire, error4(sentTCP, type: 11), to: .a, open(sentTCP)),
            .forward("parameter problem", wire, error4(sentTCP, type: 12), to: .a, open(sentTCP)),
            .forward("ping", wire, error4(sentPing), to: .a, open(sentPing)),
            .forward("IPv6, packet too big", wire, error6(sentUDP), to: .a, open(sentUDP)),
            .forward("IPv6, unreachable", wire, error6(sentUDP, type: 1), to: .a, open(sentUDP)),
            .forward("a protocol without ports", wire, error4(gre), to: .a, open(gre)),
            .forward("quoted options", wire, error4(options, count: 32), to: .a, open(options)),
            .forward(
                "quoted extension headers",
                wire,
                error6(extended, count: 56),
                to: .a,
                open(extended)
            ),
            unrelated("no connection", error4(sentTCP)) { _ in },
            unrelated(
                "another port",
                error4(.fromPodA.ip(.podA, .podC).tcp(4001, 80)),
                wire,
                open(sentTCP)
            ),
            unrelated("seven bytes quoted", error4(sentTCP, count: 27), wire, open(sentTCP)),
            unrelated("half an IP header quoted", error4(sentTCP, count: 15), wire, open(sentTCP)),
            unrelated("nothing quoted", error4(sentTCP, count: 0), wire, open(sentTCP)),
            unrelated("IPv6, seven bytes quoted", error6(sentUDP, count: 47), wire, open(sentUDP)),
            unrelated("a later fragment quoted", error4(later, count: 28), wire, open(sentTCP)),
            unrelated(
                "to another than the sender",
                error4(sentTCP, to: .podB),
                wire,
                open(sentTCP)
            ),
            unrelated("about the receiver's packet", error4(receivers), wire, open(sentTCP)),
            unrelated("about an ICMP error", error4(error4(sentTCP)), wire, open(sentTCP)),
            unrelated(
                "a router's redirect for IPv6 inside IPv4",
                error4(sentUDP),
                wire,
                open(sentUDP)
            ),
            .drop(
                "a redirect is no error",
                wire,
                error4(sentTCP, type: 5),
                CARA_DROP_INGRESS_POLICY,
                open(sentTCP)
            ),
            unrelated("an aged connection", error4(sentPing)) { node in
                try open(sentPing)(node)
                try node.age(cara_conn_key(1, .podA, 7, .podC, 7), bySeconds: 10)
            },
            unrelated("a connection under an old policy", error4(sentTCP)) { node in
                try open(sentTCP)(node)
                try node.moveGeneration(of: Pod.a.slot)
            },
            .drop(
                "no header to quote from",
                wire,
                .fromWire.ip(.outside, .podA) { $0.protocol = 1 }.payload([3, 1, 0, 0]),
                CARA_DROP_MALFORMED,
                open(sentTCP)
            ),
        ]

        private static let gre = PacketBuilder.fromPodA.ip(.podA, .podC) { $0.protocol = 47 }
            .payload(count: 40)
        private static let options = PacketBuilder.fromPodA
            .ip(.podA, .podC) { $0.options = [1, 1, 1, 0] }.udp(4000, 53)
        private static let extended = PacketBuilder.fromPodA.ip(.podA6, .podC6)
            .headers(.destinationOptions).udp(4000, 53)
        private static let later = PacketBuilder.fromPodA.ip(.podA, .podC) {
            $0.fragmentOffset = 80
        }
        .tcp(4000, 80)
        private static let receivers = PacketBuilder.fromWire.ip(.podC, .podA).tcp(80, 4000)

        @Test("from the wire", arguments: rows)
        func fromWire(_ row: PacketCase) throws { try play(row) }

        private static let arriving = PacketBuilder.fromWire.ip(.podC, .podA).udp(4000, 53)
        private static let local = PacketBuilder.fromPodB.ip(.podB, .podA).udp(4000, 53)

        private static func complaint(
            about packet: PacketBuilder,
            to destination: Address
        ) -> PacketBuilder {
            .fromPodA.ip(.podA, destination).icmp(3, code: 3).quoting(packet, count: 28)
        }

        static let workloadRows: [PacketCase] = [
            .forward(
                "port unreachable to the wire",
                .fromWorkload(.a),
                complaint(about: arriving, to: .podC),
                open(arriving, at: wire)
            ),
            .forward(
                "port unreachable to a pod",
                .fromWorkload(.a),
                complaint(about: local, to: .podB),
                to: .b,
                open(local, at: .fromWorkload(.b))
            ),
            unrelated("no connection", complaint(about: arriving, to: .podC), .fromWorkload(.a)) {
                _ in
            },
            unrelated(
                "about others' connection",
                .fromPodA.ip(.podA, .podB).icmp(3, code: 4)
                    .quoting(.fromPodB.ip(.podB, .podC).udp(4000, 53), count: 28),
                .fromWorkload(.a),
                open(.fromPodB.ip(.podB, .podC).udp(4000, 53), at: .fromWorkload(.b))
            ),
        ]

        @Test("from a pod", arguments: workloadRows)
        func fromPod(_ row: PacketCase) throws { try play(row) }

        static let stackRows: [PacketCase] = [
            .pass(
                "the node's own",
                .toWorkload(.a, from: .node),
                .toPodA.ip(.node, .podA).icmp(11).quoting(sentTCP, count: 28)
            ),
            .pass(
                "forwarded, related",
                .toWorkload(.a, from: .wire),
                .toPodA.ip(.outside, .podA).icmp(3).quoting(sentTCP, count: 28),
                open(sentTCP)
            ),
            unrelated(
                "forwarded, unrelated",
                .toPodA.ip(.outside, .podA).icmp(3)
                    .quoting(sentTCP, count: 28),
                .toWorkload(.a, from: .wire)
            ) { _ in },
        ]

        @Test("by the stack", arguments: stackRows)
        func byStack(_ row: PacketCase) throws { try play(row) }
    }
}
