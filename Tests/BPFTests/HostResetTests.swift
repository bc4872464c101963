import BPF
import BPFSupport
import CBPFABI
import Model
import Testing

extension Packets {
    /// A TCP connection that a host endpoint's policy cuts off ends at both ends, where the
    /// configuration asks for it.
    @Suite
    struct HostResets {
        private static let outside = (Address.outside, 4000 as UInt16)
        private static let here = (Address.node, 80 as UInt16)
        private static let beyond = (Address.podC, 80 as UInt16)
        private static let pod = (Address.podA, 4000 as UInt16)

        static let rows: [Resets.Row] = [
            Resets.Row(
                testDescription: "received by the node",
                open: { try $0.establishToNode() },
                place: .fromHost,
                packet: Resets.data(.fromWire, outside, here),
                back: Resets.back(Resets.toWire, here, outside),
                on: Resets.on(.fromWire, outside, here),
                action: .pass
            ),
            Resets.Row(
                testDescription: "sent by the node",
                open: { try $0.establishToNode() },
                place: .toHost,
                packet: Resets.data(Resets.toWire, here, outside),
                back: Resets.back(.fromWire, outside, here),
                on: Resets.on(Resets.toWire, here, outside),
                action: .pass,
                isInjected: true
            ),
            Resets.Row(
                testDescription: "through the node",
                open: { try $0.establishThrough() },
                place: .fromHost,
                packet: Resets.data(.fromWire, outside, beyond),
                back: Resets.back(Resets.toWire, beyond, outside),
                on: Resets.on(.fromWire, outside, beyond),
                action: .pass
            ),
            Resets.Row(
                testDescription: "from a pod, by policy of its way out",
                open: { try $0.establishOutgoing() },
                place: .fromWorkload(.a),
                packet: Resets.data(.fromPodA, pod, beyond),
                back: Resets.back(.toPodA, beyond, pod),
                on: Resets.on(.fromPodA, pod, beyond).forwarded()
            ),
        ]

        private func node(_ action: cara_revoked = CARA_REVOKED_RESET) throws -> TestNode {
            let node = try TestNode()
            var settings = try #require(try node.maps.settings.get(0))
            settings.revoked = UInt8(action.rawValue)
            try node.maps.settings.set(0, to: settings)
            try node.setHost(node.topology.eth0.ifindex) {
                $0.ingress = 1
                $0.egress = 1
            }
            return node
        }

        private func revoke(_ node: TestNode) throws {
            try node.setHost(node.topology.eth0.ifindex) {
                $0.forward_ingress = 0
                $0.forward_egress = 0
            }
            try node.moveGeneration(of: UInt32(CARA_SLOT_HOSTS))
        }

        @Test("both ends get a reset that they must believe", arguments: rows)
        func both(_ row: Resets.Row) throws {
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
            #expect(outcome.reasons.contains { $0 != CARA_PASS.rawValue }, "it counts as a drop")
            #expect(
                seen.hasSeen(row.back.bytes),
                "\(seen.all().map { hexDump($0) }.joined(separator: "\n\n"))"
            )
        }

        @Test("without the setting the packet is dropped as any other", arguments: rows)
        func dropped(_ row: Resets.Row) throws {
            let node = try node(CARA_REVOKED_DROP)
            try row.open(node)
            try revoke(node)
            let outcome = try node.run(row.place, row.packet.bytes)
            #expect(outcome.action == .drop)
            #expect(outcome.packet == row.packet.bytes)
        }

        @Test("what never was allowed gets none, and the entry of what was ends")
        func entry() throws {
            let node = try node()
            try node.establishToNode()
            try revoke(node)
            let syn = PacketBuilder.fromWire.ip(.outside, .node).tcp(4001, 80, .syn)
            #expect(try node.run(.fromHost, syn.bytes).action == .drop)
            let data = Resets.data(.fromWire, Self.outside, Self.here)
            #expect(try node.run(.fromHost, data.bytes).action == .pass)
            let key = cara_conn_key(6, .outside, 4000, .node, 80)
            let ended = try #require(try node.maps.connections.get(key))
            #expect(ended.flags & CARA_CONN_RST.rawValue != 0)
        }

        @Test("our own resets pass on their way in, nobody else's")
        func marked() throws {
            let node = try node()
            try node.establishToNode()
            try revoke(node)
            let reset = PacketBuilder.fromWire.ip(.outside, .node).tcp(4000, 80, .rst)
            let mark = UInt32(CARA_MARK_RESET)
            #expect(try node.run(.fromHost, reset.bytes, mark: mark).action == .pass)
            #expect(try node.run(.fromHost, reset.bytes).action == .drop)
        }
    }
}

extension TestNode {
    /// A TCP connection of somebody outside to the node itself, handshake done.
    fileprivate func establishToNode() throws {
        try play(
            (.fromHost, .fromWire.ip(.outside, .node).tcp(4000, 80, .syn)),
            (.toHost, .fromWire.ip(.node, .outside).tcp(80, 4000, [.syn, .ack])),
            (.fromHost, .fromWire.ip(.outside, .node).tcp(4000, 80))
        )
    }

    /// The same to another node's pod.
    fileprivate func establishThrough() throws {
        try play(
            (.fromHost, .fromWire.ip(.outside, .podC).tcp(4000, 80, .syn)),
            (.fromHost, .fromWire.ip(.podC, .outside).tcp(80, 4000, [.syn, .ack])),
            (.fromHost, .fromWire.ip(.outside, .podC).tcp(4000, 80))
        )
    }
}
