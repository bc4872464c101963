internal import CBPFABI
internal import Index
internal import Model

// Host endpoints of this node: from policies and profiles to the programs of their stages (inventory
// §4.4). Which interface has which of them is the dataplane's to know.

extension PolicyCompiler {
    private typealias Key = CompiledRules.Key

    /// Workloads and host endpoints of this node.
    var allLocals: [(key: EndpointID, value: LocalEndpoint)] {
        locals.map { ($0.key, $0.value) } + hosts.map { ($0.key, $0.value) }
    }

    mutating func setHost(_ id: EndpointID, _ endpoint: Endpoint?) {
        guard hosts[id]?.endpoint != endpoint else { return }
        hosts[id] = endpoint.map { LocalEndpoint(endpoint: $0, scopes: hosts[id]?.scopes ?? []) }
        dirt.endpoints.insert(id)
    }

    mutating func updateHostScopes(of id: EndpointID, _ dirt: inout Dirt) {
        let scopes = index.scopes(of: id)
        guard hosts[id]?.scopes != scopes else { return }
        hosts[id]?.scopes = scopes
        dirt.endpoints.insert(id)
    }

    // MARK: Recipes

    /// What a host endpoint should have; `nil` when it is gone.
    mutating func hostPrograms(of id: EndpointID) -> [HostPrograms.Key: HostProgram]? {
        guard let host = hosts[id] else { return nil }
        var programs: [HostPrograms.Key: HostProgram] = [:]
        let hasStaged = policies.hasStaged(in: host.scopes)
        for key in HostPrograms.Key.all {
            let enforced = program(of: host, key)
            programs[key] = enforced
            guard hasStaged else { continue }
            let stagedKey = HostPrograms.Key(key.stage, key.family, isStaged: true)
            let staged = program(of: host, stagedKey)
            if staged != enforced { programs[stagedKey] = staged }
        }
        return programs
    }

    private mutating func program(
        of host: LocalEndpoint,
        _ key: HostPrograms.Key
    ) -> HostProgram {
        guard let recipe = recipe(of: host, key) else { return .none }
        let noMatch = vocabulary.rule(
            RuleName(tier: "", owner: .noMatch, direction: key.stage.direction, index: -1)
        )
        let near = recipe.nearConditions(vocabulary)
        guard near.isEmpty else {
            return .split(
                splits.find(recipe, near: near, noMatch: noMatch, vocabulary, &index)
            )
        }
        let clauses = recipe.clauses(met: [], vocabulary, noMatch: noMatch)
        return HostProgram(clauses, noMatch) { programs.find($0, vocabulary, &index) }
    }

    /// The rules of a stage in order; `nil` when no policy applies and none need.
    private mutating func recipe(
        of host: LocalEndpoint,
        _ hostKey: HostPrograms.Key
    ) -> HostRecipe? {
        let stage = hostKey.stage
        let key = Key(direction: stage.direction, family: hostKey.family)
        let tiers = policies.policies(
            in: host.scopes,
            key.direction,
            for: stage.uses,
            withStaged: hostKey.isStaged
        )
        if tiers.isEmpty, !stage.hasProfiles { return nil }
        var recipe = HostRecipe(end: stage.end)
        for slots in tiers {
            recipe.steps.append(.beginTier)
            for slot in slots {
                guard let policy = policies[slot] else { continue }
                let rules = key.direction == .ingress ? policy.ingress : policy.egress
                recipe.steps += hostRules(rules, policy.tier, .policy(policy.id), key)
            }
            if let first = slots.first, stage.deniesAtTierEnd {
                let tier = policies.tier(of: first)
                if tier.defaultAction != .pass {
                    recipe.steps.append(denial(tier.name, .endOfTier, key))
                }
            }
            recipe.steps.append(.endTier)
        }
        if stage.hasProfiles { addProfiles(host.endpoint.profiles, key, &recipe) }
        return recipe
    }

    /// One tier without an end of its own: what no profile decides is denied with the program's end.
    private mutating func addProfiles(
        _ names: [String],
        _ key: CompiledRules.Key,
        _ recipe: inout HostRecipe
    ) {
        recipe.steps.append(.beginTier)
        for name in names {
            guard let profile = profiles[name]?.profile else {
                recipe.steps.append(denial("", .profile(name), key))
                break
            }
            let rules = key.direction == .ingress ? profile.ingress : profile.egress
            recipe.steps += hostRules(rules, "", .profile(name), key)
        }
        recipe.steps.append(.endTier)
    }

    private mutating func denial(
        _ tier: String,
        _ owner: RuleName.Owner,
        _ key: CompiledRules.Key
    ) -> HostRecipe.Step {
        let name = RuleName(tier: tier, owner: owner, direction: key.direction, index: -1)
        return .rule(
            condition: vocabulary.always,
            near: vocabulary.anyRemote,
            .deny,
            rule: vocabulary.rule(name)
        )
    }

    private mutating func hostRules(
        _ rules: [Rule],
        _ tier: String,
        _ owner: RuleName.Owner,
        _ key: CompiledRules.Key
    ) -> [HostRecipe.Step] {
        if let known = hostRules[owner]?[key.number] { return known }
        var steps: [HostRecipe.Step] = []
        for (number, rule) in rules.enumerated() {
            let conditions = RuleCompiler(rule, key.direction, key.family)
                .conditionsOfBothEnds(index)
            guard !conditions.isEmpty else { continue }
            let name = RuleName(tier: tier, owner: owner, direction: key.direction, index: number)
            let id = vocabulary.rule(name)
            var action = rule.action
            if case .profile = owner, action == .pass { action = .deny }
            for two in conditions {
                let condition = vocabulary.condition(two.far, two.ports, two.sourcePorts)
                let near = vocabulary.remote(two.near)
                steps.append(.rule(condition: condition, near: near, action, rule: id))
            }
        }
        hostRules[owner, default: [:]][key.number] = steps
        return steps
    }

    /// What the vocabulary must keep for host endpoints; the result is conditions on near ends.
    func keepHostRules(_ conditions: inout Set<Int32>, _ rules: inout Set<Int32>) -> Set<Int32> {
        var near: Set<Int32> = []
        let recipes = splits.entries.values
        let steps = recipes.flatMap(\.recipe.steps) + hostRules.values.flatMap(\.values).joined()
        for case .rule(let condition, let end, _, let rule) in steps {
            conditions.insert(condition)
            near.insert(end)
            rules.insert(rule)
        }
        rules.formUnion(recipes.map(\.noMatch))
        return near
    }
}

extension HostStage {
    /// The policies that take part.
    var uses: PolicyTable.Use {
        switch self {
        case .untrackedIngress, .untrackedEgress: .untracked
        case .preDNAT: .preDNAT
        case .ingress, .egress: [.normal, .forwarded]
        case .forwardIngress, .forwardEgress: .forwarded
        }
    }

    var hasProfiles: Bool { self == .ingress || self == .egress }

    /// Untracked and pre-DNAT policies deny nothing that they do not name.
    var deniesAtTierEnd: Bool { end != .goOn }

    var end: HostRecipe.End {
        switch self {
        case .untrackedIngress, .untrackedEgress, .preDNAT: .goOn
        case .ingress, .egress: .deny
        case .forwardIngress, .forwardEgress: .allow
        }
    }
}
