import BPF
import BPFSupport
import CBPFABI
import Model
import Testing

extension Packets {
    /// What doNotTrack policy allows is asked about by nothing else at the host endpoint, and leaves
    /// no entry.
    @Suite
    struct UntrackedHosts {
        private static let request = PacketBuilder.fromWire.ip(.outside, .node).udp(4000, 80)
        private static let answer = PacketBuilder.fromWire.ip(.node, .outside).udp(80, 4000)
        private static let deny = TestPolicy.Rule { $0.isAllowed = false }

        private func entry(_ node: TestNode) throws -> cara_conn? {
            try node.maps.connections.get(cara_conn_key(17, .outside, 4000, .node, 80))
        }

        @Test("in: allowed untracked, without an entry; by nothing else")
        func ingress() throws {
            let node = try TestNode()
            try node.setUntracked([])
            #expect(try node.run(.fromHost, Self.request.bytes).action == .drop)
            try node.setUntracked([.allow(17, port: 80)])
            #expect(try node.run(.xdp, Self.request.bytes).action == .pass)
            #expect(try node.run(.fromHost, Self.request.bytes).action == .pass)
            #expect(try entry(node) == nil)
        }

        @Test("out: the answer needs a rule of its own")
        func answers() throws {
            let node = try TestNode()
            try node.setUntracked([.allow(17, port: 80)])
            #expect(try node.run(.fromHost, Self.request.bytes).action == .pass)
            #expect(try node.run(.toHost, Self.answer.bytes).action == .drop)
            try node.setUntracked([.allow(17, port: 4000)], direction: .egress)
            #expect(try node.run(.toHost, Self.answer.bytes).action == .pass)
            #expect(try entry(node) == nil)
        }

        @Test("out: denied, but for failsafe ports")
        func egress() throws {
            let node = try TestNode()
            try node.setUntracked([Self.deny], direction: .egress)
            let outcome = try node.run(.toHost, Self.answer.bytes)
            #expect(outcome.action == .drop)
            #expect(outcome.reasons == [CARA_DROP_UNTRACKED_POLICY.rawValue])
            try node.setFailsafe(CARA_EGRESS, 17, 4000)
            #expect(try node.run(.toHost, Self.answer.bytes).action == .pass)
        }

        @Test("a workload is behind its own policy, whatever is allowed at the host endpoint")
        func workload() throws {
            let node = try TestNode()
            try node.setUntracked([.allow()])
            let packet = PacketBuilder.fromWire.ip(.outside, .podA).udp(4000, 80)
            #expect(try node.run(.fromHost, packet.bytes).action == .redirect)
            try node.setPolicy(of: .a, ingress: 0)
            try node.moveGeneration(of: Pod.a.slot)
            #expect(try node.run(.fromHost, packet.bytes).action == .drop)
        }
    }
}
