import CLibBPF
import Glibc
import Linux

// A map a slice at a time, for those who are in no hurry.

extension Map {
    /// How far a walk has come: the kernel's own word, of use to the same map only.
    package struct Cursor: Sendable where Key: Sendable {
        let position: Key
    }

    /// About `limit` entries after `cursor`, and where to go on; `nil` at the end.
    ///
    /// The map may change between slices: an entry may then show twice, or not at all.
    package func slice(
        after cursor: Cursor?,
        limit: Int
    ) throws(BPFError) -> (entries: [Entry], next: Cursor?) where Key: Sendable {
        if info.hasBatches { return try batch(after: cursor, limit: limit) }
        var entries: [Entry] = []
        var last = cursor?.position
        while entries.count < limit {
            guard let key = try key(after: last) else { return (entries, nil) }
            last = key
            if let value = try get(key) { entries.append(Entry(key: key, value: value)) }
        }
        return (entries, last.map { Cursor(position: $0) })
    }

    private func batch(
        after cursor: Cursor?,
        limit: Int
    ) throws(BPFError) -> (entries: [Entry], next: Cursor?) where Key: Sendable {
        var room = min(info.maxEntries, max(limit, 64))
        while true {
            let batch = batch(after: cursor?.position, room: room)
            switch batch.result {
            case 0: return (batch.entries, batch.position.map { Cursor(position: $0) })
            case -ENOENT: return (batch.entries, nil)
            // One bucket holds more than there was room for.
            case -ENOSPC where room < info.maxEntries: room = min(room * 2, info.maxEntries)
            default: try check(batch.result, "read map", name)
            }
        }
    }
}
