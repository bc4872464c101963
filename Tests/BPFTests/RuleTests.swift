import BPF
import BPFSupport
import CBPFABI
import CBPFPrograms
import Model
import Testing

extension Packets {
    /// What each rule has decided: denied packets at once, connections by the sweep.
    @Suite
    struct Rules {
        private static let key = cara_conn_key(6, .podA, 4000, .podC, 80)
        private static let here = Place.fromWorkload(.a)
        private static let syn = PacketBuilder.fromPodA.ip(.podA, .podC).tcp(4000, 80, .syn)
        private static let data = PacketBuilder.fromPodA.ip(.podA, .podC).tcp(4000, 80)
        private static let reply = PacketBuilder.fromWire.ip(.podC, .podA).tcp(80, 4000)
        private static let answer = PacketBuilder.fromWire.ip(.podC, .podA)
            .tcp(80, 4000, [.syn, .ack])

        /// Pod A under rules: 1 allows port 80, 2 denies the rest.
        private func node(
            _ rules: TestPolicy.Rule...,
            configure: (borrowing Object<workload>) throws -> Void = { try $0.shrink() }
        ) throws -> TestNode {
            let node = try TestNode(configure: configure)
            let other = TestPolicy.Rule { $0.isAllowed = false }
            let rules = rules.isEmpty ? [.allow(6, port: 80), other] : rules
            try TestPolicy(rules).install(in: node.maps)
            try node.setPolicy(of: .a, egress: 16)
            return node
        }

        private func bytes(_ packets: PacketBuilder...) -> UInt64 {
            UInt64(packets.reduce(0) { $0 + $1.bytes.count })
        }

        private func now(_ node: TestNode) throws -> UInt64 {
            try #require(try node.maps.connections.get(Self.key)).seen
        }

        @Test("a denied packet is its rule's at once, and no connection")
        func denied() throws {
            let node = try node()
            let packet = PacketBuilder.fromPodA.ip(.podA, .podC).tcp(4000, 81, .syn)
            for _ in 0..<3 { _ = try node.run(Self.here, packet.bytes) }
            #expect(
                try node.tally(2, CARA_EGRESS) == RuleTally(0, 3, 3 * bytes(packet))
            )
            #expect(try node.tally(2, CARA_INGRESS) == RuleTally(0, 0, 0))
            #expect(try node.tally(1, CARA_EGRESS) == RuleTally(0, 0, 0))
        }

        @Test("a packet that no rule decides is counted under no rule")
        func noRule() throws {
            let node = try TestNode()
            try node.setPolicy(of: .b, ingress: 0)
            _ = try node.run(
                Self.here,
                PacketBuilder.fromPodA.ip(.podA, .podB).tcp(4000, 80, .syn).bytes
            )
            #expect(try node.tally(0, CARA_INGRESS).packets == 1)
        }

        @Test("a connection is its rule's when it is swept, both ways, once")
        func allowed() throws {
            let node = try node()
            try node.establishOutgoing()
            #expect(try node.tally(1, CARA_EGRESS) == RuleTally(0, 0, 0), "nothing on the way")
            let swept = try node.sweep(at: now(node))
            #expect(swept.seen == 1 && swept.expired.isEmpty)
            let first = RuleTally(1, 3, bytes(Self.syn, Self.answer, Self.data))
            #expect(try node.tally(1, CARA_EGRESS) == first)

            try node.sweep(at: now(node))
            #expect(try node.tally(1, CARA_EGRESS) == first, "nothing came since")
            try node.play((.fromHost, Self.reply), (Self.here, Self.data))
            try node.sweep(at: now(node))
            let more = bytes(Self.reply, Self.data)
            #expect(try node.tally(1, CARA_EGRESS) == RuleTally(1, 5, first.bytes + more))
        }

        @Test("both ends' rules have a connection on the node")
        func bothEnds() throws {
            let node = try node()
            try TestPolicy(id: 17, [.allow(17), .allow()]).install(in: node.maps, firstClass: 9)
            try node.setPolicy(of: .b, ingress: 17)
            try node.establishLocal()
            try node.sweep(at: 0)
            #expect(try node.tally(1, CARA_EGRESS).connections == 1)
            #expect(try node.tally(2, CARA_INGRESS).connections == 1)
            #expect(try node.tally(2, CARA_INGRESS).packets == 3)
        }

        @Test("an ended connection is named once its time is over, and counted first")
        func expired() throws {
            let node = try node()
            try node.play((Self.here, Self.syn))
            let seen = try now(node)
            let limit = UInt64(CARA_TIMEOUT_TCP_SYN.rawValue) * 1_000_000_000
            let grain = UInt64(CARA_SEEN_GRAIN)
            #expect(try node.sweep(at: seen + limit + grain).expired.isEmpty)
            let expired = try node.sweep(at: seen + limit + grain + 1).expired
            #expect(expired.map(\.aport) == [Self.key.aport])
            #expect(try node.tally(1, CARA_EGRESS).packets == 1)
        }

        @Test("more ended connections than one read of the iterator holds are all named")
        func manyExpired() throws {
            let node = try node()
            var key = Self.key
            for number in 0..<UInt16(4000) {
                key.aport = number.bigEndian
                try node.maps.connections.set(key, to: cara_conn())
            }
            let day: UInt64 = 86_400_000_000_000
            let swept = try node.sweep(at: day)
            #expect(Set(swept.expired.map(\.aport)).count == swept.expired.count)
            #expect(swept.expired.count == Int(swept.seen))
            #expect(try node.maps.connections.entries().count == swept.expired.count)
        }

        @Test("what came under a former rule stays that rule's when another one takes over")
        func judgedAnew() throws {
            let node = try node()
            try node.establishOutgoing()
            let other = TestPolicy.Rule {
                $0.isAllowed = false
                $0.protocol = 17
            }
            try TestPolicy(id: 17, [other, .allow()]).install(in: node.maps)
            try node.setPolicy(of: .a, egress: 17)
            try node.moveGeneration(of: Pod.a.slot)
            try node.play((Self.here, Self.data))
            #expect(try node.tally(1, CARA_EGRESS).packets == 3)
            try node.sweep(at: now(node))
            let first = RuleTally(1, 3, bytes(Self.syn, Self.answer, Self.data))
            #expect(try node.tally(1, CARA_EGRESS) == first)
            #expect(try node.tally(2, CARA_EGRESS) == RuleTally(0, 1, bytes(Self.data)))
        }

        @Test("a connection that another takes the place of is counted before it goes")
        func replaced() throws {
            let node = try node()
            try node.establishOutgoing()
            let reset = PacketBuilder.fromWire.ip(.podC, .podA).tcp(80, 4000, [.rst])
            try node.play((.fromHost, reset))
            try node.play((Self.here, Self.syn))
            #expect(try node.tally(1, CARA_EGRESS).packets == 4)
            try node.sweep(at: now(node))
            #expect(try node.tally(1, CARA_EGRESS).connections == 2)
            #expect(try node.tally(1, CARA_EGRESS).packets == 5)
        }

        @Test("a Log rule counts the packets that it logs")
        func logged() throws {
            let log = TestPolicy.Rule { $0.logs = true }
            let node = try node(log, .allow(6))
            try node.establishOutgoing()
            #expect(try node.tally(1, CARA_EGRESS) == RuleTally(0, 1, bytes(Self.syn)))
        }

        @Test("a rule that finds no room is counted with the others like it, and drops nothing")
        func full() throws {
            let node = try node { object in
                try object.shrink()
                let map = try unwrap(object.skeleton.pointee.maps.cara_rules, "map")
                try object.setMaxEntries(of: map, to: 2)
            }
            for direction in [CARA_INGRESS, CARA_EGRESS] {
                try node.maps.rules.setPerCPUZero(
                    cara_rule_key(rule: UInt32(CARA_RULE_OTHER), direction: direction.rawValue)
                )
            }
            try node.establishOutgoing()
            let denied = PacketBuilder.fromPodA.ip(.podA, .podC).tcp(4000, 81, .syn)
            let outcome = try node.run(Self.here, denied.bytes)
            #expect(outcome.reasons == [CARA_DROP_EGRESS_POLICY.rawValue])
            try node.sweep(at: now(node))
            #expect(try node.tally(1, CARA_EGRESS).packets == 0)
            let other = try node.tally(UInt32(CARA_RULE_OTHER), CARA_EGRESS)
            #expect(other.connections == 1 && other.packets == 4)
        }
    }

    /// Events about drops are told, but no more of them than somebody can read.
    @Suite
    struct DropEvents {
        private func node(limit: UInt32) throws -> TestNode {
            let node = try TestNode()
            var settings = try #require(try node.maps.settings.get(0))
            settings.drop_events = limit
            try node.maps.settings.set(0, to: settings)
            try node.setPolicy(of: .b, ingress: 0)
            return node
        }

        private func flood(_ node: TestNode, _ count: Int) throws {
            let packet = PacketBuilder.fromPodA.ip(.podA, .podB).tcp(4000, 80, .syn)
            for _ in 0..<count { _ = try node.run(.fromWorkload(.a), packet.bytes) }
        }

        private func meter(_ node: TestNode) throws -> (heldBack: UInt64, lost: UInt64) {
            let meters = try node.maps.meters.perCPU(0)
            return (meters.reduce(0) { $0 + $1.held_back }, meters.reduce(0) { $0 + $1.lost })
        }

        @Test("what is beyond the limit is held back and counted; packets are dropped all the same")
        func limit() throws {
            let node = try node(limit: 10)
            let before = try node.maps.count(CARA_DROP_INGRESS_POLICY)
            try flood(node, 2000)
            let told = UInt64(try node.maps.events.drain().count)
            let heldBack = try meter(node).heldBack
            #expect(told + heldBack == 2000)
            #expect(told >= 10 && heldBack > 0)
            #expect(try node.maps.count(CARA_DROP_INGRESS_POLICY) - before == 2000)
        }

        @Test("what the ring buffer has no room for is counted as lost")
        func lost() throws {
            let node = try node(limit: .max)
            try flood(node, 25_000)
            let told = UInt64(try node.maps.events.drain().count)
            let lost = try meter(node).lost
            #expect(told + lost == 25_000)
            #expect(lost > 0)
        }

        @Test("a rule is named only when it is the reason")
        func rule() throws {
            let node = try node(limit: 10)
            try TestPolicy([.allow()]).install(in: node.maps)
            try node.setPolicy(of: .a, egress: 16)
            try flood(node, 1)
            let event = try #require(try node.maps.events.drain().first)
            #expect(event.reason == CARA_DROP_INGRESS_POLICY.rawValue)
            #expect(event.rule == 0, "egress was allowed by rule 1, ingress denied by none")
            #expect(event.direction == UInt8(CARA_INGRESS.rawValue))
        }
    }
}
