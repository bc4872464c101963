import BPF
import BPFSupport
import CBPFABI
import Model
import Testing

extension Packets {
    /// Nothing passes that was not read to its transport header.
    @Suite
    struct Parsing {
        private static let over4 = PacketBuilder.fromPodA.ip(.podA, .podC)
        private static let over6 = PacketBuilder.fromPodA.ip(.podA6, .podC6)

        static let malformedRows: [PacketCase] = [
            row("IPv4 of version 5", v4 { $0.version = 5 }.tcp(1, 2, .syn)),
            row("IPv6 of version 4", v6 { $0.version = 4 }.tcp(1, 2, .syn)),
            row("IPv4 header of 4 words", v4 { $0.headerWords = 4 }.tcp(1, 2, .syn)),
            row("IPv4 options past the end", v4 { $0.headerWords = 15 }.udp(1, 2)),
            row("IPv4 shorter than its header", v4 { $0.length = 19 }.udp(1, 2)),
            row("IPv4 of no length", v4 { $0.length = 0 }.udp(1, 2)),
            row("IPv4 longer than the frame", v4 { $0.length = 1000 }.udp(1, 2)),
            row("IPv6 longer than the frame", v6 { $0.length = 1000 }.udp(1, 2)),
            row("IPv6 with no payload but a header", v6 { $0.length = 0 }.udp(1, 2)),
            row("TCP header of 4 words", over4.tcp(1, 2, .syn) { $0.words = 4 }),
            row("TCP options past the end", over4.tcp(1, 2, .syn) { $0.words = 15 }),
            row("TCP header past IPv4's end", v4 { $0.length = 39 }.tcp(1, 2, .syn)),
            row("UDP of length 7", over4.udp(1, 2, length: 7)),
            row("UDP longer than IPv4", over4.udp(1, 2, length: 9)),
            row("UDP longer than IPv6", over6.udp(1, 2, length: 9)),
            row("ICMPv6 over IPv4", v4 { $0.protocol = 58 }.icmp(128, identifier: 1)),
            row("ICMP over IPv6", v6 { $0.protocol = 1 }.icmp(8, identifier: 1)),
            row("IPv4-mapped source in IPv6", mapped(.podA, .podC6)),
            row("IPv4-mapped destination in IPv6", mapped(.podA6, .podC)),
            row(
                "hop-by-hop options not first",
                over6.headers(.destinationOptions)
                    .headers(.hopByHop).udp(1, 2)
            ),
            row("extension header past the end", over6.headers(long).udp(1, 2)),
            row(
                "routing header that sends on",
                over6
                    .headers(.routing(type: 0, segmentsLeft: 1)).udp(1, 2)
            ),
        ]

        private static let long = ExtensionHeader(type: 60, body: [1, 4, 0, 0, 0, 0], length: 9)

        private static func v4(_ change: (inout IPHeader) -> Void) -> PacketBuilder {
            .fromPodA.ip(.podA, .podC, change)
        }

        private static func v6(_ change: (inout IPHeader) -> Void) -> PacketBuilder {
            .fromPodA.ip(.podA6, .podC6, change)
        }

        private static func mapped(_ source: Address, _ destination: Address) -> PacketBuilder {
            .fromPodA.ip(source, destination).udp(1, 2)
        }

        private static func row(_ name: String, _ packet: PacketBuilder) -> PacketCase {
            .drop(name, .fromWorkload(.a), packet, CARA_DROP_MALFORMED)
        }

        @Test("a header that contradicts itself", arguments: malformedRows)
        func malformed(_ row: PacketCase) throws { try play(row) }

        static let wellFormedRows: [PacketCase] = [
            good("IPv4 options", v4 { $0.options = [1, 1, 1, 0] }.tcp(1, 2, .syn)),
            good(
                "the longest IPv4 header",
                v4 { $0.options = .init(repeating: 1, count: 40) }
                    .tcp(1, 2, .syn) { $0.options = .init(repeating: 1, count: 40) }
            ),
            good(
                "padding after the packet",
                v4 { $0.length = 28 }.udp(1, 2, length: 8)
                    .payload(count: 18)
            ),
            good("hop-by-hop options", over6.headers(.hopByHop).tcp(1, 2, .syn)),
            good(
                "every kind of header",
                over6.headers(.hopByHop).headers(.destinationOptions)
                    .headers(.routing(type: 0, segmentsLeft: 0)).headers(.authentication(words: 3))
                    .headers(.destinationOptions).udp(1, 2)
            ),
            good(
                "a fragment header around the whole",
                over6
                    .headers(.fragment(offset: 0, more: false, identification: 7)).udp(1, 2)
            ),
            good("no next header", v6 { $0.protocol = 59 }),
            good("a protocol without ports", v4 { $0.protocol = 47 }.payload(count: 8)),
            good("the same over IPv6", v6 { $0.protocol = 89 }.payload(count: 8)),
        ]

        private static func good(_ name: String, _ packet: PacketBuilder) -> PacketCase {
            .forward(name, .fromWorkload(.a), packet)
        }

        @Test("unusual but right", arguments: wellFormedRows)
        func wellFormed(_ row: PacketCase) throws { try play(row) }

        /// The payload begins like UDP; as the next header says SCTP, it must be read as SCTP.
        @Test("payload is never read as an extension header")
        func payloadStaysPayload() throws {
            let node = try TestNode()
            _ = try node.run(.fromWorkload(.a), Self.over6.sctp(0x1100, 99).bytes)
            let key = cara_conn_key(132, .podA6, 0x1100, .podC6, 99)
            #expect(try node.maps.connections.get(key) != nil)
        }

        @Test("more extension headers than are followed")
        func tooManyHeaders() throws {
            var packet = Self.over6
            for _ in 0...CARA_HEADERS_MAX { packet = packet.headers(.destinationOptions) }
            try play(.drop("nine headers", .fromWorkload(.a), packet.udp(1, 2), CARA_DROP_HEADERS))
        }

        @Test("as many extension headers as are followed")
        func justEnoughHeaders() throws {
            var packet = Self.over6
            for _ in 0..<CARA_HEADERS_MAX { packet = packet.headers(.destinationOptions) }
            try play(.forward("eight headers", .fromWorkload(.a), packet.udp(1, 2)))
        }

        static let notIPRows: [PacketCase] = [
            .pass("ARP of a pod", .fromWorkload(.a), raw(0x0806), counted: CARA_PASS_NOT_IP),
            .drop("LLDP of a pod", .fromWorkload(.a), raw(0x88cc), CARA_DROP_NOT_IP),
            .drop("PPPoE of a pod", .fromWorkload(.a), raw(0x8864), CARA_DROP_NOT_IP),
            .pass("ARP to a pod", .toWorkload(.a, from: .node), raw(0x0806)),
            .pass("ARP at the node", .fromHost, wire(0x0806)),
            .pass("LLDP at the node", .fromHost, wire(0x88cc)),
        ]

        private static func raw(_ type: UInt16) -> PacketBuilder {
            .ethernet(to: MAC(bytes: [2, 0, 0, 0, 1, 2]), type: type).payload(count: 46)
        }

        private static func wire(_ type: UInt16) -> PacketBuilder {
            .ethernet(to: MAC(bytes: [2, 0, 0, 0, 1, 1]), type: type).payload(count: 46)
        }

        @Test("what is no IP", arguments: notIPRows)
        func notIP(_ row: PacketCase) throws { try play(row) }
    }
}
