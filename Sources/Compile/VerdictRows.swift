internal import Index

/// A program's table of verdicts: a row for each remote group, with a verdict for each pair of port
/// group and source port group.
///
/// Signatures with the same verdicts throughout make one remote group, so that there are no more
/// groups than the rules can tell apart.
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

    /// Whether the group went with its last signature.
    mutating func remove(_ id: UInt32) -> Bool {
        guard var group = groups[id] else { return false }
        group.signatures -= 1
        groups[id] = group
        guard group.signatures == 0 else { return false }
        groups[id] = nil
        idOfRow[group.row] = nil
        return true
    }

    // MARK: Tables

    static func keys(of group: UInt32, _ plan: VerdictPlan) -> [Key] {
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
        guard let row = groups[group]?.row else { return [:] }
        return Dictionary(uniqueKeysWithValues: zip(Self.keys(of: group, plan), row))
    }

    func allVerdicts(_ plan: VerdictPlan) -> [Key: Verdict] {
        var all: [Key: Verdict] = [:]
        all.reserveCapacity(groups.count * plan.cells)
        for (id, group) in groups {
            for (key, verdict) in zip(Self.keys(of: id, plan), group.row) { all[key] = verdict }
        }
        return all
    }

    /// Of a row, from ids that are themselves made of content.
    static func hash(of row: [Verdict], _ plan: VerdictPlan) -> UInt64 {
        var sum: UInt64 = 0
        for (verdict, key) in zip(row, keys(of: 0, plan)) {
            var hash = StableHash(kind: 61)
            hash.combine(UInt64(key.portGroup) << 32 | UInt64(key.sourcePortGroup))
            hash.combine(UInt64(verdict.rule) << 32 | UInt64(verdict.logRule))
            hash.combine((verdict.isAllowed ? 1 : 0) | (verdict.goesOn ? 2 : 0) as UInt64)
            sum &+= hash.value
        }
        return StableHash.mix(sum)
    }
}
