import BPF
import CBPFABI
package import Compile

extension KernelVerdicts {
    /// Something in the kernel's tables of one program that is no longer as it was written.
    package enum Fault: Hashable, Sendable {
        case programLost
        case verdictLost(ProgramTables.VerdictKey)
        case bitmapLost(ProgramTables.BitmapKey)
        case clauseLost(UInt32)
        /// Its action is one that there is not.
        case verdictOverwritten(ProgramTables.VerdictKey)
        /// These groups are ones that there are not.
        case defaultsOverwritten
        case remoteGroupOverwritten(UInt32)
        case portGroupOverwritten(ProgramTables.PortPrefix)
    }

    /// Every fault that a program's tables can have, one for each entry.
    package static func faults(of tables: ProgramTables) -> [Fault] {
        [.programLost, .defaultsOverwritten]
            + tables.verdicts.keys.flatMap { [.verdictLost($0), .verdictOverwritten($0)] }
            + tables.bitmaps.keys.map { .bitmapLost($0) }
            + tables.clauses.keys.map { .clauseLost($0) }
            + tables.groups.keys.map { .remoteGroupOverwritten($0) }
            + tables.ports.keys.map { .portGroupOverwritten($0) }
    }

    /// Runs `body` while the kernel has the fault; afterwards its tables are as before.
    package func with(
        _ fault: Fault,
        in tables: ProgramTables,
        _ body: () throws -> Void
    ) throws {
        try policy.commit(fault, in: tables)
        defer { try? policy.write(tables) }
        try body()
    }
}

extension PolicyMaps {
    /// No table has a group of this number.
    private static let unknownGroup: UInt32 = 0xdead_beef

    fileprivate func commit(
        _ fault: KernelVerdicts.Fault,
        in tables: ProgramTables
    ) throws(BPFError) {
        let id = tables.id
        switch fault {
        case .programLost: try programs.delete(id)
        case .verdictLost(let key): try verdicts.delete(cara_verdict_key(program: id, key))
        case .bitmapLost(let key): try bitmaps.delete(cara_bitmap_key(program: id, key))
        case .clauseLost(let clause):
            try clauses.delete(cara_clause_key(program: id, clause: clause))
        case .verdictOverwritten(let key):
            var verdict = cara_verdict()
            verdict.action = 0xff
            try verdicts.set(cara_verdict_key(program: id, key), to: verdict)
        case .defaultsOverwritten:
            var program = cara_program(tables)
            program.default_group = Self.unknownGroup
            program.default_port_group = Self.unknownGroup
            try programs.set(id, to: program)
        case .remoteGroupOverwritten(let label):
            let key = cara_group_key(program: id, class_id: label)
            try groups.set(key, to: Self.unknownGroup)
        case .portGroupOverwritten(let port):
            try ports.set(cara_port_key(program: id, port), to: Self.unknownGroup)
        }
    }
}
