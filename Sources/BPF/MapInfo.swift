import CLibBPF
import Linux

/// The shape of a map: what must agree before two parties may share it.
package struct MapInfo: Hashable, Sendable, CustomStringConvertible {
    package let name: String
    package let type: UInt32
    package let keySize: Int
    package let valueSize: Int
    package private(set) var maxEntries: Int
    package let flags: UInt32

    /// Asks the kernel about an open map.
    init(descriptor: Int32, name: String) throws(BPFError) {
        var info = bpf_map_info()
        var size = UInt32(MemoryLayout<bpf_map_info>.size)
        try check(bpf_obj_get_info_by_fd(descriptor, &info, &size), "inspect map", name)
        self.name = name
        type = info.type
        keySize = Int(info.key_size)
        valueSize = Int(info.value_size)
        maxEntries = Int(info.max_entries)
        flags = info.map_flags
    }

    /// Asks the kernel about a pinned map.
    package init(pinned path: String) throws(BPFError) {
        let descriptor = Descriptor(
            owning: try check(bpf_obj_get(path), "open pinned map", path)
        )
        self = try descriptor.withRaw { raw throws(BPFError) in
            try MapInfo(descriptor: raw, name: path)
        }
    }

    /// What an object that is not loaded yet declares.
    init(declared map: OpaquePointer) {
        name = String(cString: bpf_map__name(map))
        type = bpf_map__type(map).rawValue
        keySize = Int(bpf_map__key_size(map))
        valueSize = Int(bpf_map__value_size(map))
        maxEntries = Int(bpf_map__max_entries(map))
        flags = bpf_map__map_flags(map)
    }

    package var description: String {
        "type \(type), key \(keySize), value \(valueSize), \(maxEntries) entries, flags \(flags)"
    }

    /// The same with room for another number of entries.
    func sized(_ count: Int) -> MapInfo {
        var info = self
        info.maxEntries = count
        return info
    }

    /// Whether its size is but a limit, because entries are allocated as they are written.
    var growsOnDemand: Bool { flags & UInt32(BPF_F_NO_PREALLOC) != 0 }

    /// The first property in which `other` differs, in words; `nil` when they are the same.
    func difference(from other: MapInfo) -> String? {
        let properties: [(String, Int, Int)] = [
            ("type", Int(type), Int(other.type)),
            ("key size", keySize, other.keySize),
            ("value size", valueSize, other.valueSize),
            ("max entries", maxEntries, other.maxEntries),
            ("flags", Int(flags), Int(other.flags)),
        ]
        return properties.first { $0.1 != $0.2 }.map { "\($0.0) is \($0.1), needed is \($0.2)" }
    }

    /// Whether it can hold all that `other` holds: values only grew at their end, entries became more.
    func outgrows(_ other: MapInfo) -> Bool {
        type == other.type && keySize == other.keySize && flags == other.flags
            && valueSize >= other.valueSize && maxEntries >= other.maxEntries
            && type != BPF_MAP_TYPE_RINGBUF.rawValue
    }

    /// What one look-up from user space gives.
    var readSize: Int {
        isPerCPU ? (valueSize + 7) / 8 * 8 * Int(max(libbpf_num_possible_cpus(), 1)) : valueSize
    }

    /// Whether programs make entries that nobody else knows of.
    var isLRU: Bool { type == BPF_MAP_TYPE_LRU_HASH.rawValue }

    /// Per-CPU maps give one value a CPU, each rounded up to eight bytes.
    var isPerCPU: Bool {
        [
            BPF_MAP_TYPE_PERCPU_ARRAY, BPF_MAP_TYPE_PERCPU_HASH, BPF_MAP_TYPE_LRU_PERCPU_HASH,
        ].contains { $0.rawValue == type }
    }

    /// Arrays keep all their entries.
    package var hasBatchDeletion: Bool {
        [BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_LRU_HASH].contains { $0.rawValue == type }
    }

    /// A trie has no batch operations worth the name: the kernel refuses updates with EINVAL.
    package var hasBatches: Bool {
        [BPF_MAP_TYPE_HASH, BPF_MAP_TYPE_LRU_HASH, BPF_MAP_TYPE_ARRAY].contains {
            $0.rawValue == type
        }
    }
}
