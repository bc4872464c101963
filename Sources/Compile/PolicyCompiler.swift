internal import Index
package import Model

/// From what the cluster's objects say to what the kernel's tables must hold.
///
/// An incremental function of the present state: the order in which updates come, and how often they
/// repeat, leave no trace in the tables. One large first `apply` is the start-up. The stages, each in
/// its own file:
///
///     updates -> facts (Index) -> clauses -> programs -> matchers in use -> classes -> tables
///
/// Classes go on telling apart what programs on their way out ask, so that no packet meets a program
/// whose questions its classes no longer answer. The next `apply`, with or without updates, drops
/// that; `needsSettling` tells whether there is something to drop.
package struct PolicyCompiler: Sendable {
    /// A workload of this node.
    struct LocalEndpoint: Sendable {
        var endpoint: Endpoint
        var scopes: [ScopeID] = []
    }

    /// What a local address has now.
    struct Attachment: Hashable, Sendable {
        let id: EndpointID
        var ingress: ProgramRef?
        var egress: ProgramRef?
        /// `nil` where staged policies change nothing.
        var stagedIngress: ProgramRef?
        var stagedEgress: ProgramRef?
        var dependsOnAddress: Bool
    }

    struct ProfileEntry: Sendable {
        let profile: Profile
        /// By the key's number.
        var compiled: [Int: CompiledRules] = [:]
    }

    let bounds: ProgramBounds
    var index: ClusterIndex
    var policies = PolicyTable()
    var profiles: [String: ProfileEntry] = [:]
    /// Host endpoints of this node.
    var hosts: [EndpointID: LocalEndpoint] = [:]
    var hostPrograms: [EndpointID: [HostPrograms.Key: HostProgram]] = [:]
    /// Rules as host endpoints need them, by what they belong to and the key's number.
    var hostRules: [RuleName.Owner: [Int: [HostRecipe.Step]]] = [:]
    var splits = SplitTable()
    var locals: [EndpointID: LocalEndpoint] = [:]
    /// Local endpoints that claim the address; the first one gets it, unless ``given`` names another.
    var owners: [Address: [EndpointID]] = [:]
    /// Who has a disputed address in the kernel.
    var given: [Address: EndpointID] = [:]
    var attachments: [Address: Attachment] = [:]
    var spoofers: [EndpointID: [Family: ProgramRef?]] = [:]
    var stagedSpoofers: [EndpointID: [Family: ProgramRef]] = [:]
    /// Local endpoints that do not get an address of theirs.
    var disputes: [Address: [EndpointID]] = [:]
    /// Local addresses whose programs depend on what owns the address.
    var watched: Set<Address> = []
    var vocabulary = Vocabulary()
    var programs = ProgramTable()
    var ruleIDs = RuleIDs()
    /// Programs that do not depend on an address, and their parts before the profiles, for the length
    /// of one `apply`.
    var flattened: [ProgramInput: ProgramRef?] = [:]
    var flattenedTiers: [ProgramInput: Flattening] = [:]
    /// What was taken in and not worked out yet.
    var dirt = Dirt()
    var touched = Touched()
    /// Some program should have another form, now that others are gone.
    private var needsReform = false
    /// What the last `apply` looked at.
    package private(set) var effort = Effort()

    package init(localNode: String) {
        self.init(localNode: localNode, ProgramBounds())
    }

    /// With other bounds: programs with more verdicts, one or all together, are bitmaps.
    package init(localNode: String, verdictLimit: Int, verdictBudget: Int = .max) {
        let bounds = ProgramBounds(verdicts: verdictLimit, allVerdicts: verdictBudget)
        self.init(localNode: localNode, bounds)
    }

    init(localNode: String, _ bounds: ProgramBounds) {
        self.bounds = bounds
        index = ClusterIndex(localNode: localNode)
    }

    /// Whether another `apply` would tidy up after the last one.
    package var needsSettling: Bool { index.needsSettling || needsReform }

    /// How much work a change was, in numbers that the size of the cluster does not move.
    package struct Effort: Hashable, Sendable {
        var index = ClusterIndex.Effort()
        /// Local addresses whose rules were put together.
        package var endpoints = 0
        /// Programs whose tables were worked out or added to.
        package var programs = 0
        /// Endpoints and network sets whose labels were matched.
        package var items: Int { index.items }
        /// Selectors that were asked for them.
        package var selectors: Int { index.selectors }
        /// Prefixes whose class was worked out.
        package var prefixes: Int { index.prefixes }
    }

    /// Takes the updates in; the result is what must become of the kernel's tables.
    ///
    /// `owners` tells of disputed addresses who came first: only the kernel knows.
    package mutating func apply(
        _ updates: [Update],
        owners: [Address: EndpointID] = [:]
    ) -> DataplaneChange {
        take(updates)
        var dirty = takeDirt()
        for (address, owner) in owners where given[address] != owner {
            given[address] = owner
            dirty.addresses.insert(address)
        }
        dirty.formUnion(endpoints(affectedBy: index.takeNews()))
        var change = DataplaneChange()
        let plan = plan(dirty, &change)
        // Not earlier: what the last change released may be asked again now.
        index.settle()
        let update = index.refresh()
        let choices = splits.choose(update.gained, vocabulary, &index, &programs)
        programs.insert(update.gained, index)
        change.classes = ClassChanges(update.prefixes)
        let (failed, reform) = updatePrograms(update, &change)
        change.revoked = programs.affected(by: update.moves)
        let failedSplits = settleSplits(choices, update, failed, reform.refs, &change)
        attach(plan, failed, &change)
        attachHosts(plan, failed, failedSplits, &change)
        tellReformed(reform.refs, &change)
        tidy(update, &change)
        effort = Effort(
            index: index.takeEffort(),
            endpoints: plan.attachments.count,
            programs: change.programsAdded.count + change.programsExtended.count
        )
        needsReform = programs.hasOtherForms(
            than: programs.forms(without: [], bounds),
            besides: reform.full
        )
        return change
    }

    /// New programs, and in those that are there what new classes need; the result is which do not fit,
    /// and which took another form.
    private mutating func updatePrograms(
        _ update: ClassUpdate,
        _ change: inout DataplaneChange
    ) -> (failed: [ProgramRef: ProgramOverflow], reform: ProgramTable.Reform) {
        let fresh = programs.takeFresh(vocabulary, &ruleIDs)
        let forms = programs.forms(without: update.lost, bounds)
        let reform = programs.reform(to: forms, index, bounds)
        change.programsAdded = reform.added
        change.reformed = reform.ids
        let (additions, failures) = programs.extend(
            update.gained,
            index,
            full: reform.full,
            room: bounds.allBitmaps - programs.bitmapCount
        )
        change.programsExtended = additions
        change.failures = failures
        var failed: [ProgramRef: ProgramOverflow] = [:]
        for ref in fresh {
            do throws(ProgramOverflow) {
                let room = bounds.allBitmaps - programs.bitmapCount
                try programs.build(ref, forms[ref] ?? .table, room: room)
            } catch {
                failed[ref] = error
                continue
            }
            guard let entry = programs.entries[ref], let program = entry.program,
                let partition = programs.partitions[entry.partition]
            else { continue }
            change.programsAdded.append(program.tables(partition, index))
        }
        change.programsAdded.sort { $0.id < $1.id }
        return (failed, reform)
    }

    /// Drops what nothing uses any more.
    private mutating func tidy(_ update: ClassUpdate, _ change: inout DataplaneChange) {
        let splitsRemoved = splits.removeUnused(&index, &programs)
        let lostChoices = splits.remove(update.lost, index, &programs)
        change.programsRemoved = programs.removeUnused(&index, &ruleIDs) + splitsRemoved
        let removed = Set(change.programsRemoved)
        let removal = programs.remove(update.lost, index)
        change.groupsRemoved = removal.groups.merging(lostChoices) { $1 }
        change.verdictsRemoved = removal.verdicts
        change.bitmapsRemoved = removal.bitmaps
        change.revoked.subtract(removed)
        change.rules = ruleIDs.takeChanges()
        index.finish(update)
        flattened = [:]
        flattenedTiers = [:]
        policies.forgetFormer()
        sweepVocabulary()
    }

    private mutating func sweepVocabulary() {
        guard vocabulary.needsSweep else { return }
        let compiled = policies.allCompiledRules + profiles.values.flatMap { $0.compiled.values }
        var conditions: Set<Int32> = []
        var rules: Set<Int32> = []
        for case .match(let condition, _, let rule) in compiled.flatMap(\.steps) {
            conditions.insert(condition)
            rules.insert(rule)
        }
        let near = keepHostRules(&conditions, &rules)
        for entry in programs.entries.values {
            conditions.formUnion(entry.clauses.map(\.condition))
            rules.formUnion(entry.rules)
        }
        vocabulary.sweep(conditions: conditions, near: near, rules: rules)
    }
}
