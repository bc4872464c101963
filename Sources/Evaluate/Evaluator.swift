package import Model

/// The meaning of policy, written as plainly as it can be (Felix's rules as the inventory's §4
/// states them): what the compiled tables and the kernel are compared with, and what
/// `caracalctl policy trace` asks.
package struct Evaluator: Sendable {
    private struct SortedTier: Sendable {
        let tier: Tier
        let policies: [Policy]
    }

    private let world: PolicyWorld
    private let matcher: Matcher
    private let tiers: [SortedTier]

    package init(_ world: PolicyWorld) {
        self.world = world
        matcher = Matcher(world)
        tiers = Self.sort(world)
    }

    /// The endpoints that have the address as their own, by name; more than one if the cluster is
    /// misconfigured.
    package func endpoints(owning address: Address) -> [EndpointID] {
        world.endpoints.values.filter { $0.addresses.contains(address) }.map(\.id)
            .sorted { ($0.description, $0.node) < ($1.description, $1.node) }
    }

    /// The verdict on a flow's first packet.
    ///
    /// For egress the endpoint owns the source, for ingress the destination. Staged policies are as
    /// if absent.
    package func judge(
        _ flow: Flow,
        at endpoint: EndpointID,
        _ direction: Direction
    ) -> Judgement {
        judge(flow, at: endpoint, direction) { !$0.id.kind.isStaged }
    }

    /// The verdict there would be if staged policies were enforced.
    package func judgeStaged(
        _ flow: Flow,
        at endpoint: EndpointID,
        _ direction: Direction
    ) -> Judgement {
        judge(flow, at: endpoint, direction) { $0.stagedAction != "Delete" }
    }

    /// The enforced policies that apply to an endpoint in a direction, by tier and in their order.
    package func policies(at id: EndpointID, _ direction: Direction) -> [String: [PolicyID]] {
        guard let endpoint = world.endpoints[id] else { return [:] }
        let labels = world.labels(endpoint.labels, profiles: endpoint.profiles)
        var result: [String: [PolicyID]] = [:]
        for sorted in tiers {
            let ids = sorted.policies
                .filter { !$0.id.kind.isStaged && applies($0, to: labels, direction) }.map(\.id)
            if !ids.isEmpty { result[sorted.tier.name] = ids }
        }
        return result
    }

    // MARK: Order

    /// Tiers that exist before tiers that policies merely name; then by order; then by name.
    ///
    /// A tier that only a policy names denies at its end, as a tier does by default.
    private static func sort(_ world: PolicyWorld) -> [SortedTier] {
        let byTier = Dictionary(grouping: world.policies.values, by: \.tier)
        return Set(world.tiers.keys).union(byTier.keys)
            .sorted { left, right in
                precedes(
                    (world.tiers[left] == nil ? 1 : 0, world.tiers[left]?.order, left),
                    (world.tiers[right] == nil ? 1 : 0, world.tiers[right]?.order, right)
                )
            }
            .map { name in
                SortedTier(
                    tier: world.tiers[name] ?? Tier(name: name),
                    policies: (byTier[name] ?? []).sorted {
                        precedes((0, $0.order, $0.id.sortKey), (0, $1.order, $1.id.sortKey))
                    }
                )
            }
    }

    private static func precedes(
        _ left: (rank: Int, order: Double?, name: String),
        _ right: (rank: Int, order: Double?, name: String)
    ) -> Bool {
        let (leftOrder, rightOrder) = (left.order ?? .infinity, right.order ?? .infinity)
        if left.rank != right.rank { return left.rank < right.rank }
        if leftOrder != rightOrder { return leftOrder < rightOrder }
        return left.name.utf8.lexicographicallyPrecedes(right.name.utf8)
    }

    // MARK: Walk

    private func judge(
        _ flow: Flow,
        at id: EndpointID,
        _ direction: Direction,
        counting isEnforced: (Policy) -> Bool
    ) -> Judgement {
        var visits: [Judgement.Visit] = []
        let nothing = RuleName(tier: "", owner: .noMatch, direction: direction, index: -1)
        guard let endpoint = world.endpoints[id] else {
            return Judgement(isAllowed: false, visits: [.init(.init(rule: nothing, action: .deny))])
        }
        let labels = world.labels(endpoint.labels, profiles: endpoint.profiles)
        for sorted in tiers {
            let applying = sorted.policies.filter {
                isEnforced($0) && applies($0, to: labels, direction)
            }
            guard !applying.isEmpty else { continue }
            if let isAllowed = walk(sorted.tier, applying, flow, direction, &visits) {
                return Judgement(isAllowed: isAllowed, visits: visits)
            }
        }
        for name in endpoint.profiles {
            if let isAllowed = walkProfile(name, flow, direction, &visits) {
                return Judgement(isAllowed: isAllowed, visits: visits)
            }
        }
        visits.append(.init(.init(rule: nothing, action: .deny)))
        return Judgement(isAllowed: false, visits: visits)
    }

    /// Untracked and pre-DNAT policies are for host endpoints alone.
    private func applies(
        _ policy: Policy,
        to labels: [String: String],
        _ direction: Direction
    ) -> Bool {
        let hasType = direction == .ingress ? policy.appliesToIngress : policy.appliesToEgress
        return hasType && !policy.doNotTrack && !policy.preDNAT
            && matcher.matches(policy.selector, labels)
    }

    /// The verdict of a tier with its applying policies; `nil` when the next tier is to be asked.
    private func walk(
        _ tier: Tier,
        _ policies: [Policy],
        _ flow: Flow,
        _ direction: Direction,
        _ visits: inout [Judgement.Visit]
    ) -> Bool? {
        for policy in policies {
            let rules = direction == .ingress ? policy.ingress : policy.egress
            let match = firstMatch(rules, flow, &visits) { index in
                RuleName(
                    tier: tier.name,
                    owner: .policy(policy.id),
                    direction: direction,
                    index: index
                )
            }
            switch match {
            case .allow: return true
            case .deny: return false
            case .pass: return nil
            case .log, nil: continue
            }
        }
        let end = RuleName(tier: tier.name, owner: .endOfTier, direction: direction, index: -1)
        visits.append(.init(.init(rule: end, action: tier.defaultAction == .pass ? .pass : .deny)))
        return tier.defaultAction == .pass ? nil : false
    }

    /// The verdict of a profile; `nil` when the next one is to be asked.
    ///
    /// A profile that is named but absent denies all, and so does Pass inside one: there is no tier
    /// left to go on to.
    private func walkProfile(
        _ name: String,
        _ flow: Flow,
        _ direction: Direction,
        _ visits: inout [Judgement.Visit]
    ) -> Bool? {
        func rule(_ index: Int) -> RuleName {
            RuleName(tier: "", owner: .profile(name), direction: direction, index: index)
        }
        guard let profile = world.profiles[name] else {
            visits.append(.init(.init(rule: rule(-1), action: .deny)))
            return false
        }
        let rules = direction == .ingress ? profile.ingress : profile.egress
        return firstMatch(rules, flow, &visits, naming: rule).map { $0 == .allow }
    }

    /// The action of the first rule that matches; Log is noted and passed by.
    private func firstMatch(
        _ rules: [Rule],
        _ flow: Flow,
        _ visits: inout [Judgement.Visit],
        naming name: (Int) -> RuleName
    ) -> Action? {
        for (index, rule) in rules.enumerated() {
            let mismatch = matcher.mismatch(rule, flow)
            visits.append(
                .init(.init(rule: name(index), action: rule.action), mismatch: mismatch)
            )
            if mismatch == nil, rule.action != .log { return rule.action }
        }
        return nil
    }
}
