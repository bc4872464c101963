import BPF
import BPFSupport
import CBPFABI
import Model
import Testing

extension Packets {
    /// Nobody sends in another's name.
    @Suite
    struct Sources {
        private static func pod(_ source: Address, to destination: Address) -> PacketBuilder {
            .fromPodA.ip(source, destination).tcp(4000, 80, .syn)
        }

        private static func wire(_ source: Address, to destination: Address) -> PacketBuilder {
            .fromWire.ip(source, destination).tcp(4000, 80, .syn)
        }

        private static let here = Place.fromWorkload(.a)

        static let rows: [PacketCase] = [
            .forward("its own address", here, pod(.podA, to: .podC)),
            .forward("its own IPv6 address", here, pod(.podA6, to: .podC6)),
            spoofed("another pod's address", here, pod(.podB, to: .podC)),
            spoofed("another pod's IPv6 address", here, pod(.podB6, to: .podC6)),
            spoofed("an address outside", here, pod(.outside, to: .podC)),
            spoofed("the node's address", here, pod(.node, to: .podC)),
            spoofed("a link-local address", here, pod(.linkLocal, to: .podC6)),
            spoofed("the destination's own address", here, pod(.podA, to: .podA)),
            spoofed("a UDP datagram", here, .fromPodA.ip(.podB, .podC).udp(1, 2)),
            spoofed("TCP without a SYN", here, .fromPodA.ip(.podB, .podC).tcp(4000, 80)),
            spoofed("an ICMP error", here, error(from: .outside)),
            spoofed("a pod's address from the wire", .fromHost, wire(.podB, to: .podA)),
            spoofed("the node's from the wire", .fromHost, wire(.node, to: .podA)),
            spoofed("loopback from the wire", .fromHost, wire(Address(v4: 0x7f00_0001), to: .podA)),
            spoofed(
                "multicast from the wire",
                .fromHost,
                wire(Address(v4: 0xe000_0001), to: .podA)
            ),
            spoofed(
                "broadcast from the wire",
                .fromHost,
                wire(Address(v4: 0xffff_ffff), to: .podA)
            ),
            spoofed("nothing from the wire", .fromHost, wire(Address(v4: 0), to: .podA)),
            spoofed("IPv6 loopback", .fromHost, wire(Address(high: 0, low: 1), to: .podA6)),
            spoofed("IPv6 multicast", .fromHost, wire(.allNodes, to: .podA6)),
            spoofed(
                "a pod's address by the stack",
                .toWorkload(.b, from: .wire),
                .toPodB.ip(.podA, .podB).tcp(4000, 80, .syn)
            ),
        ]

        private static func spoofed(
            _ name: String,
            _ place: Place,
            _ packet: PacketBuilder
        ) -> PacketCase {
            .drop(name, place, packet, CARA_DROP_SPOOFED_SOURCE)
        }

        private static func error(from source: Address) -> PacketBuilder {
            .fromPodA.ip(source, .podC).icmp(3, code: 3)
                .quoting(.fromWire.ip(.podC, source).udp(1, 2))
        }

        @Test("sources", arguments: rows)
        func sources(_ row: PacketCase) throws { try play(row) }

        @Test("a connection's packets come from its own pod only")
        func hijacked() throws {
            let node = try TestNode()
            try node.establishOutgoing()
            let forged = PacketBuilder.fromPodB.ip(.podA, .podC).tcp(4000, 80)
            let outcome = try node.run(.fromWorkload(.b), forged.bytes)
            #expect(outcome.reasons == [CARA_DROP_SPOOFED_SOURCE.rawValue])
            let outside = PacketBuilder.fromWire.ip(.podA, .podC).tcp(4000, 80)
            #expect(try node.run(.fromHost, outside.bytes).action == .pass, "not for a pod of ours")
        }

        private static func allowPrefix(_ node: TestNode) throws {
            var interface = cara_iface()
            interface.slot = 3
            interface.egress_program4 = 1
            interface.egress_program6 = 0
            interface.flags = CARA_IFACE_SPOOF_PREFIXES.rawValue
            try node.maps.interfaces.set(node.topology.podA.ifindex, to: interface)
            for address in [Address(v4: 0xc633_6400), Address(high: 0xfd00_0077_0000_0000, low: 0)]
            {
                let length = UInt32(address.isV4 ? 120 : 64)
                let key = cara_spoof_key(
                    prefixlen: 32 + length,
                    ifindex: node.topology.podA.ifindex.bigEndian,
                    addr: address.key
                )
                try node.maps.spoof.set(key, to: 1)
            }
        }

        private static let allowed = Address(v4: 0xc633_6407)
        private static let allowed6 = Address(high: 0xfd00_0077_0000_0000, low: 7)

        static let prefixRows: [PacketCase] = [
            .forward("in an allowed prefix", here, pod(allowed, to: .podC), allowPrefix),
            .drop(
                "beside it",
                here,
                pod(Address(v4: 0xc633_6507), to: .podC),
                CARA_DROP_SPOOFED_SOURCE,
                allowPrefix
            ),
            .drop(
                "the other family's policy decides",
                here,
                pod(allowed6, to: .podC6),
                CARA_DROP_EGRESS_POLICY,
                allowPrefix
            ),
            .drop(
                "from another pod",
                .fromWorkload(.b),
                .fromPodB.ip(allowed, .podC).tcp(4000, 80, .syn),
                CARA_DROP_SPOOFED_SOURCE,
                allowPrefix
            ),
        ]

        @Test("allowedSourcePrefixes", arguments: prefixRows)
        func prefixes(_ row: PacketCase) throws { try play(row) }

        @Test("the answer to a source in an allowed prefix goes back through the stack")
        func answer() throws {
            let node = try TestNode()
            try Self.allowPrefix(node)
            try node.play((Self.here, Self.pod(Self.allowed, to: .podC)))
            let answer = PacketBuilder.fromWire.ip(.podC, Self.allowed).tcp(80, 4000, [.syn, .ack])
            #expect(try node.run(.fromHost, answer.bytes).action == .pass)
            #expect(try node.run(.toWorkload(.a, from: .wire), answer.bytes).action == .pass)
        }
    }
}
