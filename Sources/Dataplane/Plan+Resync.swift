import CBPFABI
import Compile

/// The policy maps as the kernel holds them: read at start and after a failure.
struct ActualPolicy {
    var verdicts: [MapEntry<cara_verdict_key, cara_verdict>] = []
    var clauses: [MapEntry<cara_clause_key, cara_clause>] = []
    var bitmaps: [MapEntry<cara_bitmap_key, cara_bitmap>] = []
    var sourcePorts: [MapEntry<cara_port_key, UInt32>] = []
    var ports: [MapEntry<cara_port_key, UInt32>] = []
    var groups: [MapEntry<cara_group_key, UInt32>] = []
    var programs: [MapEntry<UInt32, cara_program>] = []
    var classes: [MapEntry<cara_class_key, UInt32>] = []

    init(readingFrom maps: some MapStore) throws(DataplaneError) {
        verdicts = try maps.entries(of: Maps.verdicts)
        clauses = try maps.entries(of: Maps.clauses)
        bitmaps = try maps.entries(of: Maps.bitmaps)
        sourcePorts = try maps.entries(of: Maps.sourcePorts)
        ports = try maps.entries(of: Maps.ports)
        groups = try maps.entries(of: Maps.groups)
        programs = try maps.entries(of: Maps.programs)
        classes = try maps.entries(of: Maps.classes)
    }
}

extension Plan {
    /// Everything that is desired to a kernel that holds anything at all.
    ///
    /// What changed while nobody watched is not known, so when a program in use or a class differs,
    /// every endpoint's connections are judged anew.
    ///
    /// - Parameters:
    ///   - policy: all that is desired.
    ///   - actual: the policy maps as they are.
    ///   - actualEndpoints: the endpoint maps as they are.
    ///   - resolution: the endpoint maps as they should be.
    init(
        policy: DesiredPolicy,
        actual: ActualPolicy,
        actualEndpoints: EndpointTables,
        resolution: LocalEndpoints.Resolution
    ) {
        self.init(from: actualEndpoints, to: resolution)
        let inUse = actualEndpoints.programs
        let all = Self.difference(from: actual, to: policy)
        programs = all.filtered(writes: { _ in true }, removals: { _ in false })
        garbage = all.filtered(
            writes: { _ in false },
            removals: { policy.programs[$0] == nil && !inUse.contains($0) }
        )
        let kept = resolution.tables.programs
        removals = all.filtered(
            writes: { _ in false },
            removals: { id in
                policy.programs[id] != nil || (inUse.contains(id) && !kept.contains(id))
            }
        )
        classes = MapDelta(from: actual.classes, to: policy.classEntries)
        classes.removals.sort { $0.prefixlen < $1.prefixlen }
        let touched = all.programIDs(removed: { policy.programs[$0] != nil })
        if !classes.isEmpty || !touched.isDisjoint(with: inUse) {
            revokedSlots.formUnion(resolution.tables.allSlots)
        }
    }

    private static func difference(
        from actual: ActualPolicy,
        to policy: DesiredPolicy
    ) -> ProgramEntries {
        var desired = ProgramEntries()
        for tables in policy.programs.values { desired.set(tables, withRecord: true) }
        return ProgramEntries(
            verdicts: MapDelta(from: actual.verdicts, to: desired.verdicts.writes),
            clauses: MapDelta(from: actual.clauses, to: desired.clauses.writes),
            bitmaps: MapDelta(from: actual.bitmaps, to: desired.bitmaps.writes),
            sourcePorts: MapDelta(from: actual.sourcePorts, to: desired.sourcePorts.writes),
            ports: MapDelta(from: actual.ports, to: desired.ports.writes),
            groups: MapDelta(from: actual.groups, to: desired.groups.writes),
            programs: MapDelta(from: actual.programs, to: desired.programs.writes)
        )
    }
}

extension ProgramEntries {
    /// The writes and removals for the programs that the predicates choose.
    func filtered(
        writes isWritten: (UInt32) -> Bool,
        removals isRemoved: (UInt32) -> Bool
    ) -> ProgramEntries {
        ProgramEntries(
            verdicts: verdicts.filtered(\.program, isWritten, isRemoved),
            clauses: clauses.filtered(\.program, isWritten, isRemoved),
            bitmaps: bitmaps.filtered(\.program, isWritten, isRemoved),
            sourcePorts: sourcePorts.filtered(\.hostProgram, isWritten, isRemoved),
            ports: ports.filtered(\.hostProgram, isWritten, isRemoved),
            groups: groups.filtered(\.program, isWritten, isRemoved),
            programs: programs.filtered(\.self, isWritten, isRemoved)
        )
    }

    /// Programs with writes, or with removals that the predicate counts.
    func programIDs(removed: (UInt32) -> Bool) -> Set<UInt32> {
        let chosen = filtered(writes: { _ in true }, removals: removed)
        var ids: Set<UInt32> = []
        ids.formUnion(chosen.verdicts.keys.map(\.program))
        ids.formUnion(chosen.clauses.keys.map(\.program))
        ids.formUnion(chosen.bitmaps.keys.map(\.program))
        ids.formUnion(chosen.sourcePorts.keys.map(\.hostProgram))
        ids.formUnion(chosen.ports.keys.map(\.hostProgram))
        ids.formUnion(chosen.groups.keys.map(\.program))
        ids.formUnion(chosen.programs.keys)
        return ids
    }
}

extension MapDelta {
    fileprivate var keys: [Key] { writes.map(\.key) + removals }

    fileprivate func filtered(
        _ program: (Key) -> UInt32,
        _ isWritten: (UInt32) -> Bool,
        _ isRemoved: (UInt32) -> Bool
    ) -> MapDelta {
        MapDelta(
            writes: writes.filter { isWritten(program($0.key)) },
            removals: removals.filter { isRemoved(program($0)) }
        )
    }
}

extension cara_port_key {
    fileprivate var hostProgram: UInt32 { UInt32(bigEndian: program) }
}
