import BGPMessage
import Model
import Testing

/// RFC 7606, case by case.
@Suite struct UpdateErrorTests {
    static let origin: [UInt8] = [0x40, 1, 1, 0]
    static let path: [UInt8] = [0x40, 2, 6, 2, 1, 0, 0, 0, 1]
    static let nextHop: [UInt8] = [0x40, 3, 4, 10, 0, 0, 2]
    static let good = origin + path + nextHop
    static let prefix: [UInt8] = [8, 10]

    struct Case: CustomTestStringConvertible {
        let testDescription: String
        let attributes: [UInt8]
        let consequence: UpdateConsequence
        var nlri = UpdateErrorTests.prefix
        var context = MessageContext()

        init(
            _ name: String,
            _ attributes: [UInt8],
            _ consequence: UpdateConsequence,
            nlri: [UInt8] = UpdateErrorTests.prefix,
            context: MessageContext = MessageContext()
        ) {
            testDescription = name
            self.attributes = attributes
            self.consequence = consequence
            self.nlri = nlri
            self.context = context
        }

        var bytes: [UInt8] {
            let length = UInt16(23 + attributes.count + nlri.count)
            return [UInt8](repeating: 0xff, count: 16)
                + [UInt8(length >> 8), UInt8(length & 0xff), 2, 0, 0]
                + [UInt8(attributes.count >> 8), UInt8(attributes.count & 0xff)]
                + attributes + nlri
        }
    }

    private static func reset(_ error: UpdateError) -> UpdateConsequence {
        .resetSession(NotificationMessage(.update(error)))
    }

    private static let external = MessageContext(isExternal: true)
    private static let old = MessageContext(hasFourOctetAS: false)
    private static let oldPath: [UInt8] = [0x40, 2, 4, 2, 1, 0, 1]

    static let cases = [
        Case("§7.1 ORIGIN too long", [0x40, 1, 2, 0, 0] + path + nextHop, .treatAsWithdraw),
        Case("§7.1 ORIGIN undefined", [0x40, 1, 1, 3] + path + nextHop, .treatAsWithdraw),
        Case(
            "§7.2 segment kind",
            origin + nextHop + [0x40, 2, 6, 9, 1, 0, 0, 0, 1],
            .treatAsWithdraw
        ),
        Case(
            "§7.2 segment overrun",
            origin + nextHop + [0x40, 2, 6, 2, 2, 0, 0, 0, 1],
            .treatAsWithdraw
        ),
        Case("§7.2 segment underrun", origin + nextHop + [0x40, 2, 1, 2], .treatAsWithdraw),
        Case("§7.2 empty segment", origin + nextHop + [0x40, 2, 2, 2, 0], .treatAsWithdraw),
        Case("RFC 7607 AS 0", origin + nextHop + [0x40, 2, 6, 2, 1, 0, 0, 0, 0], .treatAsWithdraw),
        Case("§7.3 NEXT_HOP length", origin + path + [0x40, 3, 3, 10, 0, 0], .treatAsWithdraw),
        Case(
            "§7.3 NEXT_HOP multicast",
            origin + path + [0x40, 3, 4, 224, 0, 0, 1],
            .treatAsWithdraw
        ),
        Case("§7.4 MED length", good + [0x80, 4, 3, 0, 0, 0], .treatAsWithdraw),
        Case("§7.5 LOCAL_PREF length", good + [0x40, 5, 3, 0, 0, 0], .treatAsWithdraw),
        Case(
            "§7.5 LOCAL_PREF from outside",
            good + [0x40, 5, 4, 0, 0, 0, 1],
            .discardAttribute,
            context: external
        ),
        Case("§7.6 ATOMIC_AGGREGATE length", good + [0x40, 6, 1, 0], .discardAttribute),
        Case("§7.7 AGGREGATOR length", good + [0xc0, 7, 6, 0, 1, 1, 1, 1, 1], .discardAttribute),
        Case(
            "§7.7 AGGREGATOR of 0",
            good + [0xc0, 7, 8, 0, 0, 0, 0, 1, 1, 1, 1],
            .discardAttribute
        ),
        Case("§7.8 COMMUNITIES length", good + [0xc0, 8, 3, 0, 0, 0], .treatAsWithdraw),
        Case("§7.8 COMMUNITIES empty", good + [0xc0, 8, 0], .treatAsWithdraw),
        Case("§7.9 ORIGINATOR_ID length", good + [0x80, 9, 5, 0, 0, 0, 0, 0], .treatAsWithdraw),
        Case(
            "§7.9 ORIGINATOR_ID from outside",
            good + [0x80, 9, 4, 0, 0, 0, 1],
            .discardAttribute,
            context: external
        ),
        Case("§7.10 CLUSTER_LIST length", good + [0x80, 10, 5, 0, 0, 0, 0, 0], .treatAsWithdraw),
        Case("§7.10 CLUSTER_LIST empty", good + [0x80, 10, 0], .treatAsWithdraw),
        Case(
            "§7.10 CLUSTER_LIST from outside",
            good + [0x80, 10, 1, 0],
            .discardAttribute,
            context: external
        ),
        Case(
            "§7.11 next hop of a wrong length",
            good + [0x80, 14, 9, 0, 2, 1, 3, 1, 1, 1, 0, 0],
            reset(.optionalAttributeError)
        ),
        Case(
            "§7.11 next hop over the end",
            good + [0x80, 14, 5, 0, 2, 1, 99, 1],
            reset(.optionalAttributeError)
        ),
        Case(
            "§5.3 prefix of 129 bits",
            good + [0x80, 14, 22, 0, 2, 1, 16, 0x20, 1] + [UInt8](repeating: 1, count: 14) + [
                0, 129,
            ],
            reset(.optionalAttributeError)
        ),
        Case(
            "a next hop of zero",
            good + [0x80, 14, 23, 0, 2, 1, 16] + [UInt8](repeating: 0, count: 16) + [0, 8, 0x20],
            .treatAsWithdraw
        ),
        Case(
            "§7.12 MP_UNREACH too short",
            good + [0x80, 15, 2, 0, 2],
            reset(.optionalAttributeError)
        ),
        Case(
            "§7.14 extended communities length",
            good + [0xc0, 16, 4, 0, 0, 0, 0],
            .treatAsWithdraw
        ),
        Case(
            "RFC 8092 large communities length",
            good + [0xc0, 32, 8, 0, 0, 0, 0, 0, 0, 0, 0],
            .treatAsWithdraw
        ),
        Case("RFC 9234 OTC length", good + [0xc0, 35, 2, 0, 0], .treatAsWithdraw),
        Case(
            "RFC 6793 AS4_PATH among the new",
            good + [0xc0, 17, 6, 2, 1, 0, 0, 0, 1],
            .discardAttribute
        ),
        Case(
            "RFC 6793 AS4_PATH malformed",
            origin + oldPath + nextHop + [0xc0, 17, 3, 2, 1, 0],
            .discardAttribute,
            context: old
        ),
        Case(
            "RFC 6793 AS4_AGGREGATOR length",
            origin + oldPath + nextHop + [0xc0, 18, 3, 2, 1, 0],
            .discardAttribute,
            context: old
        ),
        Case("§3 (c) flags", [0xc0, 1, 1, 0] + path + nextHop, .treatAsWithdraw),
        Case(
            "§3 (c) flags of the routes",
            good + [0xc0, 15, 3, 0, 2, 1],
            reset(.attributeFlagsError)
        ),
        Case("§3 (d) no ORIGIN", path + nextHop, .treatAsWithdraw),
        Case("§3 (d) no AS_PATH", origin + nextHop, .treatAsWithdraw),
        Case("§3 (d) no NEXT_HOP", origin + path, .treatAsWithdraw),
        Case("§3 (g) ORIGIN twice", good + [0x40, 1, 1, 2], .discardAttribute),
        Case("§3 (g) an unknown one twice", good + [0xc0, 99, 0, 0xc0, 99, 0], .discardAttribute),
        Case(
            "§3 (g) routes twice",
            good + [0x80, 15, 3, 0, 2, 1, 0x80, 15, 3, 0, 2, 1],
            reset(.malformedAttributeList)
        ),
        Case("§4 attribute over the end", good + [0x80, 4, 9, 0], .treatAsWithdraw),
        Case("§4 half a header", good + [0x80], .treatAsWithdraw),
        Case(
            "unknown and well-known",
            good + [0x40, 99, 0],
            reset(.unrecognizedWellKnownAttribute)
        ),
        Case(
            "§5.3 prefix of 33 bits",
            good,
            reset(.invalidNetworkField),
            nlri: [33, 1, 1, 1, 1, 1]
        ),
        Case("§5.3 prefix over the end", good, reset(.invalidNetworkField), nlri: [24, 1, 1]),
        Case(
            "routes of an unknown family",
            good + [0x80, 14, 9, 0, 25, 70, 4, 1, 1, 1, 1, 0],
            .discardAttribute
        ),
    ]

    @Test(arguments: cases)
    func `an error costs as little as can be`(_ c: Case) throws {
        switch c.consequence {
        case .resetSession(let notification):
            let error = #expect(throws: MessageError.self) {
                try Message(decoding: c.bytes, c.context)
            }
            #expect(error?.notification.error == notification.error)
        case .treatAsWithdraw:
            let update = try Self.update(c)
            #expect(update.faults.contains { $0.consequence == .treatAsWithdraw })
            #expect(update.nlri.isEmpty && update.attributes == nil)
            #expect(update.multiprotocolReach == nil)
            #expect(update.withdrawn == Sample.routes("10.0.0.0/8"))
        case .discardAttribute:
            let update = try Self.update(c)
            #expect(update.faults.map(\.consequence) == [.discardAttribute])
            #expect(update.nlri == Sample.routes("10.0.0.0/8"))
            var plain = Sample.plain
            plain.unknown = update.attributes?.unknown ?? []
            #expect(update.attributes == plain)
        }
    }

    private static func update(_ c: Case) throws -> UpdateMessage {
        guard case .update(let update) = try Message(decoding: c.bytes, c.context) else {
            throw MessageError(.header(.badMessageType))
        }
        return update
    }

    @Test func `the lengths of the message must agree`() {
        for (offset, value) in [(20, UInt8(200)), (22, 200)] {
            var bytes = Case("", Self.good, .discardAttribute).bytes
            bytes[offset] = value
            #expect(throws: MessageError.self) { try Message(decoding: bytes, MessageContext()) }
        }
    }

    @Test func `what is withdrawn with two families goes to its own`() throws {
        let reach: [UInt8] =
            [0x80, 14, 23, 0, 2, 1, 16, 0x20] + [UInt8](repeating: 1, count: 15) + [0, 8, 0x20]
        let unreach: [UInt8] = [0x80, 15, 5, 0, 1, 1, 8, 11]
        let c = Case("", [0x40, 1, 1, 9] + Self.path + reach + unreach, .treatAsWithdraw, nlri: [])
        let update = try Self.update(c)
        #expect(update.withdrawn == Sample.routes("11.0.0.0/8"))
        #expect(update.multiprotocolUnreach?.withdrawn == Sample.routes("2000::/8"))
        #expect(update.multiprotocolUnreach?.family == .ipv6Unicast)
    }

    @Test func `IPv4 addresses in IPv6 prefixes are no routes`() throws {
        let mapped: [UInt8] = [128] + [UInt8](repeating: 0, count: 10) + [255, 255, 10, 0, 0, 1]
        let unreach = [0x80, 15, UInt8(3 + mapped.count + 2), 0, 2, 1] + mapped + [8, 0x20]
        let update = try Self.update(Case("", unreach, .discardAttribute, nlri: []))
        #expect(update.multiprotocolUnreach?.withdrawn == Sample.routes("2000::/8"))
    }
}
