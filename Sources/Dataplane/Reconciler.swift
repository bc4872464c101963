import CBPFABI
import Compile
import Model

/// Brings the maps from what they hold to what is desired, and tells what it wrote.
///
/// After a failed write nothing is known for sure: the next change begins by reading the maps, like
/// the first one after a start. Until then endpoints stay under their old programs and new ones
/// stay closed.
struct Reconciler {
    private enum State {
        /// Nothing desired yet, or a write failed: compare with the kernel before the next write.
        case unknown
        /// The kernel holds all that is desired.
        case current
    }

    let maps: any MapStore
    private var state = State.unknown
    private(set) var hasPolicy = false
    private(set) var policy = DesiredPolicy()
    private(set) var actual: EndpointTables
    private(set) var conflicts: [AddressConflict] = []
    /// Owners whose programs are not known: see ``ApplyReport/owners``.
    private(set) var owners: [Address: EndpointID] = [:]
    /// A program was left in place because an endpoint that keeps its address still needs it.
    private var hasLeftOver = false
    private var writes: [MapName: Int] = [:]
    /// When the last plan's verdicts were all written.
    private var inForce: ContinuousClock.Instant?
    /// Entries written or removed since the start.
    private(set) var totalWrites: [MapName: Int] = [:]
    var local = LocalEndpoints()
    var hosts = HostEndpoints()
    var cells = ClassCells()
    /// Writes so far, but for those of generations: whoever walks over the maps sees that they moved.
    private(set) var changes = 0
    /// The node's own addresses and settings as they were applied last.
    var localAddresses: Set<Address>?
    var settings: Settings?

    init(maps: any MapStore) throws(DataplaneError) {
        self.maps = maps
        actual = try EndpointTables(readingFrom: maps)
    }

    /// Makes the kernel hold the sum of all changes up to this one.
    mutating func apply(_ change: DataplaneChange) throws(DataplaneError) -> ApplyReport {
        // Not a copy of the whole policy: the tables of what goes are all that is needed of it.
        let going = change.programsRemoved.compactMap { policy.programs[$0] }
        policy.merge(change)
        hasPolicy = true
        return try reporting { reconciler throws(DataplaneError) in
            let reformed = reconciler.actual.reformed(by: change.reformed)
            let resolution = try reconciler.resolve(from: reformed)
            if reconciler.state == .current {
                var plan = Plan(
                    change,
                    going: going,
                    actual: reformed,
                    resolution: resolution
                )
                if !change.reformed.isEmpty {
                    plan.reforms = EndpointDelta(from: reconciler.actual, to: reformed)
                }
                try reconciler.carryOut(reconciler.permitted(plan), resolution)
            } else {
                try reconciler.resync(resolution)
            }
            reconciler.state = .current
        }
    }

    /// Makes the endpoint maps follow what became of endpoints and links; nothing before the first
    /// change and after a failed one.
    mutating func refreshEndpoints() throws(DataplaneError) -> ApplyReport {
        try reporting { reconciler throws(DataplaneError) in
            guard reconciler.state == .current else { return }
            let resolution = try reconciler.resolve()
            let plan = Plan(from: reconciler.actual, to: resolution)
            try reconciler.carryOut(reconciler.permitted(plan), resolution)
        }
    }

    private mutating func reporting(
        _ body: (inout Reconciler) throws(DataplaneError) -> Void
    ) throws(DataplaneError) -> ApplyReport {
        writes = [:]
        inForce = nil
        let wasCurrent = state == .current
        do throws(DataplaneError) {
            try body(&self)
        } catch {
            state = .unknown
            throw error
        }
        return ApplyReport(
            writes: writes,
            comparedWithKernel: !wasCurrent,
            conflicts: conflicts,
            owners: owners,
            inForce: inForce
        )
    }

    private mutating func resolve(
        from actual: EndpointTables? = nil
    ) throws(DataplaneError) -> LocalEndpoints.Resolution {
        let actual = actual ?? self.actual
        var resolution = try local.resolve(policy, actual: actual)
        resolution.tables.hosts = hosts.tables(policy, actual: actual.hosts)
        conflicts = resolution.conflicts
        owners = resolution.owners
        // The conflict over: what it kept can go, and only a comparison knows what that is.
        if hasLeftOver, conflicts.isEmpty { state = .unknown }
        return resolution
    }

    private mutating func resync(
        _ resolution: LocalEndpoints.Resolution
    ) throws(DataplaneError) {
        actual = try EndpointTables(readingFrom: maps)
        try forgetCells()
        let resolution = try resolve()
        var plan = Plan(
            policy: policy,
            actual: try ActualPolicy(readingFrom: maps),
            actualEndpoints: actual,
            resolution: resolution
        )
        plan = permitted(plan)
        if try isMarked() {
            plan.revokedSlots.formUnion(resolution.tables.allSlots)
            try carryOut(plan, resolution)
            try mark(false)
        } else {
            try carryOut(plan, resolution)
        }
    }
}

// MARK: - Carrying a plan out

extension Reconciler {
    private mutating func carryOut(
        _ plan: Plan,
        _ resolution: LocalEndpoints.Resolution
    ) throws(DataplaneError) {
        if plan.needsMark { try mark(true) }
        for phase in Plan.Phase.allCases {
            try carryOut(phase, of: plan, resolution)
        }
    }

    private mutating func carryOut(
        _ phase: Plan.Phase,
        of plan: Plan,
        _ resolution: LocalEndpoints.Resolution
    ) throws(DataplaneError) {
        switch phase {
        case .garbage: try write(plan.garbage)
        case .programs: try write(plan.programs)
        case .extensions: try write(plan.extensions)
        case .reforms: if let reforms = plan.reforms { try write(reforms) }
        case .classes:
            try write(plan.classes, to: Maps.classes)
            try followCells(plan.classes)
        case .endpoints:
            try move(local.freshSlots)
            local.freshSlotsMoved()
            try write(plan.endpoints)
            actual = resolution.tables
            try noteHosts()
            try settleCells()
        case .revocation:
            try move(plan.revokedSlots)
            if plan.needsMark { try mark(false) }
            inForce = ContinuousClock.now
        case .removals:
            try write(plan.removals)
            hasLeftOver = !actual.programs.allSatisfy { isKnown($0) }
        }
    }

    private func isKnown(_ program: UInt32) -> Bool {
        program < UInt32(CARA_PROGRAM_FIRST) || policy.programs[program] != nil
    }

    private mutating func write(_ entries: ProgramEntries) throws(DataplaneError) {
        try set(entries.verdicts.writes, in: Maps.verdicts)
        try set(entries.clauses.writes, in: Maps.clauses)
        try set(entries.bitmaps.writes, in: Maps.bitmaps)
        try set(entries.sourcePorts.writes, in: Maps.sourcePorts)
        try set(entries.ports.writes, in: Maps.ports)
        try set(entries.groups.writes, in: Maps.groups)
        try set(entries.programs.writes, in: Maps.programs)
        try remove(entries.programs.removals, from: Maps.programs)
        try remove(entries.groups.removals, from: Maps.groups)
        try remove(entries.ports.removals, from: Maps.ports)
        try remove(entries.sourcePorts.removals, from: Maps.sourcePorts)
        try remove(entries.bitmaps.removals, from: Maps.bitmaps)
        try remove(entries.clauses.removals, from: Maps.clauses)
        try remove(entries.verdicts.removals, from: Maps.verdicts)
    }

    private mutating func write(_ delta: EndpointDelta) throws(DataplaneError) {
        try set(delta.sources.writes, in: Maps.spoof)
        try set(delta.ifaces.writes, in: Maps.ifaces)
        try write(delta.endpoints, to: Maps.endpoints)
        try write(delta.hosts, to: Maps.hosts)
        try remove(delta.ifaces.removals, from: Maps.ifaces)
        try remove(delta.sources.removals, from: Maps.spoof)
    }

    private mutating func write<K, V>(
        _ delta: MapDelta<K, V>,
        to table: MapTable<K, V>
    ) throws(DataplaneError) {
        try set(delta.writes, in: table)
        try remove(delta.removals, from: table)
    }

    mutating func set<K, V>(
        _ entries: [MapEntry<K, V>],
        in table: MapTable<K, V>
    ) throws(DataplaneError) {
        guard !entries.isEmpty else { return }
        try maps.set(entries, in: table)
        noteChange(of: table.name)
        writes[table.name, default: 0] += entries.count
        totalWrites[table.name, default: 0] += entries.count
    }

    mutating func remove<K, V>(
        _ keys: [K],
        from table: MapTable<K, V>
    ) throws(DataplaneError) {
        guard !keys.isEmpty else { return }
        try maps.remove(keys, from: table)
        noteChange(of: table.name)
        writes[table.name, default: 0] += keys.count
        totalWrites[table.name, default: 0] += keys.count
    }

    private mutating func noteChange(of map: MapName) {
        if map != .generations { changes += 1 }
    }
}

// MARK: - Repair

extension Reconciler {
    /// Writes what an audit found wrong, in the order of any change, and has judged anew what may
    /// have been judged by it.
    mutating func repair(
        revoking slots: (EndpointTables) -> Set<UInt32>,
        _ build: (inout Plan, EndpointTables) -> Void
    ) throws(DataplaneError) {
        _ = try reporting { reconciler throws(DataplaneError) in
            let resolution = try reconciler.resolve()
            var plan = Plan(from: reconciler.actual, to: resolution)
            build(&plan, resolution.tables)
            plan.revokedSlots.formUnion(slots(resolution.tables))
            try reconciler.carryOut(plan, resolution)
        }
    }
}

// MARK: - Reading

extension Reconciler {
    func slice<K, V>(
        of table: MapTable<K, V>,
        after cursor: MapCursor?,
        limit: Int
    ) throws(DataplaneError) -> MapSlice<K, V> {
        try maps.slice(of: table, after: cursor, limit: limit)
    }

    func readEndpoints() throws(DataplaneError) -> EndpointTables {
        try EndpointTables(readingFrom: maps)
    }

    func entries<K, V>(of table: MapTable<K, V>) throws(DataplaneError) -> [MapEntry<K, V>] {
        try maps.entries(of: table)
    }

    func value<K, V>(of key: K, in table: MapTable<K, V>) throws(DataplaneError) -> V? {
        try maps.value(of: key, in: table)
    }
}

// MARK: - Generations

extension Reconciler {
    /// Moves the generations of slots on by one.
    mutating func move(_ slots: Set<UInt32>) throws(DataplaneError) {
        var entries: [MapEntry<UInt32, UInt32>] = []
        for slot in slots.sorted() {
            let generation = try maps.value(of: slot, in: Maps.generations) ?? 0
            entries.append((slot, generation &+ 1))
        }
        try set(entries, in: Maps.generations)
    }

    /// Notes in the kernel that a change is under way, for the agent that comes after a crash.
    mutating func mark(_ isChanging: Bool) throws(DataplaneError) {
        try set([(UInt32(CARA_SLOT_CHANGING), isChanging ? 1 : 0)], in: Maps.generations)
    }

    func isMarked() throws(DataplaneError) -> Bool {
        try maps.value(of: UInt32(CARA_SLOT_CHANGING), in: Maps.generations) ?? 0 != 0
    }
}

// MARK: - Liveness

extension Reconciler {
    /// Why an endpoint is not live, `nil` when it is.
    func obstacle(of id: EndpointID) -> DataplaneError? {
        guard let endpoint = local.endpoint(id)
        else { return .notLive(id, reason: "it is not registered") }
        guard let link = local.link(of: id)
        else { return .notLive(id, reason: "interface \(endpoint.interface ?? "?") is missing") }
        for address in endpoint.addresses {
            if let owner = local.owner(of: address), owner != id {
                return .addressInUse(address, owner: owner, other: id)
            }
            guard let programs = policy.endpoints[address], programs.id == id
            else { return .notLive(id, reason: "no policy is known for \(address)") }
            guard let entry = actual.endpoints[address], entry.ifindex == link.index,
                entry.ingress_program == programs.ingress,
                entry.egress_program == programs.egress
            else { return .notLive(id, reason: "the kernel does not have \(address) yet") }
        }
        return endpoint.addresses.isEmpty ? .notLive(id, reason: "it has no address") : nil
    }

    /// Registered endpoints that are not live, and why.
    var waiting: [EndpointID: String] {
        var result: [EndpointID: String] = [:]
        for id in local.ids {
            if let obstacle = obstacle(of: id) { result[id] = "\(obstacle)" }
        }
        return result
    }

    /// Whether the last change is in the kernel.
    var isCurrent: Bool { state == .current }
}
