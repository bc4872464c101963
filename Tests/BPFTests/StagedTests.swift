import BPF
import BPFSupport
import CBPFABI
import Model
import Testing

extension Packets {
    /// What staged policies would do is written down and not done.
    @Suite
    struct Staged {
        private static let allowed = UInt8(CARA_PENDING_ALLOW.rawValue)
        private static let denied = UInt8(CARA_PENDING_DENY.rawValue)
        private static let none = UInt8(CARA_PENDING_NONE.rawValue)
        private static let deny = TestPolicy.Rule { $0.isAllowed = false }

        /// Program 16 allows by its rule 1, program 17 denies by its rule 2 what goes to port 80 and
        /// allows the rest by rule 3.
        private func node() throws -> TestNode {
            let node = try TestNode()
            try TestPolicy(id: 16, [.allow()]).install(in: node.maps)
            let never = TestPolicy.Rule {
                $0.protocol = 17
                $0.port = 9
            }
            let web = TestPolicy.Rule {
                $0.isAllowed = false
                $0.protocol = 6
                $0.port = 80
            }
            try TestPolicy(id: 17, [never, web, .allow()]).install(in: node.maps)
            var settings = try #require(try node.maps.settings.get(0))
            settings.drop_events = 1
            try node.maps.settings.set(0, to: settings)
            return node
        }

        private func syn(_ destination: Address, _ port: UInt16 = 80) -> PacketBuilder {
            .fromPodA.ip(.podA, destination).tcp(4000, port, .syn)
        }

        private func connection(
            _ node: TestNode,
            _ destination: Address,
            _ port: UInt16 = 80
        ) throws -> cara_conn {
            try #require(
                try node.maps.connections.get(cara_conn_key(6, .podA, 4000, destination, port))
            )
        }

        @Test("a connection that staged policy would deny goes on, and its entry says so")
        func wouldDeny() throws {
            let node = try node()
            try node.setPolicy(of: .a, egress: 16, stagedEgress: 17)
            let outcome = try node.run(.fromWorkload(.a), syn(.podC).bytes)
            #expect(outcome.action == .redirect)
            #expect(outcome.reasons.isEmpty, "no drop is counted")
            let entry = try connection(node, .podC)
            #expect(entry.egress_rule == 1)
            #expect(entry.pending_egress == Self.denied)
            #expect(entry.pending_egress_rule == 2)
            #expect(entry.pending_ingress == Self.none)
            #expect(try node.maps.events.drain().isEmpty)
        }

        @Test("one that it would allow as well")
        func wouldAllow() throws {
            let node = try node()
            try node.setPolicy(of: .a, egress: 16, stagedEgress: 17)
            try node.play((.fromWorkload(.a), syn(.podC, 443)))
            let entry = try connection(node, .podC, 443)
            #expect(entry.pending_egress == Self.allowed)
            #expect(entry.pending_egress_rule == 3)
        }

        @Test("where nothing is staged nothing is pending")
        func nothing() throws {
            let node = try node()
            try node.setPolicy(of: .a, egress: 16)
            try node.play((.fromWorkload(.a), syn(.podB)))
            let entry = try connection(node, .podB)
            #expect(entry.pending_egress == Self.none && entry.pending_ingress == Self.none)
            #expect(entry.pending_egress_rule == 0 && entry.pending_ingress_rule == 0)
        }

        @Test("each end of a connection between local pods has its own")
        func bothEnds() throws {
            let node = try node()
            try node.setPolicy(of: .a, egress: 16, stagedEgress: 17)
            try node.setPolicy(of: .b, ingress: 16, stagedIngress: 16)
            try node.play((.fromWorkload(.a), syn(.podB)))
            let entry = try connection(node, .podB)
            #expect(entry.pending_egress == Self.denied && entry.pending_egress_rule == 2)
            #expect(entry.pending_ingress == Self.allowed && entry.pending_ingress_rule == 1)
        }

        @Test("a packet that is denied and would not be is told of", arguments: [true, false])
        func deniedPacket(isStaged: Bool) throws {
            let node = try node()
            try node.setPolicy(of: .a, egress: 17, stagedEgress: isStaged ? 16 : 0)
            let outcome = try node.run(.fromWorkload(.a), syn(.podC).bytes)
            #expect(outcome.reasons == [CARA_DROP_EGRESS_POLICY.rawValue])
            let event = try #require(try node.maps.events.drain().first)
            #expect(event.rule == 2)
            #expect(event.pending == (isStaged ? Self.allowed : Self.none))
            #expect(event.pending_rule == (isStaged ? 1 : 0))
        }

        @Test("a drop at the other end does not carry what was pending at the first")
        func otherEnd() throws {
            let node = try node()
            try node.setPolicy(of: .a, egress: 16, stagedEgress: 17)
            try node.setPolicy(of: .b, ingress: 17)
            _ = try node.run(.fromWorkload(.a), syn(.podB).bytes)
            let event = try #require(try node.maps.events.drain().first)
            #expect(event.reason == CARA_DROP_INGRESS_POLICY.rawValue)
            #expect(event.pending == Self.none)
        }

        @Test("a Log rule of a staged policy is silent")
        func log() throws {
            let node = try node()
            let log = TestPolicy.Rule { $0.logs = true }
            try TestPolicy(id: 18, [log, Self.deny]).install(in: node.maps)
            try node.setPolicy(of: .a, egress: 16, stagedEgress: 18)
            try node.play((.fromWorkload(.a), syn(.podC)))
            #expect(try connection(node, .podC).pending_egress == Self.denied)
            #expect(try node.maps.events.drain().isEmpty)
        }

        @Test("another staged policy is written down when the generation moves, by a reply too")
        func judgedAgain() throws {
            let node = try node()
            try node.setPolicy(of: .a, egress: 16)
            try node.establishOutgoing()
            try node.setPolicy(of: .a, egress: 16, stagedEgress: 17)
            try node.moveGeneration(of: Pod.a.slot)
            let reply = PacketBuilder.fromWire.ip(.podC, .podA).tcp(80, 4000)
            try node.play((.fromHost, reply))
            #expect(try connection(node, .podC).pending_egress == Self.denied)
            try node.setPolicy(of: .a, egress: 16)
            try node.moveGeneration(of: Pod.a.slot)
            try node.play((.fromHost, reply))
            #expect(try connection(node, .podC).pending_egress == Self.none)
        }

        @Test("a staged program without tables would deny, and what is in force is not touched")
        func missing() throws {
            let node = try node()
            try node.setPolicy(of: .a, egress: 16, stagedEgress: 99)
            try node.play((.fromWorkload(.a), syn(.podC)))
            let entry = try connection(node, .podC)
            #expect(entry.pending_egress == Self.denied && entry.pending_egress_rule == 0)
        }

        @Test("sources beyond a pod's own addresses are judged by its interface's staged program")
        func foreignSource() throws {
            let node = try node()
            let port = node.port(of: .a)
            var iface = cara_iface()
            iface.slot = Pod.a.slot
            iface.egress_program4 = 16
            iface.staged_egress4 = 17
            iface.flags = CARA_IFACE_SPOOF_PREFIXES.rawValue
            try node.maps.interfaces.set(port.ifindex, to: iface)
            let key = cara_spoof_key(
                prefixlen: 32 + 128,
                ifindex: port.ifindex.bigEndian,
                addr: Address.outside.key
            )
            try node.maps.spoof.set(key, to: 1)
            try node.play(
                (.fromWorkload(.a), .fromPodA.ip(.outside, .podC).tcp(4000, 80, .syn))
            )
            let entry = try #require(
                try node.maps.connections.get(cara_conn_key(6, .outside, 4000, .podC, 80))
            )
            #expect(entry.pending_egress == Self.denied && entry.pending_egress_rule == 2)
        }
    }
}
