import Dataplane

/// Maps in memory behind the kernel's seam, with limits and a record of every write.
final class MemoryMaps: MapStore {
    /// One entry written or removed.
    struct Write: Hashable, CustomStringConvertible {
        let map: MapName
        let key: [UInt8]
        /// `nil` when the key was removed.
        let value: [UInt8]?

        var description: String { "\(value == nil ? "remove from" : "write to") \(map.rawValue)" }
    }

    private(set) var contents: [MapName: [[UInt8]: [UInt8]]] = [:]
    private(set) var writes: [Write] = []
    var limits: [MapName: Int] = [:]

    func forgetWrites() { writes = [] }

    func count(_ map: MapName) -> Int { contents[map]?.count ?? 0 }

    /// The maps without those that move by design, for comparing two states.
    var settled: [MapName: [[UInt8]: [UInt8]]] {
        contents.filter { $0.key != .generations && !$0.value.isEmpty }
    }

    func entries<K, V>(of table: MapTable<K, V>) throws(DataplaneError) -> [MapEntry<K, V>] {
        (contents[table.name] ?? [:]).map { (value(of: $0.key), value(of: $0.value)) }
    }

    /// By the order of keys' bytes, so that what changes behind the cursor does not matter.
    func slice<K, V>(
        of table: MapTable<K, V>,
        after cursor: MapCursor?,
        limit: Int
    ) throws(DataplaneError) -> MapSlice<K, V> {
        let keys = (contents[table.name] ?? [:]).keys.sorted { $0.lexicographicallyPrecedes($1) }
        let last = cursor?.position as? [UInt8] ?? []
        let rest = keys.drop { !last.lexicographicallyPrecedes($0) }
        let slice = rest.prefix(limit)
        let entries = slice.map { key in
            (value(of: key) as K, value(of: contents[table.name]?[key] ?? []) as V)
        }
        return MapSlice(
            entries: entries,
            next: slice.count < rest.count ? slice.last.map { MapCursor($0) } : nil
        )
    }

    func value<K, V>(of key: K, in table: MapTable<K, V>) throws(DataplaneError) -> V? {
        contents[table.name]?[bytes(of: key)].map { value(of: $0) }
    }

    func set<K, V>(
        _ entries: [MapEntry<K, V>],
        in table: MapTable<K, V>
    ) throws(DataplaneError) {
        for entry in entries {
            let key = bytes(of: entry.key)
            let limit = limits[table.name] ?? .max
            guard contents[table.name]?[key] != nil || count(table.name) < limit else {
                throw .mapFull(table.name, object: table.object(entry.key), limit: limit)
            }
            contents[table.name, default: [:]][key] = bytes(of: entry.value)
            writes.append(Write(map: table.name, key: key, value: bytes(of: entry.value)))
        }
    }

    func remove<K, V>(_ keys: [K], from table: MapTable<K, V>) throws(DataplaneError) {
        for key in keys {
            contents[table.name]?[bytes(of: key)] = nil
            writes.append(Write(map: table.name, key: bytes(of: key), value: nil))
        }
    }

    private func bytes<T: BitwiseCopyable>(of value: T) -> [UInt8] {
        withUnsafeBytes(of: value) { Array($0) }
    }

    private func value<T: BitwiseCopyable>(of bytes: [UInt8]) -> T {
        bytes.withUnsafeBytes { $0.loadUnaligned(as: T.self) }
    }
}
