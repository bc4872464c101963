import BPF
import BPFSupport
import CBPFABI
import Model
import Testing

extension Packets {
    /// A TCP connection that policy cuts off ends at both ends, where the configuration asks for it.
    @Suite
    struct Resets {
        /// A packet of a connection that is revoked, and the resets that it becomes.
        struct Row: CustomTestStringConvertible, Sendable {
            let testDescription: String
            let open: @Sendable (TestNode) throws -> Void
            let place: Place
            let packet: PacketBuilder
            /// To the packet's sender.
            let back: PacketBuilder
            /// To its receiver, as it leaves the program.
            let on: PacketBuilder
            var action = Outcome.Action.redirect
            /// Where the answer is seen: at the far end of the cable, or coming in by it.
            var isInjected = false
        }

        private static let (sequence, acknowledged) = (0x1122_3344 as UInt32, 0xfeff_fff0 as UInt32)

        static func data(
            _ frame: PacketBuilder,
            _ ends: (Address, UInt16),
            _ others: (Address, UInt16)
        ) -> PacketBuilder {
            frame.ip(ends.0, others.0).tcp(ends.1, others.1) {
                $0.sequence = sequence
                $0.acknowledgement = acknowledged
                $0.options = [1, 1, 8, 10, 0, 0, 0, 1, 0, 0, 0, 2]
            }.payload(count: 1001)
        }

        static func back(
            _ frame: PacketBuilder,
            _ ends: (Address, UInt16),
            _ others: (Address, UInt16)
        ) -> PacketBuilder {
            frame.ip(ends.0, others.0).tcp(ends.1, others.1, .rst) {
                $0.sequence = acknowledged
                $0.acknowledgement = 0
                $0.window = 0
            }
        }

        static func on(
            _ frame: PacketBuilder,
            _ ends: (Address, UInt16),
            _ others: (Address, UInt16)
        ) -> PacketBuilder {
            frame.ip(ends.0, others.0).tcp(ends.1, others.1, [.rst, .ack]) {
                $0.sequence = sequence
                $0.acknowledgement = acknowledged
                $0.window = 0
            }
        }

        static let toWire = PacketBuilder.ethernet(
            from: MAC(bytes: [2, 0, 0, 0, 1, 1]),
            to: MAC(bytes: [2, 0, 0, 0, 2, 1])
        )
        private static let a = (Address.podA, 4000 as UInt16)
        private static let b = (Address.podB, 80 as UInt16)
        private static let c = (Address.podC, 80 as UInt16)
        private static let a6 = (Address.podA6, 4000 as UInt16)
        private static let c6 = (Address.podC6, 80 as UInt16)

        static let rows: [Row] = [
            Row(
                testDescription: "sent by a pod to another node",
                open: { try $0.establishOutgoing() },
                place: .fromWorkload(.a),
                packet: data(.fromPodA, a, c),
                back: back(.toPodA, c, a),
                on: on(.fromPodA, a, c).forwarded()
            ),
            Row(
                testDescription: "received by a pod from another node",
                open: { try $0.establishOutgoing() },
                place: .fromHost,
                packet: data(.fromWire, c, a),
                back: back(toWire, a, c),
                on: on(.fromWire, c, a).forwarded(to: .a)
            ),
            Row(
                testDescription: "between pods of one node",
                open: { try $0.establishLocal() },
                place: .fromWorkload(.b),
                packet: data(.fromPodB, b, a),
                back: back(.toPodB, a, b),
                on: on(.fromPodB, b, a).forwarded(to: .a)
            ),
            Row(
                testDescription: "over IPv6",
                open: { node in
                    try node.play(
                        (.fromWorkload(.a), .fromPodA.ip(.podA6, .podC6).tcp(4000, 80, .syn)),
                        (.fromHost, .fromWire.ip(.podC6, .podA6).tcp(80, 4000, [.syn, .ack])),
                        (.fromWorkload(.a), .fromPodA.ip(.podA6, .podC6).tcp(4000, 80))
                    )
                },
                place: .fromWorkload(.a),
                packet: data(.fromPodA, a6, c6),
                back: back(.toPodA, c6, a6),
                on: on(.fromPodA, a6, c6).forwarded()
            ),
            Row(
                testDescription: "forwarded to a pod by the node's stack",
                open: { try $0.establishIncomingByStack() },
                place: .toWorkload(.a, from: .wire),
                packet: data(.toPodA, c, a),
                back: back(.fromPodA, a, c),
                on: on(.toPodA, c, a),
                action: .pass,
                isInjected: true
            ),
        ]

        private func node(_ action: cara_revoked = CARA_REVOKED_RESET) throws -> TestNode {
            let node = try TestNode()
            var settings = try #require(try node.maps.settings.get(0))
            settings.revoked = UInt8(action.rawValue)
            try node.maps.settings.set(0, to: settings)
            return node
        }

        private func revoke(_ node: TestNode) throws {
            for pod in [Pod.a, .b] {
                try node.setPolicy(of: pod, ingress: 0, egress: 0)
                try node.moveGeneration(of: pod.slot)
            }
        }

        @Test("both ends get a reset that they must believe", arguments: rows)
        func both(_ row: Row) throws {
            let node = try node()
            try row.open(node)
            try revoke(node)
            let namespaces = node.topology.namespaces
            let seen =
                try row.isInjected
                ? Capture(in: namespaces.node) : Capture(in: namespaces.peers)
            let outcome = try node.run(row.place, row.packet.bytes)
            #expect(outcome.action == row.action)
            #expect(
                outcome.packet == row.on.bytes,
                "\(packetDifference(outcome.packet, row.on.bytes))"
            )
            #expect(outcome.reasons.count == 1, "it counts as a drop")
            #expect(
                seen.hasSeen(row.back.bytes),
                "\(seen.all().map { hexDump($0) }.joined(separator: "\n\n"))"
            )
        }

        @Test("without the setting the packet is dropped as any other", arguments: rows)
        func dropped(_ row: Row) throws {
            let node = try node(CARA_REVOKED_DROP)
            try row.open(node)
            try revoke(node)
            let outcome = try node.run(row.place, row.packet.bytes)
            #expect(outcome.action == .drop)
            #expect(outcome.packet == row.packet.bytes)
        }

        @Test("what is allowed still, what never was allowed and what is no TCP get none")
        func none() throws {
            let node = try node()
            try node.establishOutgoing()
            try node.moveGeneration(of: Pod.a.slot)
            let data = Self.data(.fromPodA, Self.a, Self.c)
            #expect(try node.run(.fromWorkload(.a), data.bytes).packet == data.forwarded().bytes)
            let datagram = PacketBuilder.fromPodA.ip(.podA, .podC).udp(1, 53)
            try node.play((.fromWorkload(.a), datagram))
            try revoke(node)
            let seen = try Capture(in: node.topology.namespaces.peers)
            #expect(try node.run(.fromWorkload(.a), datagram.bytes).action == .drop)
            let syn = PacketBuilder.fromPodA.ip(.podA, .podC).tcp(4001, 80, .syn)
            #expect(try node.run(.fromWorkload(.a), syn.bytes).action == .drop)
            let reset = PacketBuilder.fromPodA.ip(.podA, .podC).tcp(4000, 80, .rst)
            #expect(try node.run(.fromWorkload(.a), reset.bytes).action == .drop)
            // The kernel's own neighbour messages may be there.
            #expect(seen.all().filter { $0.count == 54 }.isEmpty)
        }

        @Test("a SYN that is sent again is acknowledged by its reset, for it expects nothing yet")
        func syn() throws {
            let node = try node()
            let syn = PacketBuilder.fromPodA.ip(.podA, .podC).tcp(4000, 80, .syn) {
                $0.sequence = 7
                $0.acknowledgement = 0
            }
            try node.play((.fromWorkload(.a), syn))
            try revoke(node)
            let seen = try Capture(in: node.topology.namespaces.peers)
            #expect(try node.run(.fromWorkload(.a), syn.bytes).action == .redirect)
            let back = PacketBuilder.toPodA.ip(.podC, .podA).tcp(80, 4000, [.rst, .ack]) {
                $0.sequence = 0
                $0.acknowledgement = 8
                $0.window = 0
            }
            #expect(seen.hasSeen(back.bytes))
        }

        @Test("the entry ends, and a new connection of the same ports is judged as one")
        func entry() throws {
            let node = try node()
            try node.establishOutgoing()
            try revoke(node)
            let data = Self.data(.fromPodA, Self.a, Self.c)
            #expect(try node.run(.fromWorkload(.a), data.bytes).action == .redirect)
            let key = cara_conn_key(6, .podA, 4000, .podC, 80)
            let ended = try #require(try node.maps.connections.get(key))
            #expect(ended.flags & CARA_CONN_RST.rawValue != 0)
            for pod in [Pod.a, .b] { try node.setPolicy(of: pod) }
            let syn = PacketBuilder.fromPodA.ip(.podA, .podC).tcp(4000, 80, .syn)
            #expect(try node.run(.fromWorkload(.a), syn.bytes).action == .redirect)
            let begun = try #require(try node.maps.connections.get(key))
            #expect(begun.flags & CARA_CONN_RST.rawValue == 0)
        }

        @Test("a header with options is not turned round, the packet is dropped")
        func options() throws {
            let node = try node()
            try node.establishOutgoing()
            try revoke(node)
            let packet = PacketBuilder.fromPodA.ip(.podA, .podC) { $0.options = [1, 1, 1, 1] }
                .tcp(4000, 80)
            #expect(try node.run(.fromWorkload(.a), packet.bytes).action == .drop)
        }

        @Test("our own resets pass on their way, nobody else's packets by their mark")
        func marked() throws {
            let node = try node()
            try node.establishOutgoing()
            try revoke(node)
            let mark = UInt32(CARA_MARK_RESET)
            let reset = PacketBuilder.toPodA.ip(.podC, .podA).tcp(80, 4000, .rst)
            let there = Place.toWorkload(.a, from: .pod(.a))
            #expect(try node.run(there, reset.bytes, mark: mark).action == .pass)
            #expect(try node.run(there, reset.bytes).action == .drop)
            let data = PacketBuilder.toPodA.ip(.podC, .podA).tcp(80, 4000)
            #expect(try node.run(there, data.bytes, mark: mark).action != .redirect)
            #expect(try node.run(there, data.bytes, mark: mark).reasons.count == 1)
        }
    }
}
