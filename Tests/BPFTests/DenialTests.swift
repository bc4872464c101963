import BPF
import BPFSupport
import CBPFABI
import Model
import Testing

extension Packets {
    /// What policy denies is remembered by flow.
    @Suite
    struct Denials {
        private func key(
            _ source: Address,
            _ destination: Address,
            _ proto: UInt8,
            _ port: UInt16,
            _ direction: cara_direction
        ) -> cara_denial_key {
            var key = cara_denial_key()
            key.src = source.key
            key.dst = destination.key
            key.proto = proto
            key.port = port.bigEndian
            key.direction = UInt8(direction.rawValue)
            return key
        }

        @Test("packets of one flow are one entry, whatever their source ports")
        func counted() throws {
            let node = try TestNode()
            let deny = TestPolicy.Rule { $0.isAllowed = false }
            try TestPolicy(id: 16, [deny]).install(in: node.maps)
            try TestPolicy(id: 17, [.allow()]).install(in: node.maps)
            try node.setPolicy(of: .a, egress: 16, stagedEgress: 17)
            for port in [4000, 4001, 4002] as [UInt16] {
                let packet = PacketBuilder.fromPodA.ip(.podA, .podC).tcp(port, 80, .syn)
                #expect(try node.run(.fromWorkload(.a), packet.bytes).action == .drop)
            }
            let found = try node.maps.denials.get(key(.podA, .podC, 6, 80, CARA_EGRESS))
            let entry = try #require(found)
            #expect(entry.packets == 3 && entry.rule == 1)
            #expect(UInt16(bigEndian: entry.sport) == 4002)
            #expect(entry.pending == UInt8(CARA_PENDING_ALLOW.rawValue) && entry.pending_rule == 1)
            #expect(entry.seen > 0)
            #expect(try node.maps.denials.entries().count == 1)
        }

        @Test("a ping is known by its type")
        func ping() throws {
            let node = try TestNode()
            try node.setPolicy(of: .b, ingress: 0)
            let packet = PacketBuilder.fromPodA.ip(.podA, .podB).icmp(8, identifier: 7)
            #expect(try node.run(.fromWorkload(.a), packet.bytes).action == .drop)
            #expect(
                try node.maps.denials.get(key(.podA, .podB, 1, 8 << 8, CARA_INGRESS)) != nil
            )
        }

        @Test("a reply of a connection that is revoked is noted as the connection")
        func reply() throws {
            let node = try TestNode()
            try node.establishOutgoing()
            try node.setPolicy(of: .a, egress: 0)
            try node.moveGeneration(of: Pod.a.slot)
            let packet = PacketBuilder.fromWire.ip(.podC, .podA).tcp(80, 4000)
            #expect(try node.run(.fromHost, packet.bytes).action == .drop)
            #expect(try node.maps.denials.get(key(.podA, .podC, 6, 80, CARA_EGRESS)) != nil)
            #expect(try node.maps.denials.entries().count == 1)
        }

        @Test("what is dropped for other reasons, and what is allowed, is not there")
        func others() throws {
            let node = try TestNode()
            let forged = PacketBuilder.fromPodA.ip(.podB, .podC).tcp(4000, 80, .syn)
            #expect(try node.run(.fromWorkload(.a), forged.bytes).action == .drop)
            try node.establishOutgoing()
            #expect(try node.maps.denials.entries().isEmpty)
        }
    }
}
