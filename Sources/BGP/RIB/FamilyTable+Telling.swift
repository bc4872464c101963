import BGPMessage
import Model
import Wire

// What peers are told, as bytes.

extension FamilyTable {
    /// How many prefixes one part of a group's log holds at most.
    private static let chunkSize = 2048

    /// Something is to be said to the peer.
    func hasPending(_ peer: PeerID) -> Bool {
        let outlet = outlets[peer.index]
        guard let group = outlet.group, !isDeferred else { return false }
        if case .none = outlet.walk, !outlet.owesEndOfRIB, !outlet.isRefresh {
            return outlet.cursor < groups[group].log.count
        }
        return true
    }

    /// Appends messages until there is nothing more to say, or `budget` bytes.
    mutating func tell(
        _ peer: PeerID,
        _ output: inout [UInt8],
        budget: Int,
        _ shared: borrowing SharedState
    ) {
        guard let group = outlets[peer.index].group, !isDeferred else { return }
        let context = shared.groups[group].profile.sending
        while output.count < budget {
            if outlets[peer.index].isRefresh, !outlets[peer.index].isBegun {
                outlets[peer.index].isBegun = true
                mark(.begin, peer, &output, context, shared)
            } else if walk(peer, group, &output, context, shared) {
                continue
            } else if outlets[peer.index].isRefresh {
                outlets[peer.index].isRefresh = false
                outlets[peer.index].isBegun = false
                mark(.end, peer, &output, context, shared)
            } else if outlets[peer.index].owesEndOfRIB {
                outlets[peer.index].owesEndOfRIB = false
                let end = UpdateMessage(endOfRIB: AddressFamily(family))
                output += Message.update(end).encoded(context)
            } else if outlets[peer.index].cursor < groups[group].log.count {
                readLog(peer, group, &output, context, shared)
            } else {
                return
            }
        }
    }

    private func mark(
        _ kind: RouteRefreshMessage.Kind,
        _ peer: PeerID,
        _ output: inout [UInt8],
        _ context: MessageContext,
        _ shared: borrowing SharedState
    ) {
        guard shared.peers[peer.index].session?.hasEnhancedRefresh == true else { return }
        let message = RouteRefreshMessage(AddressFamily(family), kind)
        output += Message.routeRefresh(message).encoded(context)
    }

    // MARK: Repetitions

    /// Goes one part further in a repetition; false when there is none.
    private mutating func walk(
        _ peer: PeerID,
        _ group: Int,
        _ output: inout [UInt8],
        _ context: MessageContext,
        _ shared: borrowing SharedState
    ) -> Bool {
        let part: [UInt32]
        switch outlets[peer.index].walk {
        case .none: return false
        case .range(let next):
            // The log up to here is of what the walk will tell.
            if next == 0 { outlets[peer.index].cursor = groups[group].log.count }
            let end = min(next + Self.chunkSize, groups[group].attributes.count)
            part = Array(UInt32(min(next, end))..<UInt32(end))
            outlets[peer.index].walk =
                end == groups[group].attributes.count ? .none : .range(next: end)
        case .list(let list, let next):
            let end = min(next + Self.chunkSize, list.count)
            part = Array(list[next..<end])
            outlets[peer.index].walk = end == list.count ? .none : .list(list, next: end)
        }
        var packer = UpdatePacker(family, context)
        let (announced, withdrawn) = state(of: part, peer, group)
        packer.pack(
            withdrawn: withdrawn,
            announced: announced,
            prefixes,
            shared.attributes
        )
        note(announced, withdrawn, peer)
        output += packer.writer.bytes
        return true
    }

    /// What the peer is to be told of some prefixes: its own routes not, and nothing is withdrawn that
    /// it has not got.
    private func state(
        of indices: [UInt32],
        _ peer: PeerID?,
        _ group: Int
    ) -> ([UpdatePacker.Announcement], [UpdatePacker.Withdrawal]) {
        let table = groups[group]
        var announced: [UpdatePacker.Announcement] = []
        var withdrawn: [UpdatePacker.Withdrawal] = []
        announced.reserveCapacity(indices.count)
        for index in indices {
            let isTold = peer.map { outlets[$0.index].isTold(index) } ?? true
            if table.hasPaths {
                for path in table.paths[index] ?? [] {
                    if path.attributes != 0, path.source != peer {
                        announced.append(
                            UpdatePacker.Announcement(
                                attributes: path.attributes,
                                index: index,
                                pathID: path.pathID,
                                source: path.source
                            )
                        )
                    } else if isTold {
                        withdrawn.append(.init(index: index, pathID: path.pathID))
                    }
                }
                continue
            }
            let attributes = table.attributes[Int(index)]
            let source = table.sources[Int(index)]
            if attributes != 0, source != peer {
                announced.append(.init(attributes: attributes, index: index, source: source))
            } else if isTold {
                withdrawn.append(.init(index: index))
            }
        }
        if !zip(announced, announced.dropFirst()).allSatisfy({ Self.inOrder($0, $1) }) {
            announced.sort { Self.key($0) < Self.key($1) }
        }
        return (announced, withdrawn)
    }

    private static func key(_ one: UpdatePacker.Announcement) -> UInt64 {
        UInt64(one.attributes) << 16 | UInt64(one.source.rawValue)
    }

    private static func inOrder(
        _ one: UpdatePacker.Announcement,
        _ next: UpdatePacker.Announcement
    ) -> Bool {
        key(one) <= key(next)
    }

    private mutating func note(
        _ announced: [UpdatePacker.Announcement],
        _ withdrawn: [UpdatePacker.Withdrawal],
        _ peer: PeerID
    ) {
        for one in withdrawn { outlets[peer.index].clearTold(one.index) }
        for one in announced { outlets[peer.index].setTold(one.index) }
    }

    // MARK: The log

    private mutating func readLog(
        _ peer: PeerID,
        _ group: Int,
        _ output: inout [UInt8],
        _ context: MessageContext,
        _ shared: borrowing SharedState
    ) {
        let start = outlets[peer.index].cursor
        if let chunk = groups[group].chunks.first(where: { $0.start == start }) {
            if send(chunk, to: peer, &output) { return }
        }
        let table = groups[group]
        var position = start
        var part: [UInt32] = []
        while position < table.log.count, part.count < Self.chunkSize {
            if table.counts(position) { part.append(table.log[position]) }
            position += 1
        }
        let isShared = table.members.count > 1 && !table.hasPaths
        if isShared, !table.chunks.contains(where: { $0.start == start }) {
            let chunk = makeChunk(part, start..<position, group, context, shared)
            groups[group].keep(chunk)
            if send(chunk, to: peer, &output) { return }
        }
        outlets[peer.index].cursor = position
        var packer = UpdatePacker(family, context)
        let (announced, withdrawn) = state(of: part, peer, group)
        packer.pack(withdrawn: withdrawn, announced: announced, prefixes, shared.attributes)
        note(announced, withdrawn, peer)
        output += packer.writer.bytes
    }

    private func makeChunk(
        _ part: [UInt32],
        _ range: Range<Int>,
        _ group: Int,
        _ context: MessageContext,
        _ shared: borrowing SharedState
    ) -> Chunk {
        var packer = UpdatePacker(family, context)
        let (announced, withdrawn) = state(of: part, nil, group)
        packer.pack(withdrawn: withdrawn, announced: announced, prefixes, shared.attributes)
        return Chunk(
            start: range.lowerBound,
            end: range.upperBound,
            bytes: packer.writer.bytes,
            messages: packer.messages,
            announced: announced,
            withdrawn: withdrawn
        )
    }

    /// Sends what others were sent, without the routes that are the peer's own; false if the peer
    /// needs to be told otherwise.
    private mutating func send(_ chunk: Chunk, to peer: PeerID, _ output: inout [UInt8]) -> Bool {
        let outlet = outlets[peer.index]
        guard chunk.withdrawn.allSatisfy({ outlet.isTold($0.index) }),
            !chunk.announced.contains(where: { $0.source == peer && outlet.isTold($0.index) })
        else { return false }
        outlets[peer.index].cursor = chunk.end
        for one in chunk.withdrawn { outlets[peer.index].clearTold(one.index) }
        for one in chunk.announced where one.source != peer {
            outlets[peer.index].setTold(one.index)
        }
        guard chunk.messages.contains(where: { $0.source == peer }) else {
            output += chunk.bytes
            return true
        }
        var start = 0
        for message in chunk.messages {
            if message.source != peer { output += chunk.bytes[start..<message.end] }
            start = message.end
        }
        return true
    }

    /// Drops what all members of the groups have read, of logs longer than `length`.
    mutating func compactLogs(over length: Int = 0) {
        for group in groups.indices where groups[group].log.count > length {
            var cursors = groups[group].members.map { outlets[$0.index].cursor }
            groups[group].compact(&cursors)
            for (peer, cursor) in zip(groups[group].members, cursors) {
                outlets[peer.index].cursor = cursor
            }
        }
    }
}
