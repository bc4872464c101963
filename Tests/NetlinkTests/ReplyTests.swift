import CLinux
import Glibc
import Model
import Netlink
import Support
import Testing
import Wire

private func bytes(_ hex: String) -> [UInt8] {
    let digits = Array(hex.filter(\.isHexDigit))
    return stride(from: 0, to: digits.count, by: 2).map { index in
        UInt8(String(digits[index...(index + 1)]), radix: 16) ?? 0
    }
}

/// What the kernel's answers mean; the bytes were taken from Linux 6.18.
@Suite
struct ReplyTests {
    static let linkBody = """
        00000000 07000000 43100100 00000000
        0a000300 63616c69 31000000 08000400 dc050000 0a000100 eeeeeeee eeee0000
        08000500 02000000 08002500 00000000
        10001280 09000100 76657468 00000000
        """
    static let routeBody = """
        02200000 feba0001 00000000
        08000f00 e8030000 08000100 0a410100 08000600 00020000
        34000900 10000000 07000000 08000500 0a000002
        20000402 08000000 16001200 0a00fe80 00000000 00000000 00000000 00020000
        """

    private func parse<Value>(
        _ hex: String,
        _ body: (inout ByteReader) throws -> Value
    ) throws -> Value {
        let bytes = bytes(hex)
        var reader = ByteReader(bytes.span.bytes)
        return try body(&reader)
    }

    @Test("a link")
    func link() throws {
        let link = try parse(Self.linkBody) { try Link(parsing: &$0) }
        let expected = Link(
            index: InterfaceIndex(rawValue: 7),
            name: "cali1",
            mtu: 1500,
            mac: MAC("ee:ee:ee:ee:ee:ee"),
            isUp: true,
            hasCarrier: true,
            isLoopback: false,
            kind: "veth",
            master: nil,
            peer: InterfaceIndex(rawValue: 2),
            peerIsElsewhere: true
        )
        #expect(link == expected)
    }

    @Test("a route by two next hops, one of them IPv6")
    func route() throws {
        let route = try parse(Self.routeBody) { try Route(parsing: &$0) }
        let expected = Route(
            to: Prefix(Address(v4: 0x0a41_0100)),
            via: [
                NextHop(
                    gateway: Address(v4: 0x0a00_0002),
                    interface: InterfaceIndex(rawValue: 7)
                ),
                NextHop(
                    gateway: Address(high: 0xfe80_0000_0000_0000, low: 2),
                    interface: InterfaceIndex(rawValue: 8),
                    weight: 3,
                    isOnLink: true
                ),
            ],
            table: RouteTable(rawValue: 1000),
            protocol: .bgp,
            priority: 512
        )
        #expect(route == expected)
    }

    @Test("no truncated answer is read past its end", arguments: [linkBody, routeBody])
    func truncated(_ hex: String) {
        let whole = bytes(hex)
        for length in 0..<whole.count {
            let prefix = Array(whole[..<length])
            var reader = ByteReader(prefix.span.bytes)
            // Cut between attributes it is a shorter answer, cut within one it throws.
            _ = try? Link(parsing: &reader)
            reader = ByteReader(prefix.span.bytes)
            _ = try? Route(parsing: &reader)
            reader = ByteReader(prefix.span.bytes)
            _ = try? Neighbour(parsing: &reader)
            reader = ByteReader(prefix.span.bytes)
            _ = try? InterfaceAddress(parsing: &reader)
            reader = ByteReader(prefix.span.bytes)
            _ = try? RoutingRule(parsing: &reader)
        }
    }

    @Test("no damaged datagram is read past its end")
    func damaged() throws {
        let seed: UInt64 = 7
        print("seed \(seed)")
        var random = SeededRandom(seed: seed)
        let datagram = bytes("40000000 10000200 05000000 01000000") + bytes(Self.linkBody)
        for _ in 0..<20_000 {
            var damaged = datagram
            for _ in 0..<(1 + random.next() % 4) {
                damaged[Int(random.next() % UInt64(damaged.count))] = UInt8(
                    truncatingIfNeeded: random.next()
                )
            }
            guard let replies = try? NetlinkReply.parse(damaged.span.bytes) else { continue }
            for reply in replies {
                _ = try? reply.outcome()
                var reader = ByteReader(reply.body.span.bytes)
                _ = try? Link(parsing: &reader)
                reader = ByteReader(reply.body.span.bytes)
                _ = try? Route(parsing: &reader)
            }
        }
    }

    @Test("an error carries the kernel's words")
    func error() throws {
        let datagram = bytes(
            """
            34000000 02000003 05000000 01000000
            edffffff 14000000 10000500 05000000 00000000
            0d000100 4e6f2064 65766963 65000000
            """
        )
        let replies = try NetlinkReply.parse(datagram.span.bytes)
        let outcome = try #require(replies.first).outcome()
        #expect(replies.count == 1)
        #expect(outcome == NetlinkOutcome(errno: ENODEV, detail: "No device"))
    }

    @Test("two messages in one datagram, and the end of a dump")
    func several() throws {
        let datagram = bytes(
            """
            12000000 18000200 05000000 01000000 aabb0000
            14000000 03000200 05000000 01000000 00000000
            """
        )
        let replies = try NetlinkReply.parse(datagram.span.bytes)
        #expect(replies.map(\.type) == [UInt16(RTM_NEWROUTE), UInt16(NLMSG_DONE)])
        #expect(replies.first?.body == [0xaa, 0xbb])
        let outcome = try replies.last?.outcome()
        #expect(outcome == NetlinkOutcome(errno: 0, detail: ""))
    }
}
