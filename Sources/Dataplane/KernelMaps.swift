import BPF
import Glibc

/// The pinned maps of the kernel.
final class KernelMaps: MapStore {
    /// A map with its types; the dictionary below forgets them.
    private final class Box<Key: BitwiseCopyable, Value: BitwiseCopyable> {
        let map: BPF.Map<Key, Value>

        init(_ map: consuming BPF.Map<Key, Value>) {
            self.map = map
        }
    }

    private let directory: String
    private var opened: [MapName: AnyObject] = [:]

    /// Maps pinned by their names in `directory`, opened when first asked for.
    init(pinnedIn directory: String) {
        self.directory = directory
    }

    func entries<K, V>(of table: MapTable<K, V>) throws(DataplaneError) -> [MapEntry<K, V>] {
        let box = try box(table)
        return try wrapping(table.name, "all entries") { () throws(BPFError) in
            try box.map.entries().map { ($0.key, $0.value) }
        }
    }

    func slice<K, V>(
        of table: MapTable<K, V>,
        after cursor: MapCursor?,
        limit: Int
    ) throws(DataplaneError) -> MapSlice<K, V> {
        let box = try box(table)
        let position = cursor?.position as? BPF.Map<K, V>.Cursor
        return try wrapping(table.name, "a slice of it") { () throws(BPFError) in
            let (entries, next) = try box.map.slice(after: position, limit: limit)
            return MapSlice(
                entries: entries.map { ($0.key, $0.value) },
                next: next.map { MapCursor($0) }
            )
        }
    }

    func value<K, V>(of key: K, in table: MapTable<K, V>) throws(DataplaneError) -> V? {
        let box = try box(table)
        return try wrapping(table.name, table.object(key)) { () throws(BPFError) in
            try box.map.get(key)
        }
    }

    func set<K, V>(
        _ entries: [MapEntry<K, V>],
        in table: MapTable<K, V>
    ) throws(DataplaneError) {
        let box = try box(table)
        // A trie takes them one by one anyway.
        guard box.map.info.hasBatches else { return try setEach(entries, in: table, box) }
        do throws(BPFError) {
            try box.map.set(entries.map(\.key), to: entries.map(\.value))
        } catch {
            // A batch does not say which entry failed: once more, one by one.
            try setEach(entries, in: table, box)
        }
    }

    func remove<K, V>(_ keys: [K], from table: MapTable<K, V>) throws(DataplaneError) {
        let box = try box(table)
        do throws(BPFError) {
            try box.map.delete(keys)
        } catch {
            // Once more, one by one, to name the entry.
            for key in keys {
                try wrapping(table.name, table.object(key)) { () throws(BPFError) in
                    _ = try box.map.delete(key)
                }
            }
        }
    }

    private func setEach<K, V>(
        _ entries: [MapEntry<K, V>],
        in table: MapTable<K, V>,
        _ box: Box<K, V>
    ) throws(DataplaneError) {
        for (key, value) in entries {
            do throws(BPFError) {
                try box.map.set(key, to: value)
            } catch  where [E2BIG, ENOSPC, ENOMEM].contains(error.errno) {
                let limit = box.map.info.maxEntries
                throw .mapFull(table.name, object: table.object(key), limit: limit)
            } catch {
                throw .map(table.name, object: table.object(key), reason: "\(error)")
            }
        }
    }

    private func box<K, V>(_ table: MapTable<K, V>) throws(DataplaneError) -> Box<K, V> {
        if let box = opened[table.name] as? Box<K, V> { return box }
        let path = "\(directory)/\(table.name.rawValue)"
        let box = try wrapping(table.name, path) { () throws(BPFError) in
            Box(try BPF.Map<K, V>(pinned: path))
        }
        opened[table.name] = box
        return box
    }
}

/// Names the map and the entry in what the kernel refused.
func wrapping<R: ~Copyable>(
    _ map: MapName,
    _ object: @autoclosure () -> String,
    _ body: () throws(BPFError) -> R
) throws(DataplaneError) -> R {
    do throws(BPFError) {
        return try body()
    } catch {
        throw .map(map, object: object(), reason: "\(error)")
    }
}
