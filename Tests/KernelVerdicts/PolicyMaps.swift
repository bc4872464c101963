package import BPF
import CBPFABI
package import CBPFPrograms
package import Compile
import Model

/// The maps that hold policy programs and classes.
package final class PolicyMaps {
    let classes: Map<cara_class_key, UInt32>
    let programs: Map<UInt32, cara_program>
    let groups: Map<cara_group_key, UInt32>
    let ports: Map<cara_port_key, UInt32>
    private let sourcePorts: Map<cara_port_key, UInt32>
    let verdicts: Map<cara_verdict_key, cara_verdict>
    let bitmaps: Map<cara_bitmap_key, cara_bitmap>
    let clauses: Map<cara_clause_key, cara_clause>

    /// Those of a loaded object.
    package init(_ skeleton: UnsafeMutablePointer<workload>) throws(BPFError) {
        let maps = skeleton.pointee.maps
        classes = try Map(try present(maps.cara_classes))
        programs = try Map(try present(maps.cara_programs))
        groups = try Map(try present(maps.cara_groups))
        ports = try Map(try present(maps.cara_ports))
        sourcePorts = try Map(try present(maps.cara_sports))
        verdicts = try Map(try present(maps.cara_verdicts))
        bitmaps = try Map(try present(maps.cara_bitmaps))
        clauses = try Map(try present(maps.cara_clauses))
    }

    /// Writes a change's programs and classes in its order, and takes out what it removes.
    package func write(
        _ change: DataplaneChange,
        former: TableInterpreter
    ) throws(BPFError) {
        for tables in change.programsAdded { try write(tables) }
        for tables in change.programsExtended {
            try writeRemotes(tables)
            if tables.isSplit { try programs.set(tables.id, to: cara_program(tables)) }
        }
        for (prefix, label) in change.classes {
            if let label {
                try classes.set(cara_class_key(prefix), to: label)
            } else {
                try classes.delete(cara_class_key(prefix))
            }
        }
        for (id, labels) in change.groupsRemoved {
            try groups.delete(labels.map { cara_group_key(program: id, class_id: $0) })
        }
        for (id, keys) in change.verdictsRemoved {
            try verdicts.delete(keys.map { cara_verdict_key(program: id, $0) })
        }
        for (id, keys) in change.bitmapsRemoved {
            try bitmaps.delete(keys.map { cara_bitmap_key(program: id, $0) })
        }
        var after = former
        after.apply(change.additions)
        for id in change.programsRemoved {
            if let tables = after.programs[id] { try remove(tables) }
        }
    }

    func write(_ tables: ProgramTables) throws(BPFError) {
        try writeRemotes(tables)
        for (port, group) in tables.ports {
            try ports.set(cara_port_key(program: tables.id, port), to: group)
        }
        for (port, group) in tables.sourcePorts {
            try sourcePorts.set(cara_port_key(program: tables.id, port), to: group)
        }
        for (clause, entry) in tables.clauses {
            let key = cara_clause_key(program: tables.id, clause: clause)
            try clauses.set(key, to: cara_clause(entry))
        }
        try programs.set(tables.id, to: cara_program(tables))
    }

    private func writeRemotes(_ tables: ProgramTables) throws(BPFError) {
        try verdicts.set(
            tables.verdicts.keys.map { cara_verdict_key(program: tables.id, $0) },
            to: tables.verdicts.values.map { cara_verdict($0) }
        )
        try bitmaps.set(
            tables.bitmaps.keys.map { cara_bitmap_key(program: tables.id, $0) },
            to: tables.bitmaps.values.map { cara_bitmap($0) }
        )
        try groups.set(
            tables.groups.keys.map { cara_group_key(program: tables.id, class_id: $0) },
            to: Array(tables.groups.values)
        )
    }

    private func remove(_ tables: ProgramTables) throws(BPFError) {
        let id = tables.id
        try programs.delete(id)
        try groups.delete(tables.groups.keys.map { cara_group_key(program: id, class_id: $0) })
        try ports.delete(tables.ports.keys.map { cara_port_key(program: id, $0) })
        try sourcePorts.delete(tables.sourcePorts.keys.map { cara_port_key(program: id, $0) })
        try verdicts.delete(tables.verdicts.keys.map { cara_verdict_key(program: id, $0) })
        try bitmaps.delete(tables.bitmaps.keys.map { cara_bitmap_key(program: id, $0) })
        try clauses.delete(
            tables.clauses.keys.map { cara_clause_key(program: id, clause: $0) }
        )
    }
}

extension DataplaneChange {
    /// What it adds to tables, without what it takes away.
    fileprivate var additions: DataplaneChange {
        var additions = DataplaneChange()
        additions.programsAdded = programsAdded
        additions.programsExtended = programsExtended
        return additions
    }
}
