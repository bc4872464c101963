internal import Index
internal import Model

// From an endpoint's policies and profiles to its list of clauses (inventory §4.2).

extension PolicyCompiler {
    /// What a program depends on besides the policies: endpoints that agree in it share the list.
    struct ProgramInput: Hashable {
        let scopes: [ScopeID]
        let profiles: [String]
        let key: CompiledRules.Key
    }

    /// The program of one end of a local endpoint, and whether it depends on the local address.
    mutating func clauses(
        _ endpoint: LocalEndpoint,
        _ key: CompiledRules.Key,
        _ side: LocalSide
    ) -> (clauses: [Clause], dependsOnAddress: Bool) {
        let input = ProgramInput(
            scopes: endpoint.scopes,
            profiles: endpoint.endpoint.profiles,
            key: key
        )
        if let known = flattened[input] { return (known, false) }
        var walk = Walk(
            key: key,
            side: side,
            flattening: Flattening(always: vocabulary.always)
        )
        walkTiers(endpoint.scopes, &walk)
        if !walk.flattening.isClosed { walkProfiles(endpoint.endpoint.profiles, &walk) }
        let clauses = walk.flattening.clauses
        if !walk.dependsOnAddress { flattened[input] = clauses }
        return (clauses, walk.dependsOnAddress)
    }

    /// One program on its way.
    struct Walk {
        let key: CompiledRules.Key
        let side: LocalSide
        var flattening: Flattening
        var dependsOnAddress = false
    }

    private mutating func walkTiers(_ scopes: [ScopeID], _ walk: inout Walk) {
        let slots = policies.policies(in: scopes, walk.key.direction)
        var index = 0
        while index < slots.count, !walk.flattening.isClosed {
            guard let tier = policies[slots[index]]?.policy.tier else { break }
            walk.flattening.beginTier()
            while index < slots.count, let entry = policies[slots[index]],
                entry.policy.tier == tier
            {
                if !walk.flattening.isTierClosed { add(slots[index], entry, &walk) }
                index += 1
            }
            if policies.tier(tier).defaultAction != .pass {
                addEnd(tier, .endOfTier, -1, &walk)
            }
            walk.flattening.endTier()
        }
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

    private mutating func add(
        _ slot: Int32,
        _ entry: PolicyTable.Entry,
        _ walk: inout Walk
    ) {
        let owner = RuleName.Owner.policy(entry.policy.id)
        let rules = walk.key.direction == .ingress ? entry.policy.ingress : entry.policy.egress
        if entry.compiled[walk.key] == nil {
            let compiled = compile(rules, entry.policy.tier, owner, walk.key)
            policies.store(compiled, walk.key, at: slot)
            add(compiled, rules, entry.policy.tier, owner, &walk)
        } else if let compiled = entry.compiled[walk.key] {
            add(compiled, rules, entry.policy.tier, owner, &walk)
        }
    }

    private mutating func addProfile(_ name: String, _ walk: inout Walk) {
        guard let entry = profiles[name] else { return }
        let rules = walk.key.direction == .ingress ? entry.profile.ingress : entry.profile.egress
        let owner = RuleName.Owner.profile(name)
        let compiled = entry.compiled[walk.key] ?? compile(rules, "", owner, walk.key)
        profiles[name]?.compiled[walk.key] = compiled
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
        _ key: CompiledRules.Key
    ) -> CompiledRules {
        var compiled = CompiledRules()
        for (index, rule) in rules.enumerated() {
            let name = RuleName(tier: tier, owner: owner, direction: key.direction, index: index)
            if RuleCompiler(rule, key.direction, key.family).dependsOnLocalAddress {
                compiled.steps.append(.local(index))
            } else {
                compiled.steps += matches(rule, name, key.family, nil)
            }
        }
        return compiled
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
