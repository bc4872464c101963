import CLibBPF
import Glibc
import Linux

// Many writes in one system call, about half the price of one each.

extension Map {
    /// Writes all entries; on an error some may have been written.
    package func set(_ keys: [Key], to values: [Value]) throws(BPFError) {
        precondition(keys.count == values.count, "\(keys.count) keys, \(values.count) values")
        guard info.hasBatches, keys.count > 1 else {
            for (key, value) in zip(keys, values) { try set(key, to: value) }
            return
        }
        var count = UInt32(keys.count)
        let result = keys.withUnsafeBytes { keys in
            values.withUnsafeBytes { values in
                descriptor.withRaw {
                    bpf_map_update_batch($0, keys.baseAddress, values.baseAddress, &count, nil)
                }
            }
        }
        try check(result, "update map", name)
    }

    /// Takes entries out; those already gone are no error.
    ///
    /// On an error some may have been taken out.
    package func delete(_ keys: [Key]) throws(BPFError) {
        guard info.hasBatchDeletion, keys.count > 1 else {
            for key in keys { try delete(key) }
            return
        }
        var start = 0
        while start < keys.count {
            var count = UInt32(keys.count - start)
            let result = keys.withUnsafeBytes { bytes in
                descriptor.withRaw {
                    bpf_map_delete_batch(
                        $0,
                        bytes.baseAddress.map { $0 + start * MemoryLayout<Key>.stride },
                        &count,
                        nil
                    )
                }
            }
            // The kernel stops at an absent key, and says how many went before it.
            guard result == -ENOENT else {
                try check(result, "delete from map", name)
                return
            }
            start += Int(count) + 1
        }
    }
}
