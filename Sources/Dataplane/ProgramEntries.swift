import CBPFABI
import Compile

/// What one or several policy programs have in the maps that hold them.
///
/// Within a part the order is that of the fields: a packet that meets a group or port group finds
/// its verdict, and one that meets the program finds its groups.
struct ProgramEntries {
    var verdicts = MapDelta<cara_verdict_key, cara_verdict>()
    var clauses = MapDelta<cara_clause_key, cara_clause>()
    var bitmaps = MapDelta<cara_bitmap_key, cara_bitmap>()
    var sourcePorts = MapDelta<cara_port_key, UInt32>()
    var ports = MapDelta<cara_port_key, UInt32>()
    var groups = MapDelta<cara_group_key, UInt32>()
    var programs = MapDelta<UInt32, cara_program>()

    var isEmpty: Bool {
        verdicts.isEmpty && clauses.isEmpty && bitmaps.isEmpty && sourcePorts.isEmpty
            && ports.isEmpty && groups.isEmpty
            && programs.isEmpty
    }

    /// Adds all of a program's entries, with its record when it is a whole program.
    mutating func set(_ tables: ProgramTables, withRecord: Bool) {
        let id = tables.id
        for (key, verdict) in tables.verdicts {
            verdicts.writes.append((cara_verdict_key(program: id, key), cara_verdict(verdict)))
        }
        for (clause, entry) in tables.clauses {
            let key = cara_clause_key(program: id, clause: clause)
            clauses.writes.append((key, cara_clause(entry)))
        }
        for (key, bitmap) in tables.bitmaps {
            bitmaps.writes.append((cara_bitmap_key(program: id, key), cara_bitmap(bitmap)))
        }
        for (port, group) in tables.sourcePorts {
            sourcePorts.writes.append((cara_port_key(program: id, port), group))
        }
        for (port, group) in tables.ports {
            ports.writes.append((cara_port_key(program: id, port), group))
        }
        for (label, group) in tables.groups {
            groups.writes.append((cara_group_key(program: id, class_id: label), group))
        }
        if withRecord { programs.writes.append((id, cara_program(tables))) }
    }

    /// Takes all of a program's entries out.
    mutating func remove(_ tables: ProgramTables) {
        let id = tables.id
        programs.removals.append(id)
        groups.removals += tables.groups.keys.map { cara_group_key(program: id, class_id: $0) }
        ports.removals += tables.ports.keys.map { cara_port_key(program: id, $0) }
        sourcePorts.removals += tables.sourcePorts.keys.map { cara_port_key(program: id, $0) }
        verdicts.removals += tables.verdicts.keys.map { cara_verdict_key(program: id, $0) }
        bitmaps.removals += tables.bitmaps.keys.map { cara_bitmap_key(program: id, $0) }
        clauses.removals += tables.clauses.keys.map {
            cara_clause_key(program: id, clause: $0)
        }
    }
}
