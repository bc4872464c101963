import BPF
import BPFSupport
import CBPFABI
import Model
import Testing

extension Packets {
    /// Policy of host endpoints: on the node's own traffic and on what passes through.
    @Suite
    struct HostEndpoints {
        private static let wire = Place.fromHost
        private static let out = Place.toHost
        private static let through = Place.passing(from: .wire)

        private static func syn(_ port: UInt16 = 8080, to destination: Address = .node)
            -> PacketBuilder
        {
            .fromWire.ip(.outside, destination).tcp(4000, port, .syn)
        }

        private static func sent(_ port: UInt16 = 8080, _ flags: TCPFlags = .syn) -> PacketBuilder {
            .fromWire.ip(.node, .outside).tcp(4000, port, flags)
        }

        /// The endpoint of the wire's interface; unless told otherwise it denies the node's own traffic
        /// and nothing else.
        private static func host(
            _ change: @escaping @Sendable (inout cara_host_programs) -> Void = { _ in }
        ) -> @Sendable (TestNode) throws -> Void {
            { try $0.setHost($0.topology.eth0.ifindex, change) }
        }

        private static func failsafe(
            _ direction: cara_direction,
            _ proto: UInt8,
            _ port: UInt16,
            net: Address? = nil
        ) -> @Sendable (TestNode) throws -> Void {
            { node in
                try host()(node)
                var key = cara_failsafe_key()
                key.prefixlen = net == nil ? 32 : 160
                key.direction = UInt8(direction.rawValue)
                key.proto = proto
                key.port = port.bigEndian
                key.addr = net?.key ?? cara_addr()
                try node.maps.failsafes.set(key, to: 1)
            }
        }

        private static func refused(
            _ name: String,
            _ packet: PacketBuilder,
            _ prepare: @escaping @Sendable (TestNode) throws -> Void
        ) -> PacketCase {
            .drop(name, wire, packet, CARA_DROP_HOST_INGRESS_POLICY, prepare)
        }

        // MARK: To the node

        static let ingressRows: [PacketCase] = [
            refused("no policy allows", syn(), host()),
            refused(
                "IPv6",
                .fromWire.ip(.outside6, .node6).udp(1, 8080),
                host { $0.ingress = 0 }
            ),
            .pass("policy allows", wire, syn()) { node in
                try TestPolicy([.allow(6, port: 8080)]).install(in: node.maps)
                try host { $0.ingress = 16 }(node)
            },
            refused("policy allows another port", syn()) { node in
                try TestPolicy([.allow(6, port: 80)]).install(in: node.maps)
                try host { $0.ingress = 16 }(node)
            },
            .drop("tables not there", wire, syn(), CARA_DROP_NO_VERDICT, host { $0.ingress = 99 }),
            .pass("a failsafe port", wire, syn(22), failsafe(CARA_INGRESS, 6, 22)),
            refused("another port", syn(23), failsafe(CARA_INGRESS, 6, 22)),
            refused(
                "a failsafe port of another protocol",
                .fromWire.ip(.outside, .node).udp(1, 22),
                failsafe(CARA_INGRESS, 6, 22)
            ),
            refused("a failsafe port on the way out", syn(22), failsafe(CARA_EGRESS, 6, 22)),
            .pass(
                "a failsafe port of this far end",
                wire,
                syn(22),
                failsafe(CARA_INGRESS, 6, 22, net: .outside)
            ),
            refused(
                "a failsafe port of another far end",
                syn(22),
                failsafe(CARA_INGRESS, 6, 22, net: .router)
            ),
            .pass("a failsafe port with no tables", wire, syn(22)) { node in
                try failsafe(CARA_INGRESS, 6, 22)(node)
                try host { $0.ingress = 99 }(node)
            },
            .pass("pre-DNAT policy allows", wire, syn(), host { $0.prednat = 1 }),
            refused(
                "pre-DNAT policy denies what normal policy allows",
                syn(),
                host {
                    $0.prednat = 0
                    $0.ingress = 1
                }
            ),
            .pass("another interface's endpoint", wire, syn()) { try $0.setHost(4095) { _ in } },
            refused("the endpoint of all interfaces", syn()) { try $0.setHost(0) { _ in } },
            .pass("its own before that of all interfaces", wire, syn()) { node in
                try node.setHost(0) { _ in }
                try host { $0.ingress = 1 }(node)
            },
            .pass(
                "neighbour discovery",
                wire,
                .fromWire.ip(.router6, .node6) { $0.hops = 255 }.icmp(135).payload(count: 16),
                host()
            ),
            refused(
                "neighbour discovery over a hop",
                .fromWire.ip(.router6, .node6) { $0.hops = 254 }.icmp(135).payload(count: 16),
                host()
            ),
            .drop(
                "TCP in the middle of nothing",
                wire,
                .fromWire.ip(.outside, .node).tcp(4000, 8080),
                CARA_DROP_INVALID_TCP,
                host { $0.ingress = 1 }
            ),
            .drop(
                "a header that contradicts itself",
                wire,
                .fromWire.ip(.outside, .node).udp(1, 2, length: 3),
                CARA_DROP_MALFORMED,
                host { $0.ingress = 1 }
            ),
        ]

        @Test("what is for the node", arguments: ingressRows)
        func ingress(_ row: PacketCase) throws { try play(row) }

        // MARK: By the node

        private static func kept(
            _ name: String,
            _ packet: PacketBuilder,
            _ prepare: @escaping @Sendable (TestNode) throws -> Void
        ) -> PacketCase {
            .drop(name, out, packet, CARA_DROP_HOST_EGRESS_POLICY, prepare)
        }

        private static func passed(
            _ name: String,
            at place: Place = out,
            _ packet: PacketBuilder,
            _ prepare: @escaping @Sendable (TestNode) throws -> Void
        ) -> PacketCase {
            .pass(name, place, packet, counted: CARA_PASS, prepare)
        }

        static let egressRows: [PacketCase] = [
            kept("no policy allows", sent(), host()),
            kept("IPv6", .fromWire.ip(.node6, .outside6).udp(1, 53), host()),
            passed("policy allows", sent(), host { $0.egress = 1 }),
            passed(
                "a failsafe port",
                .fromWire.ip(.node, .outside).udp(4000, 53),
                failsafe(CARA_EGRESS, 17, 53)
            ),
            kept("a failsafe port on the way in", sent(22), failsafe(CARA_INGRESS, 6, 22)),
            kept("the endpoint of all interfaces", sent()) { try $0.setHost(0) { _ in } },
            passed("another interface's endpoint", sent()) { try $0.setHost(4095) { _ in } },
            kept("pre-DNAT policy does not count", sent(), host { $0.prednat = 1 }),
            passed(
                "what comes in was allowed: the answer",
                .fromWire.ip(.node, .outside).tcp(8080, 4000, [.syn, .ack])
            ) { node in
                try host { $0.ingress = 1 }(node)
                try node.play((wire, syn()))
            },
            .pass(
                "what goes out was allowed: the answer",
                wire,
                .fromWire.ip(.outside, .node).tcp(8080, 4000, [.syn, .ack])
            ) { node in
                try host { $0.egress = 1 }(node)
                try node.play((out, sent()))
            },
            refused(
                "from the other side it is no answer",
                .fromWire.ip(.outside, .node).tcp(8080, 4000, .syn)
            ) { node in
                try host { $0.egress = 1 }(node)
                try node.play((out, sent()))
            },
            .pass("a ping's answer", wire, .fromWire.ip(.outside, .node).icmp(0, identifier: 1)) {
                node in
                try host { $0.egress = 1 }(node)
                try node.play((out, .fromWire.ip(.node, .outside).icmp(8, identifier: 1)))
            },
            .pass(
                "an error about what went out",
                wire,
                .fromWire.ip(.router, .node).icmp(3, code: 1).quoting(sent(), count: 28)
            ) { node in
                try host { $0.egress = 1 }(node)
                try node.play((out, sent()))
            },
            .drop(
                "an error about nothing that is known",
                wire,
                .fromWire.ip(.router, .node).icmp(3, code: 1).quoting(sent(), count: 28),
                CARA_DROP_ICMP_UNRELATED,
                host { $0.ingress = 1 }
            ),
        ]

        @Test("what the node sends", arguments: egressRows)
        func egress(_ row: PacketCase) throws { try play(row) }

        // MARK: Through the node

        private static let toPod = PacketBuilder.fromWire.ip(.outside, .podB).tcp(4000, 80, .syn)
        private static let fromPod = PacketBuilder.fromPodA.ip(.podA, .podC).tcp(4000, 80, .syn)
        private static let local = PacketBuilder.fromPodA.ip(.podA, .podB).tcp(4000, 80, .syn)
        private static let here = Place.fromWorkload(.a)

        static let forwardRows: [PacketCase] = [
            .forward("to a pod: own policy does not count", wire, toPod, to: .b, host()),
            refused("to a pod", toPod, host { $0.forward_ingress = 0 }),
            refused("to a pod, pre-DNAT", toPod, host { $0.prednat = 0 }),
            .forward(
                "to a pod: pre-DNAT policy allows",
                wire,
                toPod,
                to: .b,
                host {
                    $0.prednat = 1
                    $0.forward_ingress = 0
                }
            ),
            .drop("to a pod: its own policy goes before", wire, toPod, CARA_DROP_INGRESS_POLICY) {
                node in
                try host { $0.prednat = 1 }(node)
                try node.setPolicy(of: .b, ingress: 0)
            },
            .forward("from a pod: own policy does not count", here, fromPod, host()),
            .drop(
                "from a pod",
                here,
                fromPod,
                CARA_DROP_HOST_EGRESS_POLICY,
                host { $0.forward_egress = 0 }
            ),
            .drop("from a pod, all interfaces", here, fromPod, CARA_DROP_HOST_INGRESS_POLICY) {
                try $0.setHost(0) { $0.forward_ingress = 0 }
            },
            .forward(
                "pod to pod: the wire does not count",
                here,
                local,
                to: .b,
                host {
                    $0.forward_ingress = 0
                    $0.forward_egress = 0
                }
            ),
            .drop("pod to pod, all interfaces", here, local, CARA_DROP_HOST_EGRESS_POLICY) {
                try $0.setHost(0) { $0.forward_egress = 0 }
            },
            .pass("through", wire, syn(to: .podC), host()),
            refused("through, in", syn(to: .podC), host { $0.forward_ingress = 0 }),
            .drop(
                "through, out",
                wire,
                syn(to: .podC),
                CARA_DROP_HOST_EGRESS_POLICY,
                host { $0.forward_egress = 0 }
            ),
            refused("through: failsafe ports do not count", syn(22, to: .podC)) { node in
                try failsafe(CARA_INGRESS, 6, 22)(node)
                try host { $0.forward_ingress = 0 }(node)
            },
            passed("out, and in was asked", at: through, syn(to: .podC)) { node in
                try host()(node)
                try node.play((wire, syn(to: .podC)))
                try host { $0.forward_egress = 0 }(node)
            },
            .drop(
                "out, and in was not asked",
                through,
                syn(to: .podC),
                CARA_DROP_HOST_EGRESS_POLICY,
                host { $0.forward_egress = 0 }
            ),
        ]

        @Test("what passes through", arguments: forwardRows)
        func forward(_ row: PacketCase) throws { try play(row) }

        // MARK: From a pod to its node

        private static let toNode = PacketBuilder.fromPodA.ip(.podA, .node).tcp(4000, 8080, .syn)

        private static func action(
            _ action: cara_host_action,
            _ change: @escaping @Sendable (inout cara_host_programs) -> Void = { _ in }
        ) -> @Sendable (TestNode) throws -> Void {
            { node in
                try node.setHost(0, change)
                var settings = try unwrap(try node.maps.settings.get(0), "settings")
                settings.endpoint_to_host = action.rawValue
                try node.maps.settings.set(0, to: settings)
            }
        }

        static let toNodeRows: [PacketCase] = [
            .drop(
                "Drop",
                here,
                toNode,
                CARA_DROP_HOST_ENDPOINT,
                action(CARA_HOST_DROP) { $0.ingress = 1 }
            ),
            .pass("Accept asks no more", here, toNode, action(CARA_HOST_ACCEPT)),
            .drop(
                "Accept, pre-DNAT",
                here,
                toNode,
                CARA_DROP_HOST_INGRESS_POLICY,
                action(CARA_HOST_ACCEPT) { $0.prednat = 0 }
            ),
            .drop(
                "Return asks the host endpoint",
                here,
                toNode,
                CARA_DROP_HOST_INGRESS_POLICY,
                action(CARA_HOST_RETURN)
            ),
            .pass("Return, allowed", here, toNode, action(CARA_HOST_RETURN) { $0.ingress = 1 }),
        ]

        @Test("a pod to its node", arguments: toNodeRows)
        func toNode(_ row: PacketCase) throws { try play(row) }

        // MARK: More than one packet

        @Test("a change reaches connections that are there, both ways, and those of pods")
        func revocation() throws {
            let node = try TestNode()
            try Self.host {
                $0.ingress = 1
                $0.egress = 1
            }(node)
            let answer = PacketBuilder.fromWire.ip(.node, .outside).tcp(8080, 4000, [.syn, .ack])
            let data = PacketBuilder.fromWire.ip(.outside, .node).tcp(4000, 8080)
            try node.play((Self.wire, Self.syn()), (Self.out, answer), (Self.wire, data))
            try node.establishOutgoing()

            try Self.host { $0.forward_egress = 0 }(node)
            #expect(try node.run(Self.wire, data.bytes).action == .pass, "nothing was revoked")
            try node.moveGeneration(of: UInt32(CARA_SLOT_HOSTS))
            for (place, packet) in [(Self.wire, data), (Self.out, answer)] {
                let outcome = try node.run(place, packet.bytes)
                #expect(outcome.reasons == [CARA_DROP_HOST_INGRESS_POLICY.rawValue])
            }
            for (place, packet) in [
                (Self.here, PacketBuilder.fromPodA.ip(.podA, .podC).tcp(4000, 80)),
                (Self.wire, .fromWire.ip(.podC, .podA).tcp(80, 4000)),
            ] {
                let outcome = try node.run(place, packet.bytes)
                #expect(outcome.reasons == [CARA_DROP_HOST_EGRESS_POLICY.rawValue])
            }
            try Self.host { $0.ingress = 1 }(node)
            try node.moveGeneration(of: UInt32(CARA_SLOT_HOSTS))
            #expect(try node.run(Self.wire, data.bytes).action == .pass, "allowed again")
        }

        @Test("the class of the near end chooses the program", arguments: [true, false])
        func split(_ isKnown: Bool) throws {
            let node = try TestNode()
            try TestPolicy(id: 16, [.allow(6, port: 8080)]).install(in: node.maps)
            try TestPolicy(id: 17, [.allow(6, port: 9090)]).install(in: node.maps)
            var program = cara_program()
            program.flags = CARA_PROGRAM_SPLIT.rawValue
            program.default_group = 17
            try node.maps.programs.set(20, to: program)
            let near = cara_class_key(
                prefixlen: UInt32(CARA_ADDR_BITS),
                addr: Address.node.key
            )
            if isKnown {
                try node.maps.classes.set(near, to: 7)
                try node.maps.groups.set(cara_group_key(program: 20, class_id: 7), to: 16)
            }
            try Self.host { $0.ingress = 20 }(node)
            let outcomes = try [8080, 9090].map {
                try node.run(Self.wire, Self.syn($0).bytes).action
            }
            #expect(outcomes == (isKnown ? [.pass, .drop] : [.drop, .pass]))
        }
    }
}
