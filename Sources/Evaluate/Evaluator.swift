package import Model

/// The meaning of policy, written as plainly as it can be (Felix's rules as the inventory's §4
/// states them): what the compiled tables and the kernel are compared with, and what
/// `caracalctl policy trace` asks.
package struct Evaluator: Sendable {
    let world: PolicyWorld
    let matcher: Matcher
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
    /// if absent. At a host endpoint it is the node's own traffic, judged by all stages.
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
        let tiers = applying(to: endpoint, direction) { policy in
            !policy.id.kind.isStaged && !policy.doNotTrack && !policy.preDNAT
        }
        var result: [String: [PolicyID]] = [:]
        for sorted in tiers { result[sorted.tier.name] = sorted.policies.map(\.id) }
        return result
    }

    /// All policies that apply to an endpoint in a direction, whether they are enforced or not.
    package func allPolicies(at id: EndpointID, _ direction: Direction) -> [PolicyID] {
        guard let endpoint = world.endpoints[id] else { return [] }
        return applying(to: endpoint, direction) { _ in true }.flatMap { $0.policies.map(\.id) }
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
        if case .host = id {
            return judge(
                HostPacket(flow),
                atHost: id,
                direction,
                fromUntracked: true,
                counting: isEnforced
            )
        }
        var walk = Walk(flow, direction, matcher)
        guard let endpoint = world.endpoints[id] else { return walk.end(isAllowed: nil) }
        let tiers = applying(to: endpoint, direction) { policy in
            isEnforced(policy) && !policy.doNotTrack && !policy.preDNAT
        }
        let verdict =
            walk.tiers(tiers, deniesAtEnd: true) ?? walk.profiles(endpoint.profiles, world)
        return walk.end(isAllowed: verdict)
    }

    /// The tiers with those of their policies that select the endpoint in the direction and belong
    /// to what is judged; tiers without any are as if absent.
    func applying(
        to endpoint: Endpoint,
        _ direction: Direction,
        where belongs: (Policy) -> Bool
    ) -> [SortedTier] {
        let labels = world.labels(endpoint.labels, profiles: endpoint.profiles)
        return tiers.compactMap { sorted in
            let policies = sorted.policies.filter { policy in
                let hasType =
                    direction == .ingress ? policy.appliesToIngress : policy.appliesToEgress
                return hasType && belongs(policy) && matcher.matches(policy.selector, labels)
            }
            return policies.isEmpty ? nil : SortedTier(tier: sorted.tier, policies: policies)
        }
    }
}

/// A tier and its policies in their order.
struct SortedTier: Sendable {
    let tier: Tier
    let policies: [Policy]
}
