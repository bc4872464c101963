import BPF
import BPFSupport
import CBPFABI
import Model
import Testing

extension Packets {
    /// What staged policies of host endpoints would do is written down and not done.
    @Suite
    struct StagedHosts {
        private static let allowed = UInt8(CARA_PENDING_ALLOW.rawValue)
        private static let denied = UInt8(CARA_PENDING_DENY.rawValue)
        private static let nothing = UInt8(CARA_PENDING_NONE.rawValue)

        /// Program 16 allows by its rule 1, program 17 denies by its rule 2, program 18 decides nothing.
        private func node() throws -> TestNode {
            let node = try TestNode()
            let deny = TestPolicy.Rule { $0.isAllowed = false }
            let other = TestPolicy.Rule {
                $0.protocol = 17
                $0.port = 9
            }
            try TestPolicy(id: 16, [.allow()]).install(in: node.maps)
            try TestPolicy(id: 17, [other, deny]).install(in: node.maps)
            var silent = TestPolicy(id: 18, [other])
            silent.otherwise = CARA_ACTION_NONE
            try silent.install(in: node.maps)
            var settings = try #require(try node.maps.settings.get(0))
            settings.drop_events = 1
            try node.maps.settings.set(0, to: settings)
            return node
        }

        private func wire(_ node: TestNode) -> UInt32 { node.topology.eth0.ifindex }

        private let toNode = PacketBuilder.fromWire.ip(.outside, .node).tcp(4000, 80, .syn)
        private let byNode = PacketBuilder.fromWire.ip(.node, .outside).tcp(4000, 80, .syn)
        private let fromPod = PacketBuilder.fromPodA.ip(.podA, .podC).tcp(4000, 80, .syn)
        private let toPod = PacketBuilder.fromWire.ip(.outside, .podB).tcp(4000, 80, .syn)

        private func entry(
            _ node: TestNode,
            _ source: Address,
            _ destination: Address
        ) throws -> cara_conn {
            let key = cara_conn_key(6, source, 4000, destination, 80)
            return try #require(try node.maps.connections.get(key))
        }

        // MARK: The node's own traffic

        @Test("what is for the node goes on, and its entry says what would become of it")
        func ingress() throws {
            let node = try node()
            try node.setHost(wire(node), { $0.ingress = 16 }, staged: { $0.ingress = 17 })
            let outcome = try node.run(.fromHost, toNode.bytes)
            #expect(outcome.action == .pass && outcome.reasons.isEmpty)
            let entry = try entry(node, .outside, .node)
            #expect(entry.ingress_rule == 1)
            #expect(entry.pending_ingress == Self.denied && entry.pending_ingress_rule == 2)
            #expect(entry.pending_egress == Self.nothing)
            #expect(try node.maps.events.drain().isEmpty)
        }

        @Test("what the node sends as well")
        func egress() throws {
            let node = try node()
            try node.setHost(wire(node), { $0.egress = 16 }, staged: { $0.egress = 17 })
            try node.play((.toHost, byNode))
            let entry = try entry(node, .node, .outside)
            #expect(entry.pending_egress == Self.denied && entry.pending_egress_rule == 2)
            #expect(entry.pending_ingress == Self.nothing)
        }

        @Test("where nothing is staged in that direction nothing is pending")
        func otherDirection() throws {
            let node = try node()
            try node.setHost(wire(node), { $0.ingress = 16 }, staged: { $0.egress = 17 })
            try node.play((.fromHost, toNode))
            #expect(try entry(node, .outside, .node).pending_ingress == Self.nothing)
        }

        /// Of what a stage has staged, and what comes of all stages with `ingress` in force.
        struct StageCase: Sendable {
            let stage: @Sendable (inout cara_host_programs) -> Void
            let inForce: UInt32
            let pending: UInt8
            let rule: UInt32
        }

        @Test(
            "a staged stage leads on to those in force, as one in force does",
            arguments: [
                StageCase(stage: { $0.prednat = 17 }, inForce: 16, pending: denied, rule: 2),
                StageCase(stage: { $0.prednat = 16 }, inForce: 16, pending: allowed, rule: 1),
                StageCase(stage: { $0.prednat = 18 }, inForce: 16, pending: allowed, rule: 1),
                StageCase(
                    stage: { $0.untracked_ingress = 17 },
                    inForce: 16,
                    pending: denied,
                    rule: 2
                ),
                StageCase(
                    stage: { $0.untracked_ingress = 18 },
                    inForce: 1,
                    pending: allowed,
                    rule: 0
                ),
                StageCase(
                    stage: {
                        $0.untracked_ingress = 16
                        $0.ingress = 17
                    },
                    inForce: 16,
                    pending: allowed,
                    rule: 1
                ),
            ]
        )
        func stages(_ row: StageCase) throws {
            let node = try node()
            try node.setHost(wire(node), { $0.ingress = row.inForce }, staged: row.stage)
            try node.play((.fromHost, toNode))
            let entry = try entry(node, .outside, .node)
            #expect(entry.pending_ingress == row.pending)
            #expect(entry.pending_ingress_rule == row.rule)
        }

        @Test("a failsafe port is nobody's to judge")
        func failsafe() throws {
            let node = try node()
            try node.setHost(wire(node), { $0.ingress = 17 }, staged: { $0.ingress = 16 })
            try node.setFailsafe(CARA_INGRESS, 6, 80)
            try node.play((.fromHost, toNode))
            #expect(try entry(node, .outside, .node).pending_ingress == Self.nothing)
        }

        @Test("the class of the near end chooses the staged program")
        func split() throws {
            let node = try node()
            var program = cara_program()
            program.flags = CARA_PROGRAM_SPLIT.rawValue
            program.default_group = 17
            try node.maps.programs.set(20, to: program)
            try node.setHost(wire(node), { $0.ingress = 16 }, staged: { $0.ingress = 20 })
            try node.play((.fromHost, toNode))
            #expect(try entry(node, .outside, .node).pending_ingress_rule == 2)
        }

        @Test("what is denied and would not be is told of, in the event and in the record")
        func deniedPacket() throws {
            let node = try node()
            try node.setHost(wire(node), { $0.ingress = 17 }, staged: { $0.prednat = 16 })
            let outcome = try node.run(.fromHost, toNode.bytes)
            #expect(outcome.reasons == [CARA_DROP_HOST_INGRESS_POLICY.rawValue])
            let event = try #require(try node.maps.events.drain().first)
            #expect(event.rule == 2)
            #expect(event.pending == Self.allowed && event.pending_rule == 1)
            let denial = try #require(try node.maps.denials.entries().first?.value)
            #expect(denial.rule == 2)
            #expect(denial.pending == Self.allowed && denial.pending_rule == 1)
        }

        @Test("another staged policy is written down when the generation moves, by an answer too")
        func judgedAgain() throws {
            let node = try node()
            try node.setHost(wire(node), { $0.ingress = 16 })
            try node.play((.fromHost, toNode))
            try node.setHost(wire(node), { $0.ingress = 16 }, staged: { $0.ingress = 17 })
            try node.moveGeneration(of: UInt32(CARA_SLOT_HOSTS))
            let answer = PacketBuilder.fromWire.ip(.node, .outside).tcp(80, 4000, [.syn, .ack])
            try node.play((.toHost, answer))
            #expect(try entry(node, .outside, .node).pending_ingress == Self.denied)
            try node.setHost(wire(node), { $0.ingress = 16 })
            try node.moveGeneration(of: UInt32(CARA_SLOT_HOSTS))
            try node.play((.toHost, answer))
            #expect(try entry(node, .outside, .node).pending_ingress == Self.nothing)
        }

        // MARK: Through the node

        @Test("what passes through is judged at the interface in and at the one out")
        func through() throws {
            let node = try node()
            try node.setHost(wire(node), { _ in }) {
                $0.forward_ingress = 17
                $0.forward_egress = 16
            }
            try node.play(
                (.fromHost, .fromWire.ip(.outside, .podC).tcp(4000, 80, .syn))
            )
            let entry = try entry(node, .outside, .podC)
            #expect(entry.pending_ingress == Self.denied && entry.pending_ingress_rule == 2)
            #expect(entry.pending_egress == Self.allowed && entry.pending_egress_rule == 1)
        }

        @Test("of a pod's end and the host's on its way the one that would deny is told")
        func withPods() throws {
            for (pod, host) in [(16, 17), (17, 16), (0, 17)] as [(UInt32, UInt32)] {
                let node = try node()
                try node.setPolicy(of: .a, egress: 16, stagedEgress: pod)
                try node.setHost(wire(node), { _ in }, staged: { $0.forward_egress = host })
                try node.play((.fromWorkload(.a), fromPod))
                let entry = try entry(node, .podA, .podC)
                #expect(entry.egress_rule == 1)
                #expect(entry.pending_egress == Self.denied && entry.pending_egress_rule == 2)
            }
        }

        @Test(
            "a drop at the host's end does not carry what was pending at the pod's, or further in"
        )
        func otherEnd() throws {
            let node = try node()
            try node.setPolicy(of: .a, egress: 16, stagedEgress: 16)
            try node.setHost(0, { $0.forward_egress = 17 }, staged: { $0.forward_ingress = 16 })
            _ = try node.run(.fromWorkload(.a), fromPod.bytes)
            let event = try #require(try node.maps.events.drain().first)
            #expect(event.reason == CARA_DROP_HOST_EGRESS_POLICY.rawValue)
            #expect(event.pending == Self.nothing)
        }

        @Test("failsafe ports pass pre-DNAT policy by, staged or not")
        func failsafeThrough() throws {
            let node = try node()
            try node.setHost(wire(node), { _ in }, staged: { $0.prednat = 17 })
            try node.setFailsafe(CARA_INGRESS, 6, 80)
            try node.play((.fromHost, toPod))
            #expect(try entry(node, .outside, .podB).pending_ingress == Self.allowed)
        }

        @Test("what a pod may say to its node in any case is asked of pre-DNAT policy alone")
        func arriving() throws {
            let node = try node()
            var settings = try #require(try node.maps.settings.get(0))
            settings.endpoint_to_host = CARA_HOST_ACCEPT.rawValue
            try node.maps.settings.set(0, to: settings)
            try node.setHost(0, { _ in }) {
                $0.prednat = 18
                $0.ingress = 17
            }
            let packet = PacketBuilder.fromPodA.ip(.podA, .node).tcp(4000, 80, .syn)
            try node.play((.fromWorkload(.a), packet))
            #expect(try entry(node, .podA, .node).pending_ingress == Self.allowed)
        }
    }
}
