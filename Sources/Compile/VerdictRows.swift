internal import Index

/// What a row says for one pair of port groups.
struct VerdictCell: Hashable, Sendable {
    /// The port group's index times the number of source port groups, and the source port group's.
    let index: Int
    let verdict: ProgramTables.Verdict
}

/// In order of index; what a row has no cell for is its plan's denial.
typealias VerdictRow = [VerdictCell]

/// A program's table of verdicts: a row for each remote group, with a verdict for each pair of port
/// group and source port group.
///
/// Signatures with the same verdicts throughout make one remote group, so that there are no more
/// groups than the rules can tell apart. The plan's denial, most of many tables, is left out of them.
struct VerdictRows: Sendable {
    typealias Verdict = ProgramTables.Verdict
    typealias Key = ProgramTables.VerdictKey

    private struct Group: Sendable {
        let row: VerdictRow
        var signatures = 0
    }

    private var groups: [UInt32: Group] = [:]
    private var idOfRow: [VerdictRow: UInt32] = [:]

    func contains(_ row: VerdictRow) -> Bool { idOfRow[row] != nil }

    /// The group of a signature with this row, and whether it is new.
    mutating func insert(
        _ row: VerdictRow,
        _ hash: UInt64,
        _ ids: inout StableIDs
    ) -> (id: UInt32, isNew: Bool) {
        let known = idOfRow[row]
        let id = known ?? ids.claim(hash)
        idOfRow[row] = id
        groups[id, default: Group(row: row)].signatures += 1
        return (id, known == nil)
    }

    /// What goes from the table with the group's last signature; `nil` while it has others.
    mutating func remove(_ id: UInt32, _ plan: VerdictPlan) -> [Key]? {
        guard var group = groups[id] else { return nil }
        group.signatures -= 1
        groups[id] = group
        guard group.signatures == 0 else { return nil }
        groups[id] = nil
        idOfRow[group.row] = nil
        return group.row.map { Self.key(of: id, $0, plan) }
    }

    // MARK: Tables

    private static func key(of group: UInt32, _ cell: VerdictCell, _ plan: VerdictPlan) -> Key {
        let (port, source) = cell.index.quotientAndRemainder(dividingBy: plan.sourceCount)
        return Key(
            group: group,
            portGroup: plan.ports.groups[port].id,
            sourcePortGroup: plan.sourcePorts?.groups[source].id ?? 0
        )
    }

    func verdicts(of group: UInt32, _ plan: VerdictPlan) -> [Key: Verdict] {
        var verdicts: [Key: Verdict] = [:]
        if let row = groups[group]?.row { Self.add(row, of: group, plan, to: &verdicts) }
        return verdicts
    }

    func allVerdicts(_ plan: VerdictPlan) -> [Key: Verdict] {
        var all: [Key: Verdict] = [:]
        for (id, group) in groups { Self.add(group.row, of: id, plan, to: &all) }
        return all
    }

    private static func add(
        _ row: VerdictRow,
        of group: UInt32,
        _ plan: VerdictPlan,
        to verdicts: inout [Key: Verdict]
    ) {
        for cell in row { verdicts[key(of: group, cell, plan)] = cell.verdict }
    }

    /// Of a row, from ids that are themselves made of content.
    static func hash(of row: VerdictRow, _ plan: VerdictPlan) -> UInt64 {
        var sum: UInt64 = 0
        for cell in row {
            let key = key(of: 0, cell, plan)
            let verdict = cell.verdict
            var hash = StableHash(kind: 61)
            hash.combine(UInt64(key.portGroup) << 32 | UInt64(key.sourcePortGroup))
            hash.combine(UInt64(verdict.rule) << 32 | UInt64(verdict.logRule))
            hash.combine((verdict.isAllowed ? 1 : 0) | (verdict.goesOn ? 2 : 0) as UInt64)
            sum &+= hash.value
        }
        return StableHash.mix(sum)
    }
}
