internal import CBPFABI
internal import Index

/// A policy program with its tables: which verdicts each remote signature gets, as a table of verdicts
/// or, where that would be too large, as bitmaps of clauses.
struct PolicyProgram: Sendable {
    enum Form: Hashable, Sendable {
        case table
        case bitmap
    }

    /// No group has this id: its flows find no verdict, and are denied.
    static let deniedGroup: UInt32 = 0

    let id: UInt32
    let plan: VerdictPlan
    let form: Form
    private var rows = VerdictRows()
    private var groupOf: [Int32: UInt32] = [:]
    private var ids = StableIDs(first: 1)
    /// Values of `cara_bitmaps` that it has.
    private(set) var bitmapCount = 0

    /// Works out the tables for all signatures of the partition, with `room` for that many values of
    /// `cara_bitmaps`.
    init(
        id: UInt32,
        plan: VerdictPlan,
        _ form: Form,
        _ partition: RemotePartition,
        room: Int
    ) throws(ProgramOverflow) {
        self.id = id
        self.plan = plan
        self.form = form
        switch form {
        case .table: insertRows(of: partition)
        case .bitmap:
            if let overflow = plan.overflow { throw overflow }
            bitmapCount = plan.fixedBitmaps.count
            insertBits(of: partition)
            guard bitmapCount <= room else { throw .bitmaps(bitmapCount, room: room) }
        }
    }

    private mutating func insertRows(of partition: RemotePartition) {
        let rows = partition.signatures.map { (id: $0.key, row: plan.row($0.value.positions)) }
            .map { (hash: VerdictRows.hash(of: $0.row, plan), id: $0.id, row: $0.row) }
            .sorted { ($0.hash, $0.id) < ($1.hash, $1.id) }
        for entry in rows {
            groupOf[entry.id] = self.rows.insert(entry.row, entry.hash, &ids).id
        }
    }

    private mutating func insertBits(of partition: RemotePartition) {
        let rows = partition.signatures.map { signature in
            let bits = plan.bits(ofRemote: signature.value.positions)
            return (hash: bits.stableHash, id: signature.key, size: bits.chunkCount)
        }
        for row in rows.sorted(by: { ($0.hash, $0.id) < ($1.hash, $1.id) }) {
            groupOf[row.id] = ids.claim(row.hash)
            bitmapCount += row.size
        }
    }

    /// The group of every class that the tables do not name.
    var defaultGroup: UInt32 { groupOf[RemotePartition.ofEmptyClass] ?? Self.deniedGroup }

    func group(of signature: Int32) -> UInt32? { groupOf[signature] }

    // MARK: Signatures that come and go

    /// The group of a signature; what a new group needs is put into `tables`.
    ///
    /// Without room for it the signature is denied.
    mutating func add(
        _ signature: Int32,
        _ positions: [Int],
        room: Int,
        to tables: inout ProgramTables
    ) -> UInt32 {
        if let group = groupOf[signature] { return group }
        let group =
            form == .table ? addRow(positions, room, &tables) : addBits(positions, room, &tables)
        groupOf[signature] = group
        return group
    }

    private mutating func addRow(
        _ positions: [Int],
        _ room: Int,
        _ tables: inout ProgramTables
    ) -> UInt32 {
        let row = plan.row(positions)
        guard room > 0 || rows.contains(row) else { return Self.deniedGroup }
        let (group, isNew) = rows.insert(row, VerdictRows.hash(of: row, plan), &ids)
        if isNew { tables.verdicts.merge(rows.verdicts(of: group, plan)) { $1 } }
        return group
    }

    private mutating func addBits(
        _ positions: [Int],
        _ room: Int,
        _ tables: inout ProgramTables
    ) -> UInt32 {
        let bits = plan.bits(ofRemote: positions)
        guard bits.chunkCount <= room else { return Self.deniedGroup }
        let group = ids.claim(bits.stableHash)
        for chunk in bits.chunks(.remote, group) { tables.bitmaps[chunk.key] = chunk.value }
        bitmapCount += bits.chunkCount
        return group
    }

    /// What goes when no class has the signature any more.
    mutating func remove(_ signature: Int32, _ positions: [Int]) -> Removal {
        var removal = Removal()
        guard let id = groupOf.removeValue(forKey: signature), id != Self.deniedGroup else {
            return removal
        }
        switch form {
        case .table:
            guard let keys = rows.remove(id, plan) else { return removal }
            removal.verdicts = keys
        case .bitmap:
            removal.bitmaps = plan.bits(ofRemote: positions).chunks(.remote, id).map(\.key)
            bitmapCount -= removal.bitmaps.count
        }
        ids.release(id)
        return removal
    }

    struct Removal {
        var verdicts: [ProgramTables.VerdictKey] = []
        var bitmaps: [ProgramTables.BitmapKey] = []
    }

    // MARK: Tables

    /// The tables without groups and verdicts: what an addition begins with.
    var frame: ProgramTables {
        var tables = ProgramTables(id: id)
        tables.isBitmap = form == .bitmap
        tables.usesSourcePorts = plan.sourcePorts != nil
        tables.defaultGroup = defaultGroup
        tables.defaultPortGroup = plan.ports.defaultGroup
        tables.defaultDenial = form == .table ? plan.denial?.rule : nil
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
        switch form {
        case .table: tables.verdicts = rows.allVerdicts(plan)
        case .bitmap:
            tables.clauses = plan.clauseEntries
            tables.bitmaps = plan.fixedBitmaps
            for (signature, group) in groupOf {
                guard let positions = partition.signatures[signature]?.positions else { continue }
                for chunk in plan.bits(ofRemote: positions).chunks(.remote, group) {
                    tables.bitmaps[chunk.key] = chunk.value
                }
            }
        }
        return tables
    }
}
