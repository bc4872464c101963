import BGPMessage

/// What one group of peers is to be told of one family: Adj-RIB-Out, once for all of them.
///
/// What changes goes into a log of prefixes, of which only the last entry of each counts; every
/// member reads the log at its own speed, so that a slow one finds less to read, not more.
struct GroupTable {
    /// One of several paths, to peers that take several.
    struct Path: Hashable {
        var pathID: UInt32
        /// 0 for one that is gone and that some may have been told.
        var attributes: UInt32
        var source: PeerID
    }

    /// Members that are up.
    var members: [PeerID] = []
    let hasPaths: Bool
    /// By prefix: the attributes to be told, 0 for none.
    private(set) var attributes: [UInt32] = []
    /// By prefix: whom the route is from, who is not told.
    private(set) var sources: [PeerID] = []
    /// By prefix: where it was last put in the log.
    private var positions: [UInt32] = []
    private(set) var log: [UInt32] = []
    private(set) var paths: [UInt32: [Path]] = [:]
    /// Parts of the log that some member has been sent, for the others.
    private(set) var chunks: [Chunk] = []

    init(hasPaths: Bool) {
        self.hasPaths = hasPaths
    }

    /// Makes room for as many prefixes as there are.
    mutating func grow(to count: Int) {
        let missing = count - attributes.count
        guard missing > 0 else { return }
        attributes.append(contentsOf: repeatElement(0, count: missing))
        sources.append(contentsOf: repeatElement(.local, count: missing))
        positions.append(contentsOf: repeatElement(0, count: missing))
    }

    /// Sets what is to be told of a prefix, a count of `new` included; what was told before loses its
    /// count.
    mutating func set(
        _ index: UInt32,
        _ new: UInt32,
        _ source: PeerID,
        _ table: inout AttributeTable
    ) {
        let old = attributes[Int(index)]
        if old == new, sources[Int(index)] == source || new == 0 {
            if new != 0 { table.release(new) }
            return
        }
        attributes[Int(index)] = new
        sources[Int(index)] = source
        if old != 0 { table.release(old) }
        append(index)
    }

    /// Sets the paths to be told; those that are gone stay, without attributes, for the withdrawal.
    mutating func set(_ index: UInt32, _ new: [Path], _ table: inout AttributeTable) {
        let old = paths[index] ?? []
        var merged = new
        for path in old where !new.contains(where: { $0.pathID == path.pathID }) {
            merged.append(Path(pathID: path.pathID, attributes: 0, source: path.source))
        }
        for path in old where path.attributes != 0 { table.release(path.attributes) }
        guard merged != old else { return }
        paths[index] = merged.isEmpty ? nil : merged
        append(index)
    }

    /// Takes over paths that a new member was told elsewhere, to be withdrawn if they are not here.
    mutating func bury(_ index: UInt32, _ told: [Path]) {
        let own = paths[index] ?? []
        let gone = told.filter { path in !own.contains { $0.pathID == path.pathID } }
        guard !gone.isEmpty else { return }
        paths[index] = own + gone.map { Path(pathID: $0.pathID, attributes: 0, source: $0.source) }
        append(index)
    }

    private mutating func append(_ index: UInt32) {
        guard !members.isEmpty else { return }
        positions[Int(index)] = UInt32(log.count)
        log.append(index)
    }

    /// The entry is the last of its prefix.
    func counts(_ position: Int) -> Bool { positions[Int(log[position])] == UInt32(position) }

    /// The log still has something to say of the prefix from `position` on.
    func isPending(_ index: UInt32, from position: Int) -> Bool {
        let last = Int(positions[Int(index)])
        return last >= position && last < log.count && log[last] == index
    }

    /// Forgets paths that are gone, once all members have read so.
    mutating func dropTombstones(_ index: UInt32) {
        guard var list = paths[index] else { return }
        list.removeAll { $0.attributes == 0 }
        paths[index] = list.isEmpty ? nil : list
    }

    /// Gives all counts back, for a group that nobody is in any more.
    mutating func clear(_ table: inout AttributeTable) {
        for id in attributes where id != 0 { table.release(id) }
        for path in paths.values.joined() where path.attributes != 0 {
            table.release(path.attributes)
        }
        self = GroupTable(hasPaths: hasPaths)
    }
}

// MARK: The log

extension GroupTable {
    /// Keeps a part for the members behind, and forgets the oldest of many.
    mutating func keep(_ chunk: Chunk) {
        if chunks.count >= 64 { chunks.removeFirst() }
        chunks.append(chunk)
    }

    /// Drops what all have read and what no longer counts, when that is most of the log; `cursors` are
    /// moved to where they then belong.
    mutating func compact(_ cursors: inout [Int]) {
        let least = cursors.min() ?? log.count
        if least == log.count {
            forgetRead(upTo: log.count)
            log.removeAll(keepingCapacity: log.count < 1 << 16)
            chunks = []
            for index in cursors.indices { cursors[index] = 0 }
            return
        }
        guard log.count > 4096, least > log.count / 2 || log.count > 2 * attributes.count + 4096
        else { return }
        forgetRead(upTo: least)
        var kept: [UInt32] = []
        var moved = [Int](repeating: 0, count: log.count - least + 1)
        for position in least..<log.count {
            moved[position - least] = kept.count
            let index = log[position]
            guard positions[Int(index)] == UInt32(position) else { continue }
            positions[Int(index)] = UInt32(kept.count)
            kept.append(index)
        }
        moved[log.count - least] = kept.count
        for index in cursors.indices { cursors[index] = moved[cursors[index] - least] }
        log = kept
        chunks = []
    }

    private mutating func forgetRead(upTo end: Int) {
        guard hasPaths else { return }
        for position in 0..<end where counts(position) { dropTombstones(log[position]) }
    }
}

/// A part of a group's log as it went out, to be sent to other members as it is.
struct Chunk {
    struct Message {
        /// Where it ends in `bytes`.
        var end: Int
        /// Whom its routes are from, who must not get it.
        var source: PeerID
    }

    var start: Int
    var end: Int
    var bytes: [UInt8]
    var messages: [Message]
    var announced: [UpdatePacker.Announcement]
    var withdrawn: [UpdatePacker.Withdrawal]
}
