internal import Index
internal import Model

// Which programs local addresses have: wanted first, then, when their tables are known to fit, given.

extension PolicyCompiler {
    private typealias Key = CompiledRules.Key

    /// What addresses and endpoints should have; `nil` when they are local no more.
    struct Plan {
        var attachments: [(address: Address, wanted: Attachment?)] = []
        var spoofers: [(id: EndpointID, wanted: Spoofers?)] = []
        var hosts: [(id: EndpointID, wanted: [HostPrograms.Key: HostProgram]?)] = []
    }

    /// Programs of an endpoint's foreign sources by family, and those that staged policies would change.
    struct Spoofers {
        var enforced: [Family: ProgramRef?] = [:]
        var staged: [Family: ProgramRef] = [:]
    }

    mutating func plan(_ dirt: Dirt, _ change: inout DataplaneChange) -> Plan {
        var plan = Plan()
        var addresses = dirt.addresses
        for id in dirt.endpoints {
            addresses.formUnion(locals[id]?.endpoint.addresses ?? [])
        }
        for address in addresses.sorted() {
            plan.attachments.append((address, attachment(of: address)))
            noteConflict(at: address, &change)
        }
        for id in dirt.endpoints.sorted(by: { $0.sortKey < $1.sortKey }) {
            if case .host = id {
                plan.hosts.append((id, hostPrograms(of: id)))
            } else {
                plan.spoofers.append((id, spoofers(of: id)))
            }
        }
        return plan
    }

    private func owner(of address: Address) -> EndpointID? {
        let claimants = owners[address] ?? []
        return claimants.first { $0 == given[address] } ?? claimants.first
    }

    private mutating func attachment(of address: Address) -> Attachment? {
        guard let id = owner(of: address), let local = locals[id] else { return nil }
        let side = LocalSide.address(address)
        let ingressKey = Key(direction: .ingress, family: address.family)
        let egressKey = Key(direction: .egress, family: address.family)
        let ingress = program(local, ingressKey, side)
        let egress = program(local, egressKey, side)
        let stagedIngress = stagedProgram(local, ingressKey, side, enforced: ingress.ref)
        let stagedEgress = stagedProgram(local, egressKey, side, enforced: egress.ref)
        return Attachment(
            id: id,
            ingress: ingress.ref,
            egress: egress.ref,
            stagedIngress: stagedIngress.ref,
            stagedEgress: stagedEgress.ref,
            dependsOnAddress: [ingress, egress, stagedIngress, stagedEgress]
                .contains { $0.dependsOnAddress }
        )
    }

    private mutating func spoofers(of id: EndpointID) -> Spoofers? {
        guard let local = locals[id], !local.endpoint.allowedSourcePrefixes.isEmpty else {
            return nil
        }
        var programs = Spoofers()
        for family in Family.allCases {
            let prefixes = local.endpoint.allowedSourcePrefixes.filter { $0.family == family }
            guard !prefixes.isEmpty else { continue }
            let key = Key(direction: .egress, family: family)
            let enforced = program(local, key, .sources(prefixes)).ref
            programs.enforced[family] = enforced
            programs.staged[family] =
                stagedProgram(local, key, .sources(prefixes), enforced: enforced).ref
        }
        return programs
    }

    private mutating func noteConflict(at address: Address, _ change: inout DataplaneChange) {
        let owner = owner(of: address)
        let losers = (owners[address] ?? []).filter { $0 != owner }
        guard losers != disputes[address] ?? [] else { return }
        disputes[address] = losers.isEmpty ? nil : losers
        change.conflicts[address] = losers
    }

    // MARK: Giving

    mutating func attach(
        _ plan: Plan,
        _ failed: [ProgramRef: ProgramOverflow],
        _ change: inout DataplaneChange
    ) {
        for (address, wanted) in plan.attachments {
            attach(address, wanted, failed, &change)
        }
        for (id, wanted) in plan.spoofers { attach(id, wanted, failed, &change) }
        let dependent = Set(attachments.filter(\.value.dependsOnAddress).keys)
        if dependent != watched {
            watched = dependent
            index.watch(dependent)
        }
    }

    private mutating func attach(
        _ address: Address,
        _ wanted: Attachment?,
        _ failed: [ProgramRef: ProgramOverflow],
        _ change: inout DataplaneChange
    ) {
        let former = attachments[address]
        let fallback = former?.id == wanted?.id ? former : nil
        var given = wanted
        if let wanted {
            func settled(_ direction: Direction, _ end: KeyPath<Attachment, ProgramRef?>)
                -> ProgramRef?
            {
                self.settled(
                    wanted[keyPath: end],
                    else: fallback?[keyPath: end],
                    (wanted.id, direction),
                    failed,
                    &change
                )
            }
            given?.ingress = settled(.ingress, \.ingress)
            given?.egress = settled(.egress, \.egress)
            given?.stagedIngress = staged(
                wanted.stagedIngress,
                (wanted.id, .ingress),
                failed,
                &change
            )
            given?.stagedEgress = staged(
                wanted.stagedEgress,
                (wanted.id, .egress),
                failed,
                &change
            )
        }
        attachments[address] = given
        for ref in given?.programs ?? [] { programs.use(ref, by: 1) }
        for ref in former?.programs ?? [] { programs.use(ref, by: -1) }
        tell(address, former, given, &change)
    }

    /// Tells the dataplane of an address's programs, if they are others now.
    private func tell(
        _ address: Address,
        _ former: Attachment?,
        _ given: Attachment?,
        _ change: inout DataplaneChange
    ) {
        guard let given else {
            if former != nil { change.endpoints[address] = .some(nil) }
            return
        }
        let ids = kernelPrograms(given)
        guard let former else {
            change.endpoints[address] = ids
            return
        }
        let isOther = former.id != given.id
        if isOther || former.ingress != given.ingress { change.revoked.insert(ids.ingress) }
        if isOther || former.egress != given.egress { change.revoked.insert(ids.egress) }
        if isOther || former.programs != given.programs { change.endpoints[address] = ids }
    }

    private mutating func attach(
        _ id: EndpointID,
        _ wanted: Spoofers?,
        _ failed: [ProgramRef: ProgramOverflow],
        _ change: inout DataplaneChange
    ) {
        attachStaged(id, wanted?.staged ?? [:], failed, &change)
        let former = spoofers[id]
        var given: [Family: ProgramRef?]?
        for (family, ref) in wanted?.enforced ?? [:] {
            let fallback = former?[family] ?? nil
            let ref = settled(ref, else: fallback, (id, .egress), failed, &change)
            given = given ?? [:]
            given?[family] = .some(ref)
        }
        guard given != former else { return }
        for ref in (given ?? [:]).values { programs.use(ref, by: 1) }
        for ref in (former ?? [:]).values { programs.use(ref, by: -1) }
        spoofers[id] = given
        change.spoofers[id] = .some(given.map { $0.mapValues { programs.kernelID($0) } })
        for (family, ref) in given ?? [:] where former != nil && former?[family] != .some(ref) {
            change.revoked.insert(programs.kernelID(ref))
        }
    }

    private mutating func attachStaged(
        _ id: EndpointID,
        _ wanted: [Family: ProgramRef],
        _ failed: [ProgramRef: ProgramOverflow],
        _ change: inout DataplaneChange
    ) {
        let former = stagedSpoofers[id] ?? [:]
        var given: [Family: ProgramRef] = [:]
        for (family, ref) in wanted {
            given[family] = staged(ref, (id, .egress), failed, &change)
        }
        guard given != former else { return }
        for ref in given.values { programs.use(ref, by: 1) }
        for ref in former.values { programs.use(ref, by: -1) }
        stagedSpoofers[id] = given.isEmpty ? nil : given
        change.stagedSpoofers[id] =
            given.isEmpty ? .some(nil) : given.mapValues { programs.kernelID($0) }
    }

    /// The wanted program of staged policies, or none when it does not fit: what is only recorded had
    /// better be absent than that of yesterday.
    private func staged(
        _ ref: ProgramRef?,
        _ end: (id: EndpointID, direction: Direction),
        _ failed: [ProgramRef: ProgramOverflow],
        _ change: inout DataplaneChange
    ) -> ProgramRef? {
        guard let ref, let overflow = failed[ref] else { return ref }
        let failure = CompileFailure.stagedNotJudged(endpoint: end.id, end.direction, overflow)
        if !change.failures.contains(failure) { change.failures.append(failure) }
        return nil
    }

    /// The wanted program, or the former one when the wanted one does not fit.
    private func settled(
        _ ref: ProgramRef?,
        else former: ProgramRef?,
        _ end: (id: EndpointID, direction: Direction),
        _ failed: [ProgramRef: ProgramOverflow],
        _ change: inout DataplaneChange
    ) -> ProgramRef? {
        guard let ref, let overflow = failed[ref] else { return ref }
        let failure = CompileFailure.tooLarge(endpoint: end.id, end.direction, overflow)
        if !change.failures.contains(failure) { change.failures.append(failure) }
        return former
    }

    // MARK: Forms

    /// Everyone whose program has another id now hears of it.
    func tellReformed(_ refs: Set<ProgramRef>, _ change: inout DataplaneChange) {
        guard !refs.isEmpty else { return }
        for (address, given) in attachments
        where given.programs.contains(where: { $0.map(refs.contains) ?? false }) {
            change.endpoints[address] = kernelPrograms(given)
        }
        for (id, given) in spoofers
        where given.values.contains(where: { $0.map(refs.contains) ?? false }) {
            change.spoofers[id] = .some(given.mapValues { programs.kernelID($0) })
        }
        for (id, given) in stagedSpoofers where !refs.isDisjoint(with: given.values) {
            change.stagedSpoofers[id] = .some(given.mapValues { programs.kernelID($0) })
        }
        tellReformedHosts(refs, &change)
    }

    private func kernelPrograms(_ given: Attachment) -> EndpointPrograms {
        EndpointPrograms(
            id: given.id,
            ingress: programs.kernelID(given.ingress),
            egress: programs.kernelID(given.egress),
            stagedIngress: programs.kernelID(given.stagedIngress),
            stagedEgress: programs.kernelID(given.stagedEgress)
        )
    }
}

extension PolicyCompiler.Attachment {
    /// All that it has.
    var programs: [ProgramRef?] { [ingress, egress, stagedIngress, stagedEgress] }
}
