import CLibBPF
import Glibc
import Linux

/// A pinned map of an older version, whose place a bigger one takes.
///
/// Fields are only ever added at the end of a value, with zero for "not there": an old value with zeros
/// behind it is a new one. The programs that run meanwhile go on with the old map until they are replaced;
/// what they enter until then is fetched by ``catchUp()``.
package final class OutgrownMap {
    private let path: String
    private let former: Descriptor
    private let info: MapInfo
    private let map: OpaquePointer

    init(pinned path: String, successor map: OpaquePointer) throws(BPFError) {
        let former = Descriptor(owning: try check(bpf_obj_get(path), "open pinned map", path))
        info = try former.withRaw { raw throws(BPFError) in
            try MapInfo(descriptor: raw, name: path)
        }
        self.former = former
        self.path = path
        self.map = map
    }

    /// Fills the successors, which are loaded by now, and lets them take over the pins.
    ///
    /// Connections come last: when the agent dies in between, the next one finds the old map again.
    package static func move(_ maps: [OutgrownMap]) throws(BPFError) {
        for map in maps { try map.copy(.always) }
        for map in maps where !map.info.isLRU { try map.takeOverPin() }
        for map in maps where map.info.isLRU { try map.takeOverPin() }
    }

    /// Fetches what programs have entered in the old map since.
    package func catchUp() throws(BPFError) {
        if info.isLRU { try copy(.ifAbsent) }
    }

    private func copy(_ when: MapWrite) throws(BPFError) {
        let successor = MapInfo(declared: map)
        // Values of several CPUs stand in rows: longer ones would not be where they belong.
        guard !info.isPerCPU || info.valueSize == successor.valueSize else { return }
        var key: [UInt8]?
        var rest = 2 * info.maxEntries + 1024
        while rest > 0, let next = try self.key(after: key) {
            if var value = try value(of: next) {
                value += [UInt8](repeating: 0, count: successor.readSize - value.count)
                let result = bpf_map_update_elem(bpf_map__fd(map), next, value, when.rawValue)
                if result != -EEXIST { try check(result, "fill the successor of", path) }
            }
            key = next
            rest -= 1
        }
    }

    private func key(after key: [UInt8]?) throws(BPFError) -> [UInt8]? {
        var next = [UInt8](repeating: 0, count: info.keySize)
        let result = former.withRaw { bpf_map_get_next_key($0, key, &next) }
        if result == -ENOENT { return nil }
        try check(result, "walk map", path)
        return next
    }

    private func value(of key: [UInt8]) throws(BPFError) -> [UInt8]? {
        var value = [UInt8](repeating: 0, count: info.readSize)
        let result = former.withRaw { bpf_map_lookup_elem($0, key, &value) }
        if result == -ENOENT { return nil }
        try check(result, "look up in map", path)
        return value
    }

    private func takeOverPin() throws(BPFError) {
        let fresh = "\(path)_new"
        unlink(fresh)
        try check(bpf_obj_pin(bpf_map__fd(map), fresh), "pin map at", fresh)
        try wrapping("replace pin", path) { () throws(LinuxError) in
            _ = try call("rename", on: path) { rename(fresh, path) }
        }
    }
}
