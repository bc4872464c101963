package import Model

/// Everything policy knows, as the updates left it: one dictionary a kind of object.
package struct PolicyWorld: Sendable {
    package private(set) var endpoints: [EndpointID: Endpoint] = [:]
    package private(set) var networkSets: [NetworkSetID: NetworkSet] = [:]
    package private(set) var policies: [PolicyID: Policy] = [:]
    package private(set) var tiers: [String: Tier] = [:]
    package private(set) var profiles: [String: Profile] = [:]
    /// By the EndpointSlice's `namespace/name`.
    package private(set) var serviceSlices: [String: ServiceSlice] = [:]

    package init() {}

    /// The world after these updates.
    package init(_ updates: some Sequence<Update>) {
        for update in updates { apply(update) }
    }

    /// Stores the new value of one object or forgets it.
    package mutating func apply(_ update: Update) {
        switch update {
        case .endpoint(let id, let endpoint): endpoints[id] = endpoint
        case .networkSet(let id, let set): networkSets[id] = set
        case .policy(let id, let policy): policies[id] = policy
        case .tier(let name, let tier): tiers[name] = tier
        case .profile(let name, let profile): profiles[name] = profile
        case .serviceSlice(let name, let slice): serviceSlices[name] = slice
        }
    }

    /// Own labels, then what the profiles in their order apply: the first one to name a key wins.
    package func labels(_ own: [String: String], profiles names: [String]) -> [String: String] {
        names.reduce(own) { labels, name in
            guard let applied = profiles[name]?.labelsToApply else { return labels }
            return labels.merging(applied) { former, _ in former }
        }
    }
}
