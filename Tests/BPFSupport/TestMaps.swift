package import BPF
package import CBPFABI
import CBPFPrograms

/// The maps of a test, typed.
package final class TestMaps {
    package let classes: Map<cara_class_key, UInt32>
    package let cells: Map<cara_cells_key, cara_cells>
    package let depths: Map<UInt32, UInt32>
    package let programs: Map<UInt32, cara_program>
    package let groups: Map<cara_group_key, UInt32>
    package let ports: Map<cara_port_key, UInt32>
    package let sourcePorts: Map<cara_port_key, UInt32>
    package let verdicts: Map<cara_verdict_key, cara_verdict>
    package let bitmaps: Map<cara_bitmap_key, cara_bitmap>
    package let clauses: Map<cara_clause_key, cara_clause>
    package let endpoints: Map<cara_addr, cara_endpoint>
    package let interfaces: Map<UInt32, cara_iface>
    package let spoof: Map<cara_spoof_key, UInt32>
    package let locals: Map<cara_addr, UInt32>
    package let hosts: Map<UInt32, cara_host>
    package let failsafes: Map<cara_failsafe_key, UInt32>
    package let generations: Map<UInt32, UInt32>
    package let connections: Map<cara_conn_key, cara_conn>
    package let fragments: Map<cara_frag_key, cara_frag>
    package let denials: Map<cara_denial_key, cara_denial>
    package let counters: Map<UInt32, UInt64>
    package let rules: Map<cara_rule_key, cara_rule_count>
    package let meters: Map<UInt32, cara_meter>
    package let settings: Map<UInt32, cara_settings>
    package let events: Ring<cara_event>

    init(_ skeleton: UnsafeMutablePointer<workload>) throws {
        let maps = skeleton.pointee.maps
        classes = try Map(try unwrap(maps.cara_classes, "map"))
        cells = try Map(try unwrap(maps.cara_cells, "map"))
        depths = try Map(try unwrap(maps.cara_depths, "map"))
        programs = try Map(try unwrap(maps.cara_programs, "map"))
        groups = try Map(try unwrap(maps.cara_groups, "map"))
        ports = try Map(try unwrap(maps.cara_ports, "map"))
        sourcePorts = try Map(try unwrap(maps.cara_sports, "map"))
        verdicts = try Map(try unwrap(maps.cara_verdicts, "map"))
        bitmaps = try Map(try unwrap(maps.cara_bitmaps, "map"))
        clauses = try Map(try unwrap(maps.cara_clauses, "map"))
        endpoints = try Map(try unwrap(maps.cara_endpoints, "map"))
        interfaces = try Map(try unwrap(maps.cara_ifaces, "map"))
        spoof = try Map(try unwrap(maps.cara_spoof, "map"))
        hosts = try Map(try unwrap(maps.cara_hosts, "map"))
        failsafes = try Map(try unwrap(maps.cara_failsafes, "map"))
        locals = try Map(try unwrap(maps.cara_locals, "map"))
        generations = try Map(try unwrap(maps.cara_gens, "map"))
        connections = try Map(try unwrap(maps.cara_conns, "map"))
        fragments = try Map(try unwrap(maps.cara_frags, "map"))
        denials = try Map(try unwrap(maps.cara_denials, "map"))
        counters = try Map(try unwrap(maps.cara_counters, "map"))
        rules = try Map(try unwrap(maps.cara_rules, "map"))
        meters = try Map(try unwrap(maps.cara_meters, "map"))
        settings = try Map(try unwrap(maps.cara_settings, "map"))
        events = try Ring(try unwrap(maps.cara_events, "map"))
    }

    /// Packets counted for a reason, on all CPUs.
    package func count(_ reason: cara_reason) throws -> UInt64 {
        try counters.perCPU(reason.rawValue).reduce(0, +)
    }
}
