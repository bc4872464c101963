internal import CBPFABI
internal import Index

/// How large programs may be, one and all together.
struct ProgramBounds: Sendable {
    /// Verdicts of one program.
    var verdicts = PolicyCompiler.verdictLimit
    /// Verdicts of all programs.
    var allVerdicts = PolicyCompiler.verdictBudget
    /// Bitmaps of all programs.
    var allBitmaps = PolicyCompiler.bitmapBudget
}

// Which programs are tables of verdicts and which are bitmaps: a function of the present programs and
// classes, so that every history ends in the same forms.

extension ProgramTable {
    /// The form that each program should have once the classes `lost` are gone.
    ///
    /// A program whose groups would need more verdicts than one may have is bitmaps. Where all tables
    /// together would need too many, the largest of them are.
    func forms(
        without lost: [ClassID],
        _ bounds: ProgramBounds
    ) -> [ProgramRef: PolicyProgram.Form] {
        var counts: [[Int32]: Int] = [:]
        for (remotes, partition) in partitions { counts[remotes] = partition.count(without: lost) }
        var forms: [ProgramRef: PolicyProgram.Form] = [:]
        var tables: [(size: Int, hash: UInt64, ref: ProgramRef)] = []
        for (ref, entry) in entries {
            guard let plan = entry.plan, let signatures = counts[entry.partition] else { continue }
            let size = plan.cells * signatures
            forms[ref] = size <= bounds.verdicts ? .table : .bitmap
            if size <= bounds.verdicts { tables.append((size, entry.hash, ref)) }
        }
        var total = tables.reduce(0) { $0 + $1.size }
        guard total > bounds.allVerdicts else { return forms }
        for table in tables.sorted(by: { ($0.size, $0.hash) > ($1.size, $1.hash) }) {
            forms[table.ref] = .bitmap
            total -= table.size
            if total <= bounds.allVerdicts { break }
        }
        return forms
    }

    /// Bitmaps that programs have.
    var bitmapCount: Int { entries.values.reduce(0) { $0 + ($1.program?.bitmapCount ?? 0) } }

    /// Whether some program has another form than it should have, besides those that cannot.
    func hasOtherForms(
        than forms: [ProgramRef: PolicyProgram.Form],
        besides full: Set<ProgramRef>
    ) -> Bool {
        entries.contains { ref, entry in
            !full.contains(ref) && entry.program.map { $0.form != forms[ref] } ?? false
        }
    }

    /// Programs that took another form, and those that should have and cannot.
    struct Reform {
        var refs: Set<ProgramRef> = []
        var added: [ProgramTables] = []
        /// From the former id to the new one.
        var ids: [UInt32: UInt32] = [:]
        var full: Set<ProgramRef> = []
    }

    /// Gives programs the form that they should have, each under another id.
    mutating func reform(
        to forms: [ProgramRef: PolicyProgram.Form],
        _ index: ClusterIndex,
        _ bounds: ProgramBounds
    ) -> Reform {
        var reform = Reform()
        let changed = entries.filter { ref, entry in
            entry.program.map { $0.form != forms[ref] } ?? false
        }
        for (ref, entry) in changed.sorted(by: { $0.value.hash < $1.value.hash }) {
            guard let former = entry.program?.id, let form = forms[ref] else { continue }
            do throws(ProgramOverflow) {
                try build(ref, form, room: bounds.allBitmaps - bitmapCount)
            } catch {
                reform.full.insert(ref)
                continue
            }
            guard let program = entries[ref]?.program, let partition = partitions[entry.partition]
            else { continue }
            retired.append(former)
            reform.refs.insert(ref)
            reform.ids[former] = program.id
            reform.added.append(program.tables(partition, index))
        }
        return reform
    }
}

extension PolicyProgram.Form {
    /// Of which the id of a program in this form is made.
    func hash(_ program: UInt64) -> UInt64 {
        self == .table ? program : StableHash.mix(program ^ 0x6269_746d_6170)
    }
}

extension PolicyCompiler {
    /// Verdicts that one program's table has at most; a larger one is bitmaps.
    ///
    /// A table of this size takes 5 MB of the kernel's memory, and some 30 ms to write.
    package static let verdictLimit = 1 << 16
    /// Verdicts of all tables: half of what the map holds, because in a change the new programs are
    /// there before the old ones go.
    package static let verdictBudget = Int(CARA_VERDICTS_MAX) / 2
    /// Values of `cara_bitmaps` of all programs, half for the same reason.
    package static let bitmapBudget = Int(CARA_BITMAPS_MAX) / 2
    /// Different rules of a program in bitmap form.
    package static let clauseLimit = Int(CARA_BITMAP_CLAUSES_MAX)
    /// Tiers that a packet may leave by Pass on its way through such a program.
    package static let passLimit = Int(CARA_BITMAP_STEPS) - 2
}
