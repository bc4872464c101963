import Dataplane

/// Other maps, until a number of entries is written; then every write fails, as if the process had
/// ended there.
final class StoppingMaps: MapStore {
    private let maps: any MapStore
    var writesLeft = Int.max

    init(_ maps: any MapStore) {
        self.maps = maps
    }

    func entries<K, V>(of table: MapTable<K, V>) throws(DataplaneError) -> [MapEntry<K, V>] {
        try maps.entries(of: table)
    }

    func slice<K, V>(
        of table: MapTable<K, V>,
        after cursor: MapCursor?,
        limit: Int
    ) throws(DataplaneError) -> MapSlice<K, V> {
        try maps.slice(of: table, after: cursor, limit: limit)
    }

    func value<K, V>(of key: K, in table: MapTable<K, V>) throws(DataplaneError) -> V? {
        try maps.value(of: key, in: table)
    }

    func set<K, V>(
        _ entries: [MapEntry<K, V>],
        in table: MapTable<K, V>
    ) throws(DataplaneError) {
        for entry in entries {
            try spend(table.name, table.object(entry.key))
            try maps.set([entry], in: table)
        }
    }

    func remove<K, V>(_ keys: [K], from table: MapTable<K, V>) throws(DataplaneError) {
        for key in keys {
            try spend(table.name, table.object(key))
            try maps.remove([key], from: table)
        }
    }

    private func spend(_ map: MapName, _ object: String) throws(DataplaneError) {
        guard writesLeft > 0 else { throw .map(map, object: object, reason: "stopped here") }
        writesLeft -= 1
    }
}
