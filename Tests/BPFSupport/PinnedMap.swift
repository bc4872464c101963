package import BPF
import CLibBPF
import Linux

/// A map of any shape as another version may have left it.
package final class RawMap {
    package enum Kind: Hashable, Sendable {
        case lru
        case array
    }

    private let map: Descriptor
    private let path: String

    fileprivate init(owning raw: Int32, at path: String) {
        map = Descriptor(owning: raw)
        self.path = path
    }

    /// Writes one entry.
    package func set(_ key: [UInt8], _ value: [UInt8]) throws(BPFError) {
        try check(map.withRaw { bpf_map_update_elem($0, key, value, 0) }, "update map")
    }

    fileprivate func pin() throws(BPFError) {
        try check(map.withRaw { bpf_obj_pin($0, path) }, "pin map")
    }

    private func check(_ result: Int32, _ operation: String) throws(BPFError) {
        guard result == 0 else {
            throw BPFError(operation: operation, object: path, errno: -result)
        }
    }
}

/// Makes a map with one entry and pins it.
@discardableResult
package func pinMap(
    at path: String,
    kind: RawMap.Kind = .lru,
    entries: UInt32,
    key: [UInt8],
    value: [UInt8]
) throws(BPFError) -> RawMap {
    let type = kind == .lru ? BPF_MAP_TYPE_LRU_HASH : BPF_MAP_TYPE_ARRAY
    let raw = bpf_map_create(type, nil, UInt32(key.count), UInt32(value.count), entries, nil)
    guard raw >= 0 else { throw BPFError(operation: "create map", object: path, errno: -raw) }
    let map = RawMap(owning: raw, at: path)
    try map.set(key, value)
    try map.pin()
    return map
}
