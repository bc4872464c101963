internal import Index

/// A policy program with its tables: which verdicts each remote signature gets.
///
/// Signatures with the same verdicts throughout make one remote group, so that there are no more
/// groups than the rules can tell apart.
struct PolicyProgram: Sendable {
    /// No group has this id: its flows find no verdict, and are denied.
    static let deniedGroup: UInt32 = 0

    private struct Group: Sendable {
        let row: [ProgramTables.Verdict]
        var signatures = 0
    }

    let id: UInt32
    let plan: VerdictPlan
    let limit: Int
    private var groups: [UInt32: Group] = [:]
    private var idOfRow: [[ProgramTables.Verdict]: UInt32] = [:]
    private var groupOf: [Int32: UInt32] = [:]
    private var ids = StableIDs(first: 1)

    /// Works out the tables for all signatures of the partition.
    init(
        id: UInt32,
        plan: VerdictPlan,
        _ partition: RemotePartition,
        limit: Int
    ) throws(VerdictOverflow) {
        self.id = id
        self.plan = plan
        self.limit = limit
        let rows = partition.signatures.map { (id: $0.key, row: plan.row($0.value.positions)) }
            .map { (hash: hash(of: $0.row), id: $0.id, row: $0.row) }
            .sorted { ($0.hash, $0.id) < ($1.hash, $1.id) }
        for entry in rows { _ = insert(entry.id, entry.row, entry.hash) }
        guard groups.count * plan.cells <= limit else {
            throw VerdictOverflow(count: groups.count * plan.cells)
        }
    }

    /// The group of every class that the tables do not name.
    var defaultGroup: UInt32 { groupOf[RemotePartition.ofEmptyClass] ?? Self.deniedGroup }

    func group(of signature: Int32) -> UInt32? { groupOf[signature] }

    // MARK: Signatures that come and go

    /// The group of a signature, with its verdicts if the group is new; no verdicts where there is no
    /// room for them.
    mutating func add(
        _ signature: Int32,
        _ positions: [Int]
    ) -> (group: UInt32, verdicts: [ProgramTables.VerdictKey: ProgramTables.Verdict]) {
        if let group = groupOf[signature] { return (group, [:]) }
        let row = plan.row(positions)
        let isKnown = idOfRow[row] != nil
        guard isKnown || (groups.count + 1) * plan.cells <= limit else {
            groupOf[signature] = Self.deniedGroup
            return (Self.deniedGroup, [:])
        }
        let group = insert(signature, row, hash(of: row))
        return (group, isKnown ? [:] : verdicts(of: group))
    }

    /// The verdicts that go when no class has the signature any more.
    mutating func remove(_ signature: Int32) -> [ProgramTables.VerdictKey] {
        guard let id = groupOf.removeValue(forKey: signature), var group = groups[id] else {
            return []
        }
        group.signatures -= 1
        groups[id] = group
        guard group.signatures == 0 else { return [] }
        let keys = Array(keys(of: id))
        groups[id] = nil
        idOfRow[group.row] = nil
        ids.release(id)
        return keys
    }

    private mutating func insert(
        _ signature: Int32,
        _ row: [ProgramTables.Verdict],
        _ hash: UInt64
    ) -> UInt32 {
        let id = idOfRow[row] ?? ids.claim(hash)
        idOfRow[row] = id
        groups[id, default: Group(row: row)].signatures += 1
        groupOf[signature] = id
        return id
    }

    /// Of a row, from ids that are themselves made of content.
    private func hash(of row: [ProgramTables.Verdict]) -> UInt64 {
        var sum: UInt64 = 0
        for (verdict, key) in zip(row, keys(of: 0)) {
            var hash = StableHash(kind: 61)
            hash.combine(UInt64(key.portGroup) << 32 | UInt64(key.sourcePortGroup))
            hash.combine(UInt64(verdict.rule) << 32 | UInt64(verdict.logRule))
            hash.combine(verdict.isAllowed ? 1 : 0 as UInt64)
            sum &+= hash.value
        }
        return StableHash.mix(sum)
    }

    // MARK: Tables

    private func keys(of group: UInt32) -> [ProgramTables.VerdictKey] {
        var keys: [ProgramTables.VerdictKey] = []
        keys.reserveCapacity(plan.cells)
        for port in plan.ports.groups {
            for source in plan.sourcePorts?.groups.map(\.id) ?? [0] {
                keys.append(
                    ProgramTables.VerdictKey(
                        group: group,
                        portGroup: port.id,
                        sourcePortGroup: source
                    )
                )
            }
        }
        return keys
    }

    private func verdicts(
        of group: UInt32
    ) -> [ProgramTables.VerdictKey: ProgramTables.Verdict] {
        guard let row = groups[group]?.row else { return [:] }
        return Dictionary(uniqueKeysWithValues: zip(keys(of: group), row))
    }

    /// The tables without groups and verdicts: what an addition begins with.
    var frame: ProgramTables {
        var tables = ProgramTables(id: id)
        tables.usesSourcePorts = plan.sourcePorts != nil
        tables.defaultGroup = defaultGroup
        tables.defaultPortGroup = plan.ports.defaultGroup
        return tables
    }

    /// All tables.
    func tables(_ partition: RemotePartition, _ index: ClusterIndex) -> ProgramTables {
        var tables = frame
        tables.ports = plan.ports.entries
        tables.sourcePorts = plan.sourcePorts?.entries ?? [:]
        for (label, signature) in partition.classes {
            guard let group = groupOf[signature], group != tables.defaultGroup else { continue }
            tables.groups[index.kernelID(of: label)] = group
        }
        for group in groups.keys { tables.verdicts.merge(verdicts(of: group)) { $1 } }
        return tables
    }
}
