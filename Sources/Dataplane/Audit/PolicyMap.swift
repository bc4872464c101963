import CBPFABI
import Compile
import Model

/// One of the maps that hold policy, with what is desired of it: entry by entry, so that no second
/// copy of a big map is made.
struct PolicyMap<Key: BitwiseCopyable & Sendable, Value: BitwiseCopyable & Sendable> {
    let table: MapTable<Key, Value>
    /// The program that an entry belongs to; `nil` where entries belong to none.
    let program: ((Key) -> UInt32)?
    let desired: (DesiredPolicy, Key) -> Value?
    /// Calls back with each desired entry.
    let forEach:
        (DesiredPolicy, (Key, Value) throws(DataplaneError) -> Void)
            throws(DataplaneError) -> Void
    /// Where its writes and removals stand in a part of a plan; `nil` for classes.
    let part: WritableKeyPath<ProgramEntries, MapDelta<Key, Value>>?
}

extension PolicyMap {
    /// A map whose keys begin with a program.
    fileprivate init(
        _ table: MapTable<Key, Value>,
        _ part: WritableKeyPath<ProgramEntries, MapDelta<Key, Value>>,
        program: @escaping (Key) -> UInt32,
        desired: @escaping (ProgramTables, Key) -> Value?
    ) {
        self.init(
            table: table,
            program: program,
            desired: { policy, key in
                policy.programs[program(key)].flatMap { desired($0, key) }
            },
            forEach: { policy, body throws(DataplaneError) in
                for tables in policy.programs.values {
                    var entries = ProgramEntries()
                    entries.set(tables, withRecord: true)
                    for entry in entries[keyPath: part].writes { try body(entry.key, entry.value) }
                }
            },
            part: part
        )
    }
}

/// Every map that holds policy.
enum PolicyMaps {
    static var classes: PolicyMap<cara_class_key, UInt32> {
        PolicyMap(
            table: Maps.classes,
            program: nil,
            desired: { policy, key in Prefix(key).flatMap { policy.classes[$0] } },
            forEach: { policy, body throws(DataplaneError) in
                for (prefix, label) in policy.classes { try body(cara_class_key(prefix), label) }
            },
            part: nil
        )
    }

    static var programs: PolicyMap<UInt32, cara_program> {
        PolicyMap(Maps.programs, \.programs, program: { $0 }) { tables, _ in
            cara_program(tables)
        }
    }

    static var groups: PolicyMap<cara_group_key, UInt32> {
        PolicyMap(Maps.groups, \.groups, program: \.program) { $0.groups[$1.class_id] }
    }

    static var ports: PolicyMap<cara_port_key, UInt32> {
        PolicyMap(Maps.ports, \.ports, program: { UInt32(bigEndian: $0.program) }) { tables, key in
            ProgramTables.PortPrefix(key).flatMap { tables.ports[$0] }
        }
    }

    static var sourcePorts: PolicyMap<cara_port_key, UInt32> {
        PolicyMap(Maps.sourcePorts, \.sourcePorts, program: { UInt32(bigEndian: $0.program) }) {
            tables,
            key in
            ProgramTables.PortPrefix(key).flatMap { tables.sourcePorts[$0] }
        }
    }

    static var verdicts: PolicyMap<cara_verdict_key, cara_verdict> {
        PolicyMap(Maps.verdicts, \.verdicts, program: \.program) { tables, key in
            tables.verdicts[ProgramTables.VerdictKey(key)].map { cara_verdict($0) }
        }
    }

    static var bitmaps: PolicyMap<cara_bitmap_key, cara_bitmap> {
        PolicyMap(Maps.bitmaps, \.bitmaps, program: \.program) { tables, key in
            ProgramTables.BitmapKey(key).flatMap { tables.bitmaps[$0] }.map { cara_bitmap($0) }
        }
    }

    static var clauses: PolicyMap<cara_clause_key, cara_clause> {
        PolicyMap(Maps.clauses, \.clauses, program: \.program) { tables, key in
            tables.clauses[key.clause].map { cara_clause($0) }
        }
    }
}

extension Prefix {
    /// `nil` for bits that no prefix of its family has.
    fileprivate init?(_ key: cara_class_key) {
        let address = Address(key.addr)
        let length = Int(key.prefixlen) - 128 + address.family.bitWidth
        self.init(address, length: length)
    }
}
