internal import Index
internal import Model

// From an endpoint's policies and profiles to its list of clauses (inventory §4.2).

extension PolicyCompiler {
    /// What a program depends on besides the policies: endpoints that agree in it share the program.
    struct ProgramInput: Hashable {
        let scopes: [ScopeID]
        /// Empty when no packet ever comes to the profiles.
        var profiles: [String]
        let key: CompiledRules.Key
        /// Whether staged policies are judged as if they were enforced.
        var withStaged = false
    }

    /// One program on its way.
    struct Walk {
        let key: CompiledRules.Key
        let side: LocalSide
        var flattening: Flattening
        var dependsOnAddress = false
    }

    /// The program of one end of a local endpoint, and whether it depends on the local address.
    mutating func program(
        _ local: LocalEndpoint,
        _ key: CompiledRules.Key,
        _ side: LocalSide,
        withStaged: Bool = false
    ) -> (ref: ProgramRef?, dependsOnAddress: Bool) {
        var input = ProgramInput(
            scopes: local.scopes,
            profiles: [],
            key: key,
            withStaged: withStaged
        )
        if let known = flattened[input] { return (known, false) }
        input.profiles = local.endpoint.profiles
        if let known = flattened[input] { return (known, false) }
        var walk = tiers(input, side)
        if walk.flattening.isClosed {
            input.profiles = []
        } else {
            walkProfiles(local.endpoint.profiles, &walk)
        }
        let ref = program(walk.flattening.clauses)
        if !walk.dependsOnAddress { flattened[input] = .some(ref) }
        return (ref, walk.dependsOnAddress)
    }

    /// The program that the end would have were staged policies enforced; `nil` when that is the one it
    /// has.
    mutating func stagedProgram(
        _ local: LocalEndpoint,
        _ key: CompiledRules.Key,
        _ side: LocalSide,
        enforced: ProgramRef?
    ) -> (ref: ProgramRef?, dependsOnAddress: Bool) {
        guard policies.hasStaged(in: local.scopes) else { return (nil, false) }
        let staged = program(local, key, side, withStaged: true)
        return (staged.ref == enforced ? nil : staged.ref, staged.dependsOnAddress)
    }

    /// A list that only says "no match" is the program that denies all.
    ///
    /// Every other list keeps tables of its own, also one that allows or denies everything by one rule:
    /// otherwise packets would no longer be counted under that rule.
    private mutating func program(_ clauses: [Clause]) -> ProgramRef? {
        if clauses.count == 1, vocabulary.rules[clauses[0].rule].owner == .noMatch { return nil }
        return programs.find(clauses, vocabulary, &index)
    }

    /// The tiers' part, which endpoints with other profiles share.
    private mutating func tiers(_ asked: ProgramInput, _ side: LocalSide) -> Walk {
        var input = asked
        input.profiles = []
        if let known = flattenedTiers[input] {
            return Walk(key: input.key, side: side, flattening: known)
        }
        var walk = Walk(
            key: input.key,
            side: side,
            flattening: Flattening(always: vocabulary.always)
        )
        let tiers = policies.policies(
            in: input.scopes,
            input.key.direction,
            withStaged: input.withStaged
        )
        for slots in tiers {
            walkTier(slots, &walk)
            if walk.flattening.isClosed { break }
        }
        if !walk.dependsOnAddress { flattenedTiers[input] = walk.flattening }
        return walk
    }

    private mutating func walkTier(_ slots: ArraySlice<Int32>, _ walk: inout Walk) {
        guard let first = slots.first else { return }
        walk.flattening.beginTier()
        for slot in slots {
            if walk.flattening.isTierClosed { break }
            add(slot, &walk)
        }
        let tier = policies.tier(of: first)
        if tier.defaultAction != .pass { addEnd(tier.name, .endOfTier, -1, &walk) }
        walk.flattening.endTier()
    }

    /// Profiles are one tier without an end of its own: Pass inside one denies, for there is nothing
    /// left to go on to, and so does a profile that is named but absent.
    private mutating func walkProfiles(_ names: [String], _ walk: inout Walk) {
        walk.flattening.beginTier()
        for name in names where !walk.flattening.isTierClosed {
            if profiles[name] == nil {
                addEnd("", .profile(name), -1, &walk)
            } else {
                addProfile(name, &walk)
            }
        }
        addEnd("", .noMatch, -1, &walk)
        walk.flattening.endTier()
    }

    private mutating func addEnd(
        _ tier: String,
        _ owner: RuleName.Owner,
        _ index: Int,
        _ walk: inout Walk
    ) {
        let name = RuleName(
            tier: tier,
            owner: owner,
            direction: walk.key.direction,
            index: index
        )
        walk.flattening.add(vocabulary.always, .deny, rule: vocabulary.rule(name))
    }

    // MARK: Policies and profiles

    private mutating func add(_ slot: Int32, _ walk: inout Walk) {
        if let compiled = policies.compiledRules(slot, walk.key), !compiled.isLocal {
            for case .match(let condition, let action, let rule) in compiled.steps {
                walk.flattening.add(condition, action, rule: rule)
            }
            return
        }
        guard let policy = policies[slot] else { return }
        let owner = RuleName.Owner.policy(policy.id)
        let rules = walk.key.direction == .ingress ? policy.ingress : policy.egress
        var compiled = policies.compiledRules(slot, walk.key)
        if compiled == nil {
            let start = knownStart(of: rules, of: policy, at: slot, walk.key)
            compiled = compile(rules, policy.tier, owner, walk.key, from: start)
            if let compiled { policies.store(compiled, walk.key, at: slot) }
        }
        if let compiled { add(compiled, rules, policy.tier, owner, &walk) }
    }

    private mutating func addProfile(_ name: String, _ walk: inout Walk) {
        guard let entry = profiles[name] else { return }
        let rules = walk.key.direction == .ingress ? entry.profile.ingress : entry.profile.egress
        let owner = RuleName.Owner.profile(name)
        let compiled =
            entry.compiled[walk.key.number] ?? compile(rules, "", owner, walk.key)
        profiles[name]?.compiled[walk.key.number] = compiled
        add(compiled, rules, "", owner, &walk)
    }

    private mutating func add(
        _ compiled: CompiledRules,
        _ rules: [Rule],
        _ tier: String,
        _ owner: RuleName.Owner,
        _ walk: inout Walk
    ) {
        for step in compiled.steps {
            switch step {
            case .match(let condition, let action, let rule):
                walk.flattening.add(condition, action, rule: rule)
            case .local(let index):
                walk.dependsOnAddress = true
                let name = RuleName(
                    tier: tier,
                    owner: owner,
                    direction: walk.key.direction,
                    index: index
                )
                let matches = matches(rules[index], name, walk.key.family, walk.side)
                for case .match(let condition, let action, let rule) in matches {
                    walk.flattening.add(condition, action, rule: rule)
                }
            }
            if walk.flattening.isTierClosed { return }
        }
    }

    // MARK: Rules

    private mutating func compile(
        _ rules: [Rule],
        _ tier: String,
        _ owner: RuleName.Owner,
        _ key: CompiledRules.Key,
        from start: (rules: Int, compiled: CompiledRules) = (0, CompiledRules())
    ) -> CompiledRules {
        var compiled = start.compiled
        for (index, rule) in rules.enumerated().dropFirst(start.rules) {
            let name = RuleName(tier: tier, owner: owner, direction: key.direction, index: index)
            if RuleCompiler(rule, key.direction, key.family).dependsOnLocalAddress {
                compiled.steps.append(.local(index))
                compiled.isLocal = true
            } else {
                compiled.steps += matches(rule, name, key.family, nil)
            }
        }
        return compiled
    }

    /// How many of a changed policy's first rules are what they were, and these as they were compiled:
    /// a long policy seldom changes at its start, and rules behind a change have other names.
    private func knownStart(
        of rules: [Rule],
        of policy: Policy,
        at slot: Int32,
        _ key: CompiledRules.Key
    ) -> (rules: Int, compiled: CompiledRules) {
        var start = (rules: 0, compiled: CompiledRules())
        guard let (former, compiled) = policies.former(slot, key), former.tier == policy.tier,
            former.id == policy.id
        else { return start }
        let before = key.direction == .ingress ? former.ingress : former.egress
        start.rules = zip(rules, before).prefix { $0 == $1 }.count
        for step in compiled.steps {
            switch step {
            case .match(_, _, let rule):
                guard vocabulary.rules[rule].index < start.rules else { return start }
            case .local(let index):
                guard index < start.rules else { return start }
                start.compiled.isLocal = true
            }
            start.compiled.steps.append(step)
        }
        return start
    }

    private mutating func matches(
        _ rule: Rule,
        _ name: RuleName,
        _ family: Family,
        _ side: LocalSide?
    ) -> [CompiledRules.Step] {
        let compiler = RuleCompiler(rule, name.direction, family)
        let conditions = compiler.conditions(for: side, &index)
        guard !conditions.isEmpty else { return [] }
        let id = vocabulary.rule(name)
        // Profiles have no next tier to pass to.
        var action = rule.action
        if case .profile = name.owner, action == .pass { action = .deny }
        return conditions.map { condition in
            let condition = vocabulary.condition(
                condition.remote,
                condition.ports,
                condition.sourcePorts
            )
            return .match(condition: condition, action, rule: id)
        }
    }
}
