internal import Index

/// A program's table of verdicts: a row for each remote group, with a verdict for each pair of port
/// group and source port group.
///
/// Signatures with the same verdicts throughout make one remote group, so that there are no more
/// groups than the rules can tell apart. The plan's denial, most of many tables, is left out of them.
struct VerdictRows: Sendable {
    typealias Verdict = ProgramTables.Verdict
    typealias Key = ProgramTables.VerdictKey

    private struct Group: Sendable {
        let row: [Verdict]
        var signatures = 0
    }

    private var groups: [UInt32: Group] = [:]
    private var idOfRow: [[Verdict]: UInt32] = [:]

    func contains(_ row: [Verdict]) -> Bool { idOfRow[row] != nil }

    /// The group of a signature with this row, and whether it is new.
    mutating func insert(
        _ row: [Verdict],
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
        return zip(Self.keys(of: id, plan), group.row).filter { $0.1 != plan.denial }.map(\.0)
    }

    // MARK: Tables

    private static func keys(of group: UInt32, _ plan: VerdictPlan) -> [Key] {
        var keys: [Key] = []
        keys.reserveCapacity(plan.cells)
        for port in plan.ports.groups {
            for source in plan.sourcePorts?.groups.map(\.id) ?? [0] {
                keys.append(Key(group: group, portGroup: port.id, sourcePortGroup: source))
            }
        }
        return keys
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
        _ row: [Verdict],
        of group: UInt32,
        _ plan: VerdictPlan,
        to verdicts: inout [Key: Verdict]
    ) {
        for (key, verdict) in zip(keys(of: group, plan), row) where verdict != plan.denial {
            verdicts[key] = verdict
        }
    }

    /// Of a row, from ids that are themselves made of content; what the table leaves out does not count.
    static func hash(of row: [Verdict], _ plan: VerdictPlan) -> UInt64 {
        let sources = plan.sourcePorts?.groups.map(\.id) ?? [0]
        var sum: UInt64 = 0
        for (index, verdict) in row.enumerated() where verdict != plan.denial {
            let port = plan.ports.groups[index / sources.count].id
            var hash = StableHash(kind: 61)
            hash.combine(UInt64(port) << 32 | UInt64(sources[index % sources.count]))
            hash.combine(UInt64(verdict.rule) << 32 | UInt64(verdict.logRule))
            hash.combine((verdict.isAllowed ? 1 : 0) | (verdict.goesOn ? 2 : 0) as UInt64)
            sum &+= hash.value
        }
        return StableHash.mix(sum)
    }
}
