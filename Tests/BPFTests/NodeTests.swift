import BPF
import BPFSupport
import CBPFABI
import Model
import Testing

extension Packets {
    /// What goes on between pods and the node itself, and what is none of our business.
    @Suite
    struct NodeTraffic {
        private static let here = Place.fromWorkload(.a)
        private static let fromNode = Place.toWorkload(.a, from: .node)

        private static func settings(
            _ change: @escaping @Sendable (inout cara_settings) -> Void
        ) -> @Sendable (TestNode) throws -> Void {
            { node in
                var settings = try unwrap(try node.maps.settings.get(0), "settings")
                change(&settings)
                try node.maps.settings.set(0, to: settings)
            }
        }

        private static func hostAction(
            _ action: cara_host_action
        ) -> @Sendable (TestNode) throws -> Void {
            settings { $0.endpoint_to_host = action.rawValue }
        }

        private static let toNode = PacketBuilder.fromPodA.ip(.podA, .node).tcp(4000, 10250, .syn)
        private static let toNode6 = PacketBuilder.fromPodA.ip(.podA6, .node6).tcp(4000, 22, .syn)
        /// Local to the node by the kernel's routes, but not listed.
        private static let loopback = PacketBuilder.fromPodA.ip(.podA, Address(v4: 0x7f00_0001))
            .udp(1, 2)
        private static let multicast = PacketBuilder.fromPodA.ip(.podA, Address(v4: 0xe000_00fb))
            .udp(5353, 5353)

        static let toNodeRows: [PacketCase] = [
            .drop("Drop", here, toNode, CARA_DROP_HOST_ENDPOINT),
            .drop("Drop, IPv6", here, toNode6, CARA_DROP_HOST_ENDPOINT),
            .drop("Drop, an address that is not listed", here, loopback, CARA_DROP_HOST_ENDPOINT),
            .drop("Drop, multicast", here, multicast, CARA_DROP_HOST_ENDPOINT),
            .pass("Accept", here, toNode, hostAction(CARA_HOST_ACCEPT)),
            .pass("Accept, IPv6", here, toNode6, hostAction(CARA_HOST_ACCEPT)),
            .pass("Accept, multicast", here, multicast, hostAction(CARA_HOST_ACCEPT)),
            .pass("Return", here, toNode, hostAction(CARA_HOST_RETURN)),
            .drop("egress policy comes first", here, toNode, CARA_DROP_EGRESS_POLICY) { node in
                try hostAction(CARA_HOST_ACCEPT)(node)
                try node.setPolicy(of: .a, egress: 0)
            },
        ]

        @Test("a pod to its node: defaultEndpointToHostAction", arguments: toNodeRows)
        func toNode(_ row: PacketCase) throws { try play(row) }

        private static func denyAll(_ node: TestNode) throws {
            try node.setPolicy(of: .a, ingress: 0, egress: 0)
        }

        private static func probe(_ flags: TCPFlags = .syn) -> PacketBuilder {
            .toPodA.ip(.node, .podA).tcp(4000, 80, flags)
        }

        private static func answer(_ flags: TCPFlags = [.syn, .ack]) -> PacketBuilder {
            .fromPodA.ip(.podA, .node).tcp(80, 4000, flags)
        }

        private static func played(
            _ packet: PacketBuilder
        ) -> @Sendable (TestNode) throws -> Void {
            { node in
                try denyAll(node)
                try node.play((fromNode, packet))
            }
        }

        static let fromNodeRows: [PacketCase] = [
            .pass("whatever its policy", fromNode, probe(), denyAll),
            .pass("in the middle", fromNode, probe(.ack), denyAll),
            .pass("a refusal", fromNode, probe(.rst), denyAll),
            .pass("a ping", fromNode, .toPodA.ip(.node, .podA).icmp(8, identifier: 1), denyAll),
            .pass("the answer", here, answer(), played(probe())),
            .pass("the answer in the middle", here, answer(.ack), played(probe(.ack))),
            .pass(
                "a ping's answer",
                here,
                .fromPodA.ip(.podA, .node).icmp(0, identifier: 1),
                played(.toPodA.ip(.node, .podA).icmp(8, identifier: 1))
            ),
            .pass(
                "an IPv6 UDP answer",
                here,
                .fromPodA.ip(.podA6, .node6).udp(53, 4000),
                played(.toPodA.ip(.node6, .podA6).udp(4000, 53))
            ),
            .drop(
                "a refusal opens nothing",
                here,
                answer(.ack),
                CARA_DROP_INVALID_TCP,
                played(probe(.rst))
            ),
            .drop(
                "an answer opens nothing",
                here,
                .fromPodA.ip(.podA, .node).icmp(8, identifier: 1),
                CARA_DROP_EGRESS_POLICY,
                played(.toPodA.ip(.node, .podA).icmp(0, identifier: 1))
            ),
            .drop(
                "the pod's own connection back is judged",
                here,
                answer(.syn),
                CARA_DROP_EGRESS_POLICY,
                played(probe())
            ),
            .drop(
                "a header that contradicts itself",
                fromNode,
                .toPodA.ip(.node, .podA).udp(1, 2, length: 3),
                CARA_DROP_MALFORMED
            ),
        ]

        @Test("the node to its pod", arguments: fromNodeRows)
        func fromNode(_ row: PacketCase) throws { try play(row) }

        @Test("a pod that comes back on another interface is answered to there")
        func newInterface() throws {
            let node = try TestNode()
            try node.play((Self.fromNode, Self.probe()))
            let record = try #require(try node.maps.endpoints.get(Address.podB.key))
            try node.maps.endpoints.set(Address.podA.key, to: record)
            try node.play((.toWorkload(.b, from: .node), Self.probe()))
            let answer = PacketBuilder.fromPodB.ip(.podA, .node).tcp(80, 4000, [.syn, .ack])
            #expect(try node.run(.fromWorkload(.b), answer.bytes).action == .pass)
        }

        static let passing: [PacketCase] = [
            .pass("to the node", .fromHost, .fromWire.ip(.outside, .node).tcp(1, 22, .syn)),
            .pass("to another node's pod", .fromHost, .fromWire.ip(.outside, .podC).udp(1, 2)),
            .pass(
                "what no one could read, to the node",
                .fromHost,
                .fromWire.ip(.outside, .node).udp(1, 2, length: 3)
            ),
            .drop(
                "the same, to a pod",
                .fromHost,
                .fromWire.ip(.outside, .podA)
                    .udp(1, 2, length: 3),
                CARA_DROP_MALFORMED
            ),
            .pass(
                "a frame for another host",
                .fromHost,
                .ethernet().ip(.podC, .podA).tcp(1, 2, .syn)
            ),
            .pass("leaving", .toHost, .fromPodA.ip(.node, .outside).udp(1, 2), counted: CARA_PASS),
            .pass("neighbour discovery", .fromHost, .fromWire.ip(.router6, .allNodes).icmp(135)),
        ]

        @Test("what is not for a pod", arguments: passing)
        func othersTraffic(_ row: PacketCase) throws { try play(row) }

        private static func tunnel(
            _ proto: UInt8,
            _ port: UInt16 = 0
        ) -> PacketBuilder {
            let base = PacketBuilder.fromPodA.ip(.podA, .podC) { $0.protocol = proto }
            let inner = PacketBuilder().ip(.podA, .outside).udp(1, 2)
            return proto == 17
                ? base.udp(4000, port).payload(inner.bytes) : base.payload(inner.bytes)
        }

        static let tunnelRows: [PacketCase] = [
            .drop("VXLAN", here, tunnel(17, 4789), CARA_DROP_TUNNEL),
            .drop("IPIP", here, tunnel(4), CARA_DROP_TUNNEL),
            .forward("another UDP port", here, tunnel(17, 4790)),
            .forward("VXLAN when allowed", here, tunnel(17, 4789), settings { $0.allow_vxlan = 1 }),
            .forward("IPIP when allowed", here, tunnel(4), settings { $0.allow_ipip = 1 }),
            .drop(
                "VXLAN on another port",
                here,
                tunnel(17, 4790),
                CARA_DROP_TUNNEL,
                settings { $0.vxlan_port = 4790 }
            ),
            .drop(
                "IPIP while VXLAN is allowed",
                here,
                tunnel(4),
                CARA_DROP_TUNNEL,
                settings { $0.allow_vxlan = 1 }
            ),
        ]

        @Test("tunnels of workloads", arguments: tunnelRows)
        func tunnels(_ row: PacketCase) throws { try play(row) }
    }

    /// ICMPv6 that a pod and its node need, whatever policy says.
    @Suite
    struct Neighbours {
        private static let here = Place.fromWorkload(.a)

        private static func say(
            _ type: UInt8,
            from source: Address = .linkLocal,
            to destination: Address = .allNodes,
            hops: UInt8 = 255
        ) -> PacketBuilder {
            .fromPodA.ip(source, destination) { $0.hops = hops }.icmp(type).payload(count: 16)
        }

        private static func report(_ type: UInt8, from source: Address = .linkLocal)
            -> PacketBuilder
        {
            .fromPodA.ip(source, .allNodes) { $0.hops = 1 }.headers(.hopByHop).icmp(type)
                .payload(count: 16)
        }

        private static func denyAll(_ node: TestNode) throws {
            try node.setPolicy(of: .a, ingress: 0, egress: 0)
        }

        static let rows: [PacketCase] = [
            .pass("router solicitation", here, say(133), denyAll),
            .pass("neighbour solicitation", here, say(135), denyAll),
            .pass("neighbour advertisement", here, say(136), denyAll),
            .pass("duplicate detection", here, say(135, from: Address(high: 0, low: 0)), denyAll),
            .pass("from the pod's own address", here, say(135, from: .podA6), denyAll),
            .pass("to the node's link-local address", here, say(136, to: .linkLocalNode), denyAll),
            .pass("to the node's address", here, say(136, to: .node6), denyAll),
            .pass("listener query", here, report(130), denyAll),
            .pass("listener report", here, report(131), denyAll),
            .pass("listener done", here, report(132), denyAll),
            .pass("listener report of version 2", here, report(143), denyAll),
            .drop("router advertisement", here, say(134), CARA_DROP_SPOOFED_SOURCE, denyAll),
            .drop(
                "in another pod's name",
                here,
                say(135, from: .podB6),
                CARA_DROP_SPOOFED_SOURCE,
                denyAll
            ),
            .drop(
                "that came over a hop",
                here,
                say(135, hops: 254),
                CARA_DROP_SPOOFED_SOURCE,
                denyAll
            ),
            .drop(
                "to another pod",
                here,
                say(136, from: .podA6, to: .podB6),
                CARA_DROP_EGRESS_POLICY,
                denyAll
            ),
            .drop(
                "an echo from a link-local address",
                here,
                .fromPodA.ip(.linkLocal, .linkLocalNode).icmp(128, identifier: 1),
                CARA_DROP_SPOOFED_SOURCE
            ),
            .pass(
                "of the node",
                .toWorkload(.a, from: .node),
                .toPodA.ip(.linkLocalNode, .podA6) {
                    $0.hops = 255
                }.icmp(135).payload(count: 16),
                denyAll
            ),
        ]

        @Test("neighbour talk", arguments: rows)
        func talk(_ row: PacketCase) throws { try play(row) }
    }
}
