import CLibBPF
import Glibc
import Linux

/// When a write to a map is allowed.
///
/// The corresponding C constants are `BPF_ANY`, `BPF_NOEXIST` and `BPF_EXIST`.
package enum MapWrite: UInt64, Sendable {
    case always = 0
    case ifAbsent = 1
    case ifPresent = 2
}

/// A BPF map with the C types of its key and value; holds a descriptor of its own, so that it may
/// outlive the object it came from.
package struct Map<Key: BitwiseCopyable, Value: BitwiseCopyable>: ~Copyable, Sendable {
    package let name: String
    package let info: MapInfo
    let descriptor: Descriptor

    /// Shares a map of a loaded object.
    package init(_ map: OpaquePointer) throws(BPFError) {
        let name = String(cString: bpf_map__name(map))
        let raw = try wrapping("share map", name) { () throws(LinuxError) in
            try call("dup") { fcntl(bpf_map__fd(map), F_DUPFD_CLOEXEC, 0) }
        }
        try self.init(owning: Descriptor(owning: raw), name: name)
    }

    /// Opens the map pinned at `path`.
    ///
    /// The corresponding C function is `bpf_obj_get`.
    package init(pinned path: String) throws(BPFError) {
        let raw = try check(bpf_obj_get(path), "open pinned map", path)
        try self.init(owning: Descriptor(owning: raw), name: path)
    }

    private init(owning descriptor: consuming Descriptor, name: String) throws(BPFError) {
        let info = try descriptor.withRaw { raw throws(BPFError) in
            try MapInfo(descriptor: raw, name: name)
        }
        guard info.keySize == MemoryLayout<Key>.size, info.valueSize == MemoryLayout<Value>.size
        else {
            throw BPFError(
                operation: "open map",
                object: name,
                errno: EINVAL,
                detail: "key \(info.keySize) and value \(info.valueSize) bytes, expected "
                    + "\(MemoryLayout<Key>.size) and \(MemoryLayout<Value>.size)"
            )
        }
        self.name = name
        self.info = info
        self.descriptor = descriptor
    }

    /// The value of `key`, `nil` when there is none.
    package func get(_ key: Key) throws(BPFError) -> Value? {
        precondition(!info.isPerCPU, "\(name) has a value for each CPU")
        let (result, value) = withUnsafeBytes(of: key) { key in
            withUnsafeTemporaryAllocation(of: Value.self, capacity: 1) { value in
                let result = descriptor.withRaw {
                    bpf_map_lookup_elem($0, key.baseAddress, value.baseAddress)
                }
                return (result, result == 0 ? value[0] : nil)
            }
        }
        if result == -ENOENT { return nil }
        try check(result, "look up in map", name)
        return value
    }

    /// Writes one entry; a full map is `E2BIG`.
    package func set(
        _ key: Key,
        to value: Value,
        _ when: MapWrite = .always
    ) throws(BPFError) {
        let result = withUnsafeBytes(of: key) { key in
            withUnsafeBytes(of: value) { value in
                descriptor.withRaw {
                    bpf_map_update_elem($0, key.baseAddress, value.baseAddress, when.rawValue)
                }
            }
        }
        try check(result, "update map", name)
    }

    /// Takes one entry out; `false` when there was none.
    @discardableResult
    package func delete(_ key: Key) throws(BPFError) -> Bool {
        let result = withUnsafeBytes(of: key) { key in
            descriptor.withRaw { bpf_map_delete_elem($0, key.baseAddress) }
        }
        if result == -ENOENT { return false }
        try check(result, "delete from map", name)
        return true
    }

    /// Makes the map outlive the process at `path` in a BPF file system.
    package func pin(at path: String) throws(BPFError) {
        try check(descriptor.withRaw { bpf_obj_pin($0, path) }, "pin map \(name) at", path)
    }
}
