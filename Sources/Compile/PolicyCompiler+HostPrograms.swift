internal import Index
internal import Model

// What host endpoints get: tables for splits first, then programs for the stages.

extension PolicyCompiler {
    /// Gives splits their tables; the result is those of which some program does not fit.
    mutating func settleSplits(
        _ news: SplitTable.News,
        _ update: ClassUpdate,
        _ failed: [ProgramRef: ProgramOverflow],
        _ reformed: Set<ProgramRef>,
        _ change: inout DataplaneChange
    ) -> [SplitTable.Ref: ProgramOverflow] {
        var overflows: [SplitTable.Ref: ProgramOverflow] = [:]
        for (ref, entry) in splits.entries.sorted(by: { $0.key < $1.key }) {
            let isFresh = news.fresh.contains(ref)
            for (signature, choice) in entry.choices {
                guard case .program(let program) = choice, let overflow = failed[program] else {
                    continue
                }
                if isFresh { overflows[ref] = overflow }
                splits.deny(signature, in: ref, &programs)
                guard !isFresh, let id = entry.id else { continue }
                change.failures.append(.classDenied(program: id))
            }
            if isFresh, overflows[ref] == nil {
                overflows[ref] = publish(ref, &change)
            } else if !isFresh {
                extend(ref, by: update.gained, reformed, &change)
            }
        }
        change.programsAdded.sort { $0.id < $1.id }
        change.programsExtended.sort { $0.id < $1.id }
        revokeSplits(update.moves, &change)
        return overflows
    }

    private mutating func publish(
        _ ref: SplitTable.Ref,
        _ change: inout DataplaneChange
    ) -> ProgramOverflow? {
        guard let entry = splits.entries[ref] else { return nil }
        let count = entry.choices.count
        guard count < SplitTable.limit else { return .choices(count) }
        splits.setID(programs.claimID(entry.recipe.stableHash(vocabulary)), of: ref)
        guard var tables = splitTables(ref) else { return nil }
        addChoices(Array(entry.partition.classes.keys), of: entry, &tables)
        change.programsAdded.append(tables)
        return nil
    }

    private func extend(
        _ ref: SplitTable.Ref,
        by gained: [ClassID],
        _ reformed: Set<ProgramRef>,
        _ change: inout DataplaneChange
    ) {
        guard let entry = splits.entries[ref], var tables = splitTables(ref) else { return }
        let isReformed = entry.choices.values.contains { choice in
            if case .program(let program) = choice { reformed.contains(program) } else { false }
        }
        // One that takes another form has another id, which stands wherever it was chosen.
        addChoices(isReformed ? Array(entry.partition.classes.keys) : gained, of: entry, &tables)
        if isReformed || !tables.groups.isEmpty { change.programsExtended.append(tables) }
    }

    private func splitTables(_ ref: SplitTable.Ref) -> ProgramTables? {
        guard let entry = splits.entries[ref], let id = entry.id else { return nil }
        var tables = ProgramTables(id: id)
        tables.isSplit = true
        tables.defaultGroup = kernelID(entry.choices[RemotePartition.ofEmptyClass] ?? .denyAll)
        return tables
    }

    private func addChoices(
        _ labels: [ClassID],
        of entry: SplitTable.Entry,
        _ tables: inout ProgramTables
    ) {
        let usual = entry.choices[RemotePartition.ofEmptyClass]
        for label in labels {
            guard let signature = entry.partition.signature(of: label) else { continue }
            let choice = entry.choices[signature] ?? .denyAll
            if choice != usual { tables.groups[index.kernelID(of: label)] = kernelID(choice) }
        }
    }

    /// A split is revoked when an address goes from one of its programs to another, or when one of
    /// them is.
    private func revokeSplits(_ moves: Set<ClassUpdate.Move>, _ change: inout DataplaneChange) {
        guard !moves.isEmpty else { return }
        for entry in splits.entries.values {
            guard let id = entry.id else { continue }
            let isMoved = moves.contains { move in
                entry.choice(of: move.from) != entry.choice(of: move.to)
            }
            let isAffected = entry.choices.values.contains { change.revoked.contains(kernelID($0)) }
            if isMoved || isAffected { change.revoked.insert(id) }
        }
    }

    func kernelID(_ program: HostProgram) -> UInt32 {
        switch program {
        case .constant(let id): id
        case .program(let ref): programs.kernelID(ref)
        case .split(let ref): splits.kernelID(ref)
        }
    }

    mutating func attachHosts(
        _ plan: Plan,
        _ failed: [ProgramRef: ProgramOverflow],
        _ failedSplits: [SplitTable.Ref: ProgramOverflow],
        _ change: inout DataplaneChange
    ) {
        for (id, wanted) in plan.hosts {
            let former = hostPrograms[id]
            var given = wanted
            for (key, program) in wanted ?? [:] {
                guard let overflow = overflow(of: program, failed, failedSplits) else { continue }
                // What is only recorded had better be absent than that of yesterday.
                given?[key] = key.isStaged ? nil : former?[key] ?? .denyAll
                let direction = key.stage.direction
                let failure: CompileFailure =
                    key.isStaged
                    ? .stagedNotJudged(endpoint: id, direction, overflow)
                    : .tooLarge(endpoint: id, direction, overflow)
                if !change.failures.contains(failure) { change.failures.append(failure) }
            }
            for program in (given ?? [:]).values { use(program, by: 1) }
            for program in (former ?? [:]).values { use(program, by: -1) }
            hostPrograms[id] = given
            guard given != former else { continue }
            change.hosts[id] = .some(given.map(kernelPrograms))
        }
    }

    /// Host endpoints some program of which has another id now hear of it.
    func tellReformedHosts(_ refs: Set<ProgramRef>, _ change: inout DataplaneChange) {
        for (id, programs) in hostPrograms
        where programs.values.contains(where: { program in
            if case .program(let ref) = program { refs.contains(ref) } else { false }
        }) {
            change.hosts[id] = kernelPrograms(programs)
        }
    }

    private func overflow(
        of program: HostProgram,
        _ failed: [ProgramRef: ProgramOverflow],
        _ failedSplits: [SplitTable.Ref: ProgramOverflow]
    ) -> ProgramOverflow? {
        switch program {
        case .constant: nil
        case .program(let ref): failed[ref]
        case .split(let ref): failedSplits[ref]
        }
    }

    private func kernelPrograms(_ programs: [HostPrograms.Key: HostProgram]) -> HostPrograms {
        var result = HostPrograms()
        for (key, program) in programs { result[key] = kernelID(program) }
        return result
    }

    private mutating func use(_ program: HostProgram, by change: Int) {
        switch program {
        case .constant: break
        case .program(let ref): programs.use(ref, by: change)
        case .split(let ref): splits.use(ref, by: change)
        }
    }
}

extension SplitTable.Entry {
    /// The program for near ends of a class.
    func choice(of label: ClassID) -> HostProgram? {
        let signature = partition.signature(of: label) ?? RemotePartition.ofEmptyClass
        return choices[signature]
    }
}
