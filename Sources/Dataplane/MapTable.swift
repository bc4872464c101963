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
    case cells = "cara_cells"
    case depths = "cara_depths"
    case endpoints = "cara_endpoints"
    case ifaces = "cara_ifaces"
    case spoof = "cara_spoof"
    case locals = "cara_locals"
    case hosts = "cara_hosts"
    case failsafes = "cara_failsafes"
    case generations = "cara_gens"
    case settings = "cara_settings"
    case conns = "cara_conns"
    case denials = "cara_denials"
    case rules = "cara_rules"
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
    /// Which of the object's entries it is; empty where there is only one.
    let detail: @Sendable (Key) -> String

    init(
        _ name: MapName,
        _ object: @escaping @Sendable (Key) -> String,
        detail: @escaping @Sendable (Key) -> String = { _ in "" }
    ) {
        self.name = name
        self.object = object
        self.detail = detail
    }
}

/// Every map that the agent writes, with its types.
package enum Maps {
    package static let verdicts = MapTable<cara_verdict_key, cara_verdict>(.verdicts) {
        "program \($0.program)"
    } detail: {
        "group \($0.group), port group \($0.port_group), source port group \($0.sport_group)"
    }
    package static let ports = MapTable<cara_port_key, UInt32>(.ports) {
        "program \(UInt32(bigEndian: $0.program))"
    } detail: {
        portText($0)
    }
    package static let sourcePorts = MapTable<cara_port_key, UInt32>(.sourcePorts) {
        "program \(UInt32(bigEndian: $0.program))"
    } detail: {
        portText($0)
    }
    package static let groups = MapTable<cara_group_key, UInt32>(.groups) {
        "program \($0.program)"
    } detail: {
        "class \($0.class_id)"
    }
    package static let bitmaps = MapTable<cara_bitmap_key, cara_bitmap>(.bitmaps) {
        "program \($0.program)"
    } detail: {
        "side \($0.side), group \($0.group), chunk \($0.chunk)"
    }
    package static let clauses = MapTable<cara_clause_key, cara_clause>(.clauses) {
        "program \($0.program)"
    } detail: {
        "clause \($0.clause)"
    }
    package static let programs = MapTable<UInt32, cara_program>(.programs) { "program \($0)" }
    package static let classes = MapTable<cara_class_key, UInt32>(.classes) {
        "\(Address($0.addr)) with \($0.prefixlen) bits"
    }
    package static let cells = MapTable<cara_cells_key, cara_cells>(.cells) {
        "\(Address($0.addr)) with \($0.depth) bytes"
    }
    package static let depths = MapTable<UInt32, UInt32>(.depths) { $0 == 0 ? "IPv4" : "IPv6" }
    package static let endpoints = MapTable<cara_addr, cara_endpoint>(.endpoints) {
        "address \(Address($0))"
    }
    package static let ifaces = MapTable<UInt32, cara_iface>(.ifaces) { "interface \($0)" }
    package static let spoof = MapTable<cara_spoof_key, UInt32>(.spoof) {
        "interface \(UInt32(bigEndian: $0.ifindex))"
    } detail: {
        "source \(Address($0.addr)) with \($0.prefixlen) bits"
    }
    package static let locals = MapTable<cara_addr, UInt32>(.locals) {
        "address \(Address($0))"
    }
    package static let hosts = MapTable<UInt32, cara_host>(.hosts) {
        $0 == 0 ? "the host endpoint of all interfaces" : "interface \($0)"
    }
    package static let failsafes = MapTable<cara_failsafe_key, UInt32>(.failsafes) {
        "failsafe port \(UInt16(bigEndian: $0.port))"
    }
    package static let generations = MapTable<UInt32, UInt32>(.generations) { "slot \($0)" }
    package static let settings = MapTable<UInt32, cara_settings>(.settings) { _ in "settings" }

    private static func portText(_ key: cara_port_key) -> String {
        let port = UInt16(bigEndian: key.port)
        return "protocol \(key.proto), port \(port) with \(key.prefixlen) bits"
    }
}

/// Entries of a map as they cross the seam to the kernel.
package typealias MapEntry<Key, Value> = (key: Key, value: Value)

/// Some entries of a map, and where the next ones are.
package struct MapSlice<Key: BitwiseCopyable & Sendable, Value: BitwiseCopyable & Sendable> {
    package let entries: [MapEntry<Key, Value>]
    /// `nil` at the end of the map.
    package let next: MapCursor?

    package init(entries: [MapEntry<Key, Value>], next: MapCursor?) {
        self.entries = entries
        self.next = next
    }
}

/// How far a walk over a map has come, in the words of who walks.
package struct MapCursor: Sendable {
    package let position: any Sendable

    package init(_ position: some Sendable) {
        self.position = position
    }
}

/// The edge to the kernel: what the planning above it asks of maps.
///
/// A call that throws may have written some of its entries.
package protocol MapStore {
    /// All entries.
    func entries<K, V>(of table: MapTable<K, V>) throws(DataplaneError) -> [MapEntry<K, V>]

    /// About `limit` entries from `cursor` on. What changes between two slices may be missed.
    func slice<K, V>(
        of table: MapTable<K, V>,
        after cursor: MapCursor?,
        limit: Int
    ) throws(DataplaneError) -> MapSlice<K, V>

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
