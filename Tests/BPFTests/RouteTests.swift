import BPF
import BPFSupport
import CBPFABI
import Model
import Testing

extension Packets {
    /// Which way a packet leaves, and what the entry keeps of that.
    @Suite
    struct Routes {
        private static let here = Place.fromWorkload(.a)

        private static func to(
            _ destination: Address,
            hops: UInt8 = 64,
            _ flags: TCPFlags = .syn
        ) -> PacketBuilder {
            let source: Address = destination.isV4 ? .podA : .podA6
            return .fromPodA.ip(source, destination) { $0.hops = hops }.tcp(4000, 80, flags)
        }

        private static func known(
            _ packet: PacketBuilder
        ) -> @Sendable (TestNode) throws -> Void {
            { node in try node.play((here, packet)) }
        }

        static let rows: [PacketCase] = [
            .forward("another node's pod", here, to(.podC)),
            .forward("another node's pod, IPv6", here, to(.podC6)),
            .forward("outside", here, to(.outside)),
            .forward("outside, IPv6", here, to(.outside6)),
            .forward("a pod here", here, to(.podB), to: .b),
            .forward("a pod here, IPv6", here, to(.podB6), to: .b),
            .drop("a blackhole", here, to(.blackhole), CARA_DROP_NO_ROUTE),
            .drop("an unreachable route", here, to(.unreachable), CARA_DROP_NO_ROUTE),
            .drop("a prohibiting route", here, to(.prohibited), CARA_DROP_NO_ROUTE),
            .drop("an IPv6 blackhole", here, to(.blackhole6), CARA_DROP_NO_ROUTE),
            .forward("two hops left", here, to(.podC, hops: 2)),
            .pass("one hop left", here, to(.podC, hops: 1)),
            .pass("no hop left", here, to(.podC, hops: 0)),
            .pass("one hop left, IPv6", here, to(.podC6, hops: 1)),
            .pass("one hop left to a pod here", here, to(.podB, hops: 1)),
            .pass(
                "one hop left from the wire",
                .fromHost,
                .fromWire.ip(.podC, .podA) { $0.hops = 1 }.tcp(1, 2, .syn)
            ),
            .pass(
                "one hop left on a known connection",
                here,
                to(.podC, hops: 1, .ack),
                known(to(.podC))
            ),
            .forward("as big as the MTU", here, big(1500)),
            .pass("bigger than the MTU", here, big(1501)),
            .forward("a super-packet of fitting segments", here, big(3000))
                .with { $0.segmentSize = 1460 },
            .pass("a super-packet of segments that do not fit", here, big(3000))
                .with { $0.segmentSize = 1461 },
            .forward(
                "bigger than the wire's MTU to a pod here",
                here,
                .fromPodA.ip(.podA, .podB).udp(1, 2).payload(count: 3000),
                to: .b
            ),
        ]

        private static func big(_ length: Int) -> PacketBuilder {
            to(.podC).payload(count: length - 40)
        }

        @Test("the way out", arguments: rows)
        func ways(_ row: PacketCase) throws { try play(row) }

        /// Identifications that bring the header's checksum to where its carry matters, and others.
        @Test("the checksum follows the hops, whatever it was")
        func checksum() throws {
            let node = try TestNode()
            var seen: Set<UInt16> = []
            for identification in UInt16.min...UInt16.max {
                let packet = PacketBuilder.fromPodA.ip(.podA, .podB) {
                    $0.identification = identification
                }.tcp(4000, 80, .syn)
                let sum = UInt16(packet.bytes[24]) << 8 | UInt16(packet.bytes[25])
                let isNearCarry = sum >= 0xfdff || sum <= 0x0200 || sum & 0xff == 0xff
                guard isNearCarry || identification % 4096 == 0 else { continue }
                seen.insert(sum)
                let output = try node.run(Self.here, packet.bytes).packet
                let wanted = packet.forwarded(to: .b).bytes
                #expect(output == wanted, "\(packetDifference(output, wanted))")
            }
            #expect(seen.isSuperset(of: [0x00ff, 0xfeff, 0xff00, 0xffff - 0x100, 0x0001]))
        }

        private func legs(_ node: TestNode, _ destination: Address) throws -> [cara_leg] {
            let source: Address = destination.isV4 ? .podA : .podA6
            let key = cara_conn_key(6, source, 4000, destination, 80)
            let entry = try #require(try node.maps.connections.get(key))
            return source < destination ? [entry.leg.0, entry.leg.1] : [entry.leg.1, entry.leg.0]
        }

        struct Hop: CustomTestStringConvertible, Sendable {
            let testDescription: String
            let destination: Address
            let next: Address
        }

        static let hops: [Hop] = [
            Hop(testDescription: "by a route", destination: .podC, next: .otherNode),
            Hop(testDescription: "by the default", destination: .outside, next: .router),
            Hop(testDescription: "on the link", destination: .otherNode, next: .otherNode),
            Hop(testDescription: "IPv6 by a route", destination: .podC6, next: .otherNode6),
            Hop(testDescription: "IPv6 by the default", destination: .outside6, next: .router6),
            Hop(testDescription: "IPv6 on the link", destination: .otherNode6, next: .otherNode6),
        ]

        @Test("the entry keeps the next hop, and how answers reach the pod", arguments: hops)
        func nextHop(_ hop: Hop) throws {
            let node = try TestNode()
            try node.play((Self.here, Self.to(hop.destination)))
            let legs = try legs(node, hop.destination)
            #expect(legs[0].way == UInt8(CARA_WAY_NEIGH.rawValue))
            #expect(legs[0].ifindex == node.topology.eth0.ifindex)
            #expect(legs[0].mtu == 1500)
            #expect(legs[0].from_ifindex == node.topology.podA.ifindex)
            #expect(legs[0].to.word == hop.next.key.word)
            #expect(legs[1].way == UInt8(CARA_WAY_PEER.rawValue))
            #expect(legs[1].ifindex == node.topology.podA.ifindex)
            #expect(legs[1].from_ifindex == 0)
        }

        @Test("a known way is used until the routes move")
        func cached() throws {
            let node = try TestNode()
            try node.establishOutgoing()
            let key = cara_conn_key(6, .podA, 4000, .podC, 80)
            try node.change(key) { $0.leg.0.to = Address.router.key }
            try node.play((Self.here, Self.to(.podC, .ack)))
            #expect(try legs(node, .podC)[0].to.word == Address.router.key.word)
            try node.moveGeneration(of: 0)
            try node.play((Self.here, Self.to(.podC, .ack)))
            #expect(try legs(node, .podC)[0].to.word == Address.otherNode.key.word)
            #expect(try legs(node, .podC)[0].route_gen == 1)
        }

        @Test("the answer's way is found when it first comes")
        func answer() throws {
            let node = try TestNode()
            let syn = PacketBuilder.fromWire.ip(.podC, .podA).tcp(80, 4000, .syn)
            try node.play((.fromHost, syn))
            #expect(try legs(node, .podC)[0].way == UInt8(CARA_WAY_UNKNOWN.rawValue))
            try node.play((Self.here, Self.to(.podC, [.syn, .ack])))
            #expect(try legs(node, .podC)[0].way == UInt8(CARA_WAY_NEIGH.rawValue))
        }

        @Test("a remote pod that comes to live here is asked for its ingress policy")
        func moved() throws {
            let node = try TestNode()
            try node.maps.endpoints.delete(Address.podB.key)
            try node.play((Self.here, Self.to(.podB)))
            try node.setPolicy(of: .b, ingress: 0)
            try node.moveGeneration(of: 0)
            let outcome = try node.run(Self.here, Self.to(.podB, .ack).bytes)
            #expect(outcome.reasons == [CARA_DROP_INGRESS_POLICY.rawValue])
        }
    }
}
