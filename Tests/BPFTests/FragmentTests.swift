import BPF
import BPFSupport
import CBPFABI
import Model
import Testing

extension Packets {
    /// Every fragment is judged by the ports that the first one showed.
    @Suite
    struct Fragments {
        /// Bytes 1480 to the end of a UDP datagram.
        private static func later(_ id: UInt16 = 7) -> PacketBuilder {
            .fromPodA.ip(.podA, .podC) {
                $0.identification = id
                $0.fragmentOffset = 1480
                $0.protocol = 17
            }.payload(count: 100)
        }

        private static func first(_ id: UInt16 = 7, port: UInt16 = 53) -> PacketBuilder {
            .fromPodA.ip(.podA, .podC) {
                $0.identification = id
                $0.moreFragments = true
            }.udp(4000, port, length: 1588).payload(count: 1472)
        }

        private static func first6(_ id: UInt32 = 7) -> PacketBuilder {
            .fromPodA.ip(.podA6, .podC6)
                .headers(.fragment(offset: 0, more: true, identification: id))
                .udp(4000, 53, length: 1588).payload(count: 1432)
        }

        /// Its fragment header names another next header, which RFC 8200 §4.5 allows.
        private static func later6(_ id: UInt32 = 7) -> PacketBuilder {
            .fromPodA.ip(.podA6, .podC6)
                .headers(.fragment(offset: 1440, more: false, identification: id, next: 60))
                .payload(count: 100)
        }

        private static func play(_ packet: PacketBuilder) -> @Sendable (TestNode) throws -> Void {
            { node in try node.play((.fromWorkload(.a), packet)) }
        }

        static let rows: [PacketCase] = [
            .forward("the first", .fromWorkload(.a), first()),
            .forward("one after the first", .fromWorkload(.a), later(), play(first())),
            .drop("one before the first", .fromWorkload(.a), later(), CARA_DROP_FRAGMENT_UNKNOWN),
            .drop(
                "one of another datagram",
                .fromWorkload(.a),
                later(8),
                CARA_DROP_FRAGMENT_UNKNOWN,
                play(first())
            ),
            .forward("IPv6, the first", .fromWorkload(.a), first6()),
            .forward("IPv6, after the first", .fromWorkload(.a), later6(), play(first6())),
            .drop(
                "IPv6, before the first",
                .fromWorkload(.a),
                later6(),
                CARA_DROP_FRAGMENT_UNKNOWN
            ),
            .drop(
                "IPv6, of another datagram",
                .fromWorkload(.a),
                later6(8),
                CARA_DROP_FRAGMENT_UNKNOWN,
                play(first6())
            ),
            .drop(
                "a first one too small for TCP (RFC 1858)",
                .fromWorkload(.a),
                tcp { $0.moreFragments = true }.payload(count: 16),
                CARA_DROP_MALFORMED
            ),
            .drop(
                "one over the TCP header (RFC 3128)",
                .fromWorkload(.a),
                tcp { $0.fragmentOffset = 8 }.payload(count: 16),
                CARA_DROP_MALFORMED
            ),
            .drop(
                "one that is no whole unit and not the last",
                .fromWorkload(.a),
                tcp {
                    $0.fragmentOffset = 80
                    $0.moreFragments = true
                }.payload(count: 15),
                CARA_DROP_MALFORMED
            ),
            .drop(
                "one that ends past 64 KiB",
                .fromWorkload(.a),
                tcp { $0.fragmentOffset = 65528 }.payload(count: 100),
                CARA_DROP_MALFORMED
            ),
        ]

        private static func tcp(_ change: (inout IPHeader) -> Void) -> PacketBuilder {
            .fromPodA.ip(.podA, .podC) {
                $0.protocol = 6
                change(&$0)
            }
        }

        @Test("fragments", arguments: rows)
        func fragments(_ row: PacketCase) throws { try BPFTests.play(row) }

        @Test("the first one's verdict is all fragments' verdict")
        func denied() throws {
            let node = try TestNode()
            try TestPolicy([.allow(17, port: 53)]).install(in: node.maps)
            try node.setPolicy(of: .a, egress: 16)
            let refused = try node.run(.fromWorkload(.a), Self.first(8, port: 54).bytes)
            #expect(refused.reasons == [CARA_DROP_EGRESS_POLICY.rawValue])
            let late = try node.run(.fromWorkload(.a), Self.later(8).bytes)
            #expect(late.reasons == [CARA_DROP_EGRESS_POLICY.rawValue])
            try node.play((.fromWorkload(.a), Self.first()), (.fromWorkload(.a), Self.later()))
        }

        @Test("a first fragment is remembered for half a minute")
        func forgotten() throws {
            let node = try TestNode()
            try node.play((.fromWorkload(.a), Self.first()))
            let entry = try #require(try node.maps.fragments.entries().first)
            var old = entry.value
            old.seen -= 31_000_000_000
            try node.maps.fragments.set(entry.key, to: old)
            let outcome = try node.run(.fromWorkload(.a), Self.later().bytes)
            #expect(outcome.reasons == [CARA_DROP_FRAGMENT_UNKNOWN.rawValue])
        }

        @Test("a ping in fragments is one connection with its identifier")
        func ping() throws {
            let node = try TestNode()
            let first = PacketBuilder.fromPodA.ip(.podA, .podC) { $0.moreFragments = true }
                .icmp(8, identifier: 77).payload(count: 72)
            let last = PacketBuilder.fromPodA.ip(.podA, .podC) {
                $0.fragmentOffset = 80
                $0.protocol = 1
            }.payload(count: 20)
            try node.play((.fromWorkload(.a), first), (.fromWorkload(.a), last))
            let entry = try #require(
                try node.maps.connections.get(cara_conn_key(1, .podA, 77, .podC, 77))
            )
            #expect(entry.leg.0.packets == 2)
        }

        @Test("the node's own traffic is left to its stack, in whatever order it comes")
        func node() throws {
            let stray = PacketBuilder.fromWire.ip(.outside, .node) {
                $0.fragmentOffset = 1480
                $0.protocol = 17
            }.payload(count: 100)
            try BPFTests.play(.pass("stray fragment", .fromHost, stray))
            let toPod = PacketBuilder.toPodA.ip(.node, .podA) {
                $0.fragmentOffset = 1480
                $0.protocol = 17
            }.payload(count: 100)
            try BPFTests.play(.pass("of the node", .toWorkload(.a, from: .node), toPod))
        }
    }
}
