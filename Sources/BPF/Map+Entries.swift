import CLibBPF
import Glibc
import Linux

// Many entries at once. Each is atomic for itself, the whole is not: a map that programs write
// meanwhile may show an entry twice or miss one that came or went.

extension Map where Key: BitwiseCopyable, Value: BitwiseCopyable {
    /// One entry as the kernel holds it.
    package struct Entry {
        package let key: Key
        package let value: Value
    }

    /// All entries, by batches where the kind of map has them and by `get_next_key` elsewhere.
    package func entries() throws(BPFError) -> [Entry] {
        var result: [Entry] = []
        try forEachBatch { result += $0 }
        return result
    }

    /// All entries, some thousands at a time, so that a big map never is in memory whole.
    package func forEachBatch(_ body: ([Entry]) -> Void) throws(BPFError) {
        if info.hasBatches { return try batched(body) }
        var batch: [Entry] = []
        for key in try keys() {
            if let value = try get(key) { batch.append(Entry(key: key, value: value)) }
        }
        body(batch)
    }

    /// All keys, one system call each.
    package func keys() throws(BPFError) -> [Key] {
        var result: [Key] = []
        // A key that vanishes under us starts the walk again; the bound ends an endless chase.
        let bound = 2 * info.maxEntries + 1024
        while result.count < bound {
            guard let key = try key(after: result.last) else { break }
            result.append(key)
        }
        return result
    }

    func key(after previous: Key?) throws(BPFError) -> Key? {
        let (result, key) = withUnsafeTemporaryAllocation(of: Key.self, capacity: 1) { next in
            let result = descriptor.withRaw { raw in
                guard let previous else { return bpf_map_get_next_key(raw, nil, next.baseAddress) }
                return withUnsafeBytes(of: previous) {
                    bpf_map_get_next_key(raw, $0.baseAddress, next.baseAddress)
                }
            }
            return (result, result == 0 ? next[0] : nil)
        }
        if result == -ENOENT { return nil }
        try check(result, "walk map", name)
        return key
    }

    private func batched(_ body: ([Entry]) -> Void) throws(BPFError) {
        var position: Key?
        var room = min(info.maxEntries, 4096)
        while true {
            let batch = batch(after: position, room: room)
            body(batch.entries)
            position = batch.position
            switch batch.result {
            case 0:
                continue
            case -ENOENT:
                return
            case -ENOSPC where room < info.maxEntries:
                // One bucket holds more than there was room for.
                room = min(room * 2, info.maxEntries)
            default:
                try check(batch.result, "read map", name)
            }
        }
    }

    struct Batch {
        let result: Int32
        let entries: [Entry]
        let position: Key?
    }

    func batch(after position: Key?, room: Int) -> Batch {
        withUnsafeTemporaryAllocation(of: Key.self, capacity: room + 2) { keys in
            withUnsafeTemporaryAllocation(of: Value.self, capacity: room) { values in
                // The position is the kernel's own; for hashes it is four bytes, so that a key
                // smaller than that must not hold it.
                let (before, after) = (keys.baseAddress, keys.baseAddress.map { $0 + 1 })
                if let position { before?.initialize(to: position) }
                var count = UInt32(room)
                let result = descriptor.withRaw {
                    bpf_map_lookup_batch(
                        $0,
                        position == nil ? nil : before,
                        after,
                        after.map { $0 + 1 },
                        values.baseAddress,
                        &count,
                        nil
                    )
                }
                let read = result == 0 || result == -ENOENT ? Int(count) : 0
                return Batch(
                    result: result,
                    entries: (0..<read).map { Entry(key: keys[$0 + 2], value: values[$0]) },
                    position: result == 0 ? after?.pointee : position
                )
            }
        }
    }
}
