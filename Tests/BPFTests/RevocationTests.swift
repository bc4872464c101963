import BPF
import BPFSupport
import CBPFABI
import Model
import Testing

extension Packets {
    /// A change of policy reaches connections when the generation moves, and not before.
    @Suite
    struct Revocation {
        struct Flow: CustomTestStringConvertible, Sendable {
            let testDescription: String
            let open: @Sendable (TestNode) throws -> Void
            let key: cara_conn_key
            /// A packet of each direction.
            let packets: [(Place, PacketBuilder)]
        }

        static let flows: [Flow] = [
            Flow(
                testDescription: "leaving the node",
                open: { try $0.establishOutgoing() },
                key: cara_conn_key(6, .podA, 4000, .podC, 80),
                packets: [
                    (.fromWorkload(.a), .fromPodA.ip(.podA, .podC).tcp(4000, 80)),
                    (.fromHost, .fromWire.ip(.podC, .podA).tcp(80, 4000)),
                ]
            ),
            Flow(
                testDescription: "on the node",
                open: { try $0.establishLocal() },
                key: cara_conn_key(6, .podA, 4000, .podB, 80),
                packets: [
                    (.fromWorkload(.a), .fromPodA.ip(.podA, .podB).tcp(4000, 80)),
                    (.fromWorkload(.b), .fromPodB.ip(.podB, .podA).tcp(80, 4000)),
                ]
            ),
            Flow(
                testDescription: "arriving at the node",
                open: { try $0.establishIncoming() },
                key: cara_conn_key(6, .podA, 80, .podC, 4000),
                packets: [
                    (.fromHost, .fromWire.ip(.podC, .podA).tcp(4000, 80)),
                    (.fromWorkload(.a), .fromPodA.ip(.podA, .podC).tcp(80, 4000)),
                ]
            ),
        ]

        private func actions(_ node: TestNode, _ flow: Flow) throws -> [Outcome.Action] {
            try flow.packets.map { try node.run($0.0, $0.1.bytes).action }
        }

        private func moveAll(_ node: TestNode) throws {
            for pod in [Pod.a, .b] { try node.moveGeneration(of: pod.slot) }
        }

        @Test("a connection that is allowed no more stops in both directions", arguments: flows)
        func revoked(_ flow: Flow) throws {
            let node = try TestNode()
            try flow.open(node)
            for pod in [Pod.a, .b] { try node.setPolicy(of: pod, ingress: 0, egress: 0) }
            #expect(try actions(node, flow) == [.redirect, .redirect], "nobody was told yet")
            try moveAll(node)
            #expect(try actions(node, flow) == [.drop, .drop])
            for pod in [Pod.a, .b] { try node.setPolicy(of: pod) }
            #expect(try actions(node, flow) == [.redirect, .redirect], "allowed again")
        }

        @Test("one that is still allowed goes on and takes the new generation", arguments: flows)
        func kept(_ flow: Flow) throws {
            let node = try TestNode()
            try flow.open(node)
            try moveAll(node)
            #expect(try actions(node, flow) == [.redirect, .redirect])
            let entry = try #require(try node.maps.connections.get(flow.key))
            #expect(entry.src_slot == 0 || entry.src_gen == 1)
            #expect(entry.dst_slot == 0 || entry.dst_gen == 1)
            // Under the new generation no policy is asked any more.
            for pod in [Pod.a, .b] { try node.setPolicy(of: pod, ingress: 0, egress: 0) }
            #expect(try actions(node, flow) == [.redirect, .redirect])
        }

        /// The reply goes to a port that no rule names: only the first packet's tuple is judged.
        @Test("a reply is judged as the connection's first packet", arguments: [false, true])
        func original(_ isAllowed: Bool) throws {
            let node = try TestNode()
            try node.establishOutgoing()
            try TestPolicy([.allow(6, port: isAllowed ? 80 : 4000)]).install(in: node.maps)
            try node.setPolicy(of: .a, ingress: 0, egress: 16)
            try node.moveGeneration(of: Pod.a.slot)
            let reply = PacketBuilder.fromWire.ip(.podC, .podA).tcp(80, 4000)
            let outcome = try node.run(.fromHost, reply.bytes)
            #expect(outcome.action == (isAllowed ? .redirect : .drop))
            #expect(outcome.reasons == (isAllowed ? [] : [CARA_DROP_EGRESS_POLICY.rawValue]))
        }

        @Test("a ping's reply is judged by the request's type")
        func ping() throws {
            let node = try TestNode()
            let request = PacketBuilder.fromPodA.ip(.podA, .podC).icmp(8, identifier: 7)
            let reply = PacketBuilder.fromWire.ip(.podC, .podA).icmp(0, identifier: 7)
            try node.play((.fromWorkload(.a), request))
            try TestPolicy([.allow(1, port: TestPolicy.icmp(8))]).install(in: node.maps)
            try node.setPolicy(of: .a, ingress: 0, egress: 16)
            try node.moveGeneration(of: Pod.a.slot)
            #expect(try node.run(.fromHost, reply.bytes).action == .redirect)
        }

        @Test("a pod that is gone takes its connections along")
        func gone() throws {
            let node = try TestNode()
            try node.establishOutgoing()
            try node.maps.endpoints.delete(Address.podA.key)
            try node.moveGeneration(of: Pod.a.slot)
            let packet = PacketBuilder.fromPodA.ip(.podA, .podC).tcp(4000, 80)
            let outcome = try node.run(.fromWorkload(.a), packet.bytes)
            #expect(outcome.reasons == [CARA_DROP_SPOOFED_SOURCE.rawValue])
        }

        @Test("a remote end that comes to live here is judged as a local one, by a reply too")
        func movedRemote() throws {
            let node = try TestNode()
            try node.establishOutgoing()
            try node.setPolicy(of: .b, ingress: 0)
            let record = try #require(try node.maps.endpoints.get(Address.podB.key))
            try node.maps.endpoints.set(Address.podC.key, to: record)
            try node.moveGeneration(of: Pod.a.slot)
            let reply = PacketBuilder.fromWire.ip(.podC, .podA).tcp(80, 4000)
            let outcome = try node.run(.fromHost, reply.bytes)
            #expect(outcome.reasons == [CARA_DROP_INGRESS_POLICY.rawValue])
        }

        @Test("what the node itself opened is never revoked")
        func fromNode() throws {
            let node = try TestNode()
            try node.play(
                (.toWorkload(.a, from: .node), .toPodA.ip(.node, .podA).tcp(4000, 80, .syn))
            )
            try node.setPolicy(of: .a, ingress: 0, egress: 0)
            try node.moveGeneration(of: Pod.a.slot)
            let reply = PacketBuilder.fromPodA.ip(.podA, .node).tcp(80, 4000, [.syn, .ack])
            #expect(try node.run(.fromWorkload(.a), reply.bytes).action == .pass)
        }
    }
}
