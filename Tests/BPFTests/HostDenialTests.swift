import BPF
import BPFSupport
import CBPFABI
import Model
import Testing

extension Packets {
    /// What host endpoints deny is remembered by flow.
    @Suite
    struct HostDenials {
        struct Row: Sendable, CustomStringConvertible {
            let description: String
            let place: Place
            let packet: PacketBuilder
            let direction: cara_direction
            let change: @Sendable (inout cara_host_programs) -> Void
        }

        private static let deny: UInt32 = 16

        static let rows: [Row] = [
            Row(
                description: "for the node",
                place: .fromHost,
                packet: .fromWire.ip(.outside, .node).tcp(4000, 80, .syn),
                direction: CARA_INGRESS
            ) { $0.ingress = deny },
            Row(
                description: "for the node, pre-DNAT",
                place: .fromHost,
                packet: .fromWire.ip(.outside, .node).tcp(4000, 80, .syn),
                direction: CARA_INGRESS
            ) {
                $0.prednat = deny
                $0.ingress = 1
            },
            Row(
                description: "by the node",
                place: .toHost,
                packet: .fromWire.ip(.node, .outside).tcp(4000, 80, .syn),
                direction: CARA_EGRESS
            ) { $0.egress = deny },
            Row(
                description: "to a pod",
                place: .fromHost,
                packet: .fromWire.ip(.outside, .podB).tcp(4000, 80, .syn),
                direction: CARA_INGRESS
            ) { $0.forward_ingress = deny },
            Row(
                description: "from a pod",
                place: .fromWorkload(.a),
                packet: .fromPodA.ip(.podA, .podC).tcp(4000, 80, .syn),
                direction: CARA_EGRESS
            ) { $0.forward_egress = deny },
            Row(
                description: "through",
                place: .fromHost,
                packet: .fromWire.ip(.outside, .podC).tcp(4000, 80, .syn),
                direction: CARA_INGRESS
            ) { $0.forward_ingress = deny },
            Row(
                description: "untracked, where XDP is not to be had",
                place: .untracked,
                packet: .fromWire.ip(.outside, .node).tcp(4000, 80, .syn),
                direction: CARA_INGRESS
            ) { $0.untracked_ingress = deny },
            Row(
                description: "untracked, by the node",
                place: .toHost,
                packet: .fromWire.ip(.node, .outside).tcp(4000, 80, .syn),
                direction: CARA_EGRESS
            ) { $0.untracked_egress = deny },
        ]

        @Test("in every stage", arguments: rows)
        func noted(_ row: Row) throws {
            let node = try TestNode()
            let rule = TestPolicy.Rule { $0.isAllowed = false }
            try TestPolicy(id: Self.deny, [rule]).install(in: node.maps)
            try node.setHost(node.topology.eth0.ifindex, row.change)
            for _ in 0..<2 { #expect(try node.run(row.place, row.packet.bytes).action == .drop) }
            let entries = try node.maps.denials.entries()
            #expect(entries.count == 1)
            let entry = try #require(entries.first)
            #expect(entry.key.direction == UInt8(row.direction.rawValue))
            #expect(UInt16(bigEndian: entry.key.port) == 80 && entry.key.proto == 6)
            #expect(entry.value.packets == 2 && entry.value.rule == 1)
            #expect(UInt16(bigEndian: entry.value.sport) == 4000)
        }

        @Test("an answer of a connection that is revoked is noted as the connection")
        func answer() throws {
            let node = try TestNode()
            let wire = node.topology.eth0.ifindex
            try node.setHost(wire) { $0.ingress = 1 }
            try node.play((.fromHost, .fromWire.ip(.outside, .node).tcp(4000, 80, .syn)))
            try node.setHost(wire)
            try node.moveGeneration(of: UInt32(CARA_SLOT_HOSTS))
            let answer = PacketBuilder.fromWire.ip(.node, .outside).tcp(80, 4000, [.syn, .ack])
            #expect(try node.run(.toHost, answer.bytes).action == .drop)
            let key = try #require(try node.maps.denials.entries().first).key
            let source = withUnsafeBytes(of: key.src) { [UInt8]($0) }
            #expect(source == withUnsafeBytes(of: Address.outside.key) { [UInt8]($0) })
            #expect(UInt16(bigEndian: key.port) == 80)
            #expect(key.direction == UInt8(CARA_INGRESS.rawValue))
        }

        @Test("what is allowed, and what is dropped for other reasons, is not there")
        func others() throws {
            let node = try TestNode()
            try node.setHost(node.topology.eth0.ifindex) { $0.ingress = 1 }
            try node.play((.fromHost, .fromWire.ip(.outside, .node).tcp(4000, 80, .syn)))
            let stray = PacketBuilder.fromWire.ip(.outside, .node).tcp(4001, 80)
            #expect(try node.run(.fromHost, stray.bytes).action == .drop)
            #expect(try node.maps.denials.entries().isEmpty)
        }
    }
}
