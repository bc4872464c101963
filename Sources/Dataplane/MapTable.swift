package import CBPFABI
import Model

/// The maps that the agent writes, by the names of their pins.
package enum MapName: String, Hashable, Sendable, CaseIterable {
    case verdicts = "cara_verdicts"
    case ports = "cara_ports"
    case sourcePorts = "cara_sports"
    case groups = "cara_groups"
    case programs = "cara_programs"
    case classes = "cara_classes"
    case endpoints = "cara_endpoints"
    case ifaces = "cara_ifaces"
    case spoof = "cara_spoof"
    case locals = "cara_locals"
    case generations = "cara_gens"
    case settings = "cara_settings"
    case conns = "cara_conns"
    case bitmaps = "cara_bitmaps"
    case clauses = "cara_clauses"
}

/// One map with the C types of its key and value; says how to name a key in an error.
package struct MapTable<Key: BitwiseCopyable & Sendable, Value: BitwiseCopyable & Sendable>:
    Sendable
{
    package let name: MapName
    /// What the entry belongs to, in words a person knows.
    package let object: @Sendable (Key) -> String

    init(_ name: MapName, _ object: @escaping @Sendable (Key) -> String) {
        self.name = name
        self.object = object
    }
}

/// Every map that the agent writes, with its types.
package enum Maps {
    package static let verdicts = MapTable<cara_verdict_key, cara_verdict>(.verdicts) {
        "program \($0.program)"
    }
    package static let ports = MapTable<cara_port_key, UInt32>(.ports) {
        "program \(UInt32(bigEndian: $0.program))"
    }
    package static let sourcePorts = MapTable<cara_port_key, UInt32>(.sourcePorts) {
        "program \(UInt32(bigEndian: $0.program))"
    }
    package static let groups = MapTable<cara_group_key, UInt32>(.groups) {
        "program \($0.program)"
    }
    package static let bitmaps = MapTable<cara_bitmap_key, cara_bitmap>(.bitmaps) {
        "program \($0.program)"
    }
    package static let clauses = MapTable<cara_clause_key, cara_clause>(.clauses) {
        "program \($0.program)"
    }
    package static let programs = MapTable<UInt32, cara_program>(.programs) { "program \($0)" }
    package static let classes = MapTable<cara_class_key, UInt32>(.classes) {
        "\(Address($0.addr)) with \($0.prefixlen) bits"
    }
    package static let endpoints = MapTable<cara_addr, cara_endpoint>(.endpoints) {
        "address \(Address($0))"
    }
    package static let ifaces = MapTable<UInt32, cara_iface>(.ifaces) { "interface \($0)" }
    package static let spoof = MapTable<cara_spoof_key, UInt32>(.spoof) {
        "interface \(UInt32(bigEndian: $0.ifindex))"
    }
    package static let locals = MapTable<cara_addr, UInt32>(.locals) {
        "address \(Address($0))"
    }
    package static let generations = MapTable<UInt32, UInt32>(.generations) { "slot \($0)" }
    package static let settings = MapTable<UInt32, cara_settings>(.settings) { _ in "settings" }
}

/// Entries of a map as they cross the seam to the kernel.
package typealias MapEntry<Key, Value> = (key: Key, value: Value)

/// The edge to the kernel: what the planning above it asks of maps.
///
/// A call that throws may have written some of its entries.
package protocol MapStore {
    /// All entries.
    func entries<K, V>(of table: MapTable<K, V>) throws(DataplaneError) -> [MapEntry<K, V>]

    /// The value of one key, `nil` when there is none.
    func value<K, V>(of key: K, in table: MapTable<K, V>) throws(DataplaneError) -> V?

    /// Writes entries over what is there.
    func set<K, V>(
        _ entries: [MapEntry<K, V>],
        in table: MapTable<K, V>
    ) throws(DataplaneError)

    /// Removes keys; one that is absent is fine.
    func remove<K, V>(_ keys: [K], from table: MapTable<K, V>) throws(DataplaneError)
}
