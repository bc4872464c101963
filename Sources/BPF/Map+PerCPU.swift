import CLibBPF
import Glibc
import Linux

// Maps with one value for each CPU, each rounded up to eight bytes.

extension Map {
    /// The values of `key` on every CPU; a key that is not there is an error.
    package func perCPU(_ key: Key) throws(BPFError) -> [Value] {
        guard let values = try perCPUIfPresent(key) else {
            throw BPFError(operation: "look up in map", object: name, errno: ENOENT)
        }
        return values
    }

    /// The values of `key` on every CPU, `nil` when there are none.
    package func perCPUIfPresent(_ key: Key) throws(BPFError) -> [Value]? {
        precondition(info.isPerCPU, "\(name) has one value for all CPUs")
        let (stride, cpus) = try perCPULayout()
        var bytes = [UInt8](repeating: 0, count: stride * cpus)
        let result = withUnsafeBytes(of: key) { key in
            bytes.withUnsafeMutableBytes { bytes in
                descriptor.withRaw {
                    bpf_map_lookup_elem($0, key.baseAddress, bytes.baseAddress)
                }
            }
        }
        if result == -ENOENT { return nil }
        try check(result, "look up in map", name)
        return bytes.withUnsafeBytes { bytes in
            (0..<cpus).map { bytes.loadUnaligned(fromByteOffset: $0 * stride, as: Value.self) }
        }
    }

    /// Enters `key` with all bytes zero on every CPU, unless it is there.
    package func setPerCPUZero(_ key: Key) throws(BPFError) {
        precondition(info.isPerCPU, "\(name) has one value for all CPUs")
        let (stride, cpus) = try perCPULayout()
        let zero = [UInt8](repeating: 0, count: stride * cpus)
        let result = withUnsafeBytes(of: key) { key in
            zero.withUnsafeBytes { zero in
                descriptor.withRaw {
                    bpf_map_update_elem(
                        $0,
                        key.baseAddress,
                        zero.baseAddress,
                        MapWrite.ifAbsent.rawValue
                    )
                }
            }
        }
        if result != -EEXIST { try check(result, "update map", name) }
    }

    private func perCPULayout() throws(BPFError) -> (stride: Int, cpus: Int) {
        let cpus = Int(try check(libbpf_num_possible_cpus(), "count", "CPUs"))
        return ((MemoryLayout<Value>.size + 7) / 8 * 8, cpus)
    }
}
