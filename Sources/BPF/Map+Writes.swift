import CLibBPF
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
    package func delete(_ keys: [Key]) throws(BPFError) {
        // A batch stops at the first absent key, which is of no use here.
        for key in keys { try delete(key) }
    }
}
