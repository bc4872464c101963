import BGPMessage
import Model
import Wire

/// Writes UPDATEs that say of many prefixes what is to be said, in as few messages as it takes.
struct UpdatePacker {
    struct Announcement {
        var attributes: UInt32
        var index: UInt32
        var pathID: UInt32 = 0
        var source: PeerID
    }

    struct Withdrawal {
        var index: UInt32
        var pathID: UInt32 = 0
    }

    let family: Family
    let context: MessageContext
    private(set) var writer = ByteWriter(reserving: 16_384)
    /// Where each message ends, and whom its routes are from.
    private(set) var messages: [Chunk.Message] = []

    init(_ family: Family, _ context: MessageContext) {
        self.family = family
        self.context = context
    }

    private var hasPathIDs: Bool { context.addPath.contains(family) }

    /// Writes all that is withdrawn, then all that is announced, by attributes.
    mutating func pack(
        withdrawn: [Withdrawal],
        announced: [Announcement],
        _ prefixes: PrefixTable,
        _ attributes: AttributeTable
    ) {
        var start = 0
        while start < withdrawn.count { start = withdraw(withdrawn, from: start, prefixes) }
        start = 0
        while start < announced.count {
            let first = announced[start]
            var end = start + 1
            while end < announced.count, announced[end].attributes == first.attributes,
                announced[end].source == first.source
            {
                end += 1
            }
            announce(announced[start..<end], prefixes, attributes)
            start = end
        }
    }

    private mutating func end(_ source: PeerID) {
        messages.append(Chunk.Message(end: writer.count, source: source))
    }

    private mutating func endMessage(_ start: Int, _ source: PeerID) {
        MessageHeader.finish(start, &writer)
        end(source)
    }

    // MARK: Withdrawals

    /// Writes one message; where the next starts.
    private mutating func withdraw(
        _ list: [Withdrawal],
        from first: Int,
        _ prefixes: PrefixTable
    ) -> Int {
        // Room for a whole attribute's head before them.
        var room = context.maximumLength - 23 - 7
        var index = first
        var nlri: [NLRI] = []
        while index < list.count {
            guard let prefix = prefixes.prefix(at: list[index].index) else {
                index += 1
                continue
            }
            let route = NLRI(prefix, pathID: list[index].pathID)
            let size = route.size(hasPathIDs: hasPathIDs)
            guard size <= room else { break }
            room -= size
            nlri.append(route)
            index += 1
        }
        guard !nlri.isEmpty else { return index }
        var update = UpdateMessage()
        if family == .v4 {
            update.withdrawn = nlri
        } else {
            update.multiprotocolUnreach = MultiprotocolUnreach(.ipv6Unicast, withdrawn: nlri)
        }
        writer.write(bytes: Message.update(update).encoded(context))
        end(.local)
        return index
    }

    // MARK: Announcements

    private mutating func announce(
        _ list: ArraySlice<Announcement>,
        _ prefixes: PrefixTable,
        _ table: AttributeTable
    ) {
        guard let first = list.first else { return }
        let facts = table.facts[Int(first.attributes)]
        guard let nextHop = table.hops.hop(facts.hop).nextHop else { return }
        if family == .v4, nextHop.address.isV4 {
            announceInField(list, nextHop, prefixes, table)
        } else {
            announceInAttribute(list, nextHop, prefixes, table)
        }
    }

    /// IPv4 with an IPv4 next hop: attributes and NLRI each in their field (RFC 4271 §4.3).
    private mutating func announceInField(
        _ list: ArraySlice<Announcement>,
        _ nextHop: NextHop,
        _ prefixes: PrefixTable,
        _ table: AttributeTable
    ) {
        guard let source = list.first?.source else { return }
        let hasPathIDs = hasPathIDs
        var index = list.startIndex
        while index < list.endIndex {
            let start = MessageHeader.begin(.update, &writer)
            writer.write(UInt16(0))
            let lengthAt = writer.count
            writer.write(UInt16(0))
            writeAttributes(list[index].attributes, nextHop, table)
            writer.patch(UInt16(writer.count - lengthAt - 2), at: lengthAt)
            let limit = start + context.maximumLength - 9
            let before = index
            while index < list.endIndex, writer.count <= limit {
                if hasPathIDs { writer.write(list[index].pathID) }
                _ = prefixes.write(list[index].index, to: &writer)
                index += 1
            }
            endMessage(start, source)
            guard index > before else { return }
        }
    }

    /// The attributes in the order of their types, NEXT_HOP among them.
    private mutating func writeAttributes(
        _ id: UInt32,
        _ nextHop: NextHop,
        _ table: AttributeTable
    ) {
        guard context.hasFourOctetAS, let v4 = nextHop.address.v4 else {
            return table.attributes(id).write(to: &writer, context, hasNLRI: true)
        }
        let bytes = table.bytes(id)
        let head = bytes.startIndex + Self.lengthOfOriginAndPath(bytes)
        writer.write(bytes: bytes[..<head])
        for octet: UInt8 in [0x40, AttributeType.nextHop.rawValue, 4] { writer.write(octet) }
        writer.write(v4)
        writer.write(bytes: bytes[head...])
    }

    /// ORIGIN and AS_PATH come first in what the table keeps.
    private static func lengthOfOriginAndPath(_ bytes: ArraySlice<UInt8>) -> Int {
        let start = bytes.startIndex + 4
        let isExtended = bytes[start] & 0x10 != 0
        return isExtended
            ? 8 + Int(bytes[start + 2]) << 8 + Int(bytes[start + 3]) : 7 + Int(bytes[start + 2])
    }

    /// Other families and next hops: the routes in MP_REACH_NLRI (RFC 4760 §3, RFC 8950 §3).
    private mutating func announceInAttribute(
        _ list: ArraySlice<Announcement>,
        _ nextHop: NextHop,
        _ prefixes: PrefixTable,
        _ table: AttributeTable
    ) {
        guard let first = list.first else { return }
        var rest = ByteWriter()
        table.attributes(first.attributes).write(to: &rest, context, hasNLRI: false)
        // Heads of message and attribute, next hop pair.
        let room = context.maximumLength - 23 - 9 - 32 - rest.count
        var index = list.startIndex
        while index < list.endIndex {
            var nlri: [NLRI] = []
            var used = 0
            while index < list.endIndex {
                guard let prefix = prefixes.prefix(at: list[index].index) else {
                    index += 1
                    continue
                }
                let route = NLRI(prefix, pathID: list[index].pathID)
                used += route.size(hasPathIDs: hasPathIDs)
                guard used <= room else { break }
                nlri.append(route)
                index += 1
            }
            guard !nlri.isEmpty else { return }
            let start = MessageHeader.begin(.update, &writer)
            writer.write(UInt16(0))
            let lengthAt = writer.count
            writer.write(UInt16(0))
            MultiprotocolReach(family, nextHop: nextHop, nlri: nlri).write(to: &writer, context)
            writer.write(bytes: rest.bytes)
            writer.patch(UInt16(writer.count - lengthAt - 2), at: lengthAt)
            endMessage(start, first.source)
        }
    }
}
