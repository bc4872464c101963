internal import Index
package import Model

/// The rules of one local endpoint in one direction, in the order in which they are judged; staged
/// policies stand where they would be.
package struct Explanation: Hashable, Sendable {
    /// The rules of one policy or profile.
    package struct Part: Hashable, Sendable {
        package let owner: RuleName.Owner
        package let tier: String
        package let order: Double?
        /// Empty for a profile.
        package let selector: String
        /// `nil` for a profile that does not exist: it denies.
        package let rules: [Rule]?

        /// Whether it is judged and never enforced.
        package var isStaged: Bool {
            if case .policy(let id) = owner { id.kind.isStaged } else { false }
        }
    }

    /// A tier with the policies that apply, or the profiles.
    package struct Section: Hashable, Sendable {
        /// `nil` for the profiles.
        package let tier: Tier?
        package let parts: [Part]
        /// What decides when no rule of the section does; `nil` when the next section is asked.
        package let end: RuleName?
    }

    package let endpoint: EndpointID
    package let direction: Direction
    package let sections: [Section]
}

/// A policy as the agent has it, with the local endpoints that it applies to.
package struct PolicyUse: Hashable, Sendable {
    package let policy: Policy
    package let endpoints: [Endpoint]
}

extension PolicyCompiler {
    /// The workloads of this node.
    package var localEndpoints: [Endpoint] { locals.values.map(\.endpoint) }

    /// Whom an address belongs to, those that name it most closely first.
    package func owners(of address: Address) -> [AddressOwner] { index.owners(named: address) }

    /// The ordered rules of a local endpoint; `nil` when it is none.
    package func explain(_ id: EndpointID, _ direction: Direction) -> Explanation? {
        guard let local = locals[id] else { return nil }
        // A copy: a look at the order may have to work it out first.
        var policies = policies
        let tiers = policies.policies(in: local.scopes, direction, withStaged: true)
        let sections = tiers.compactMap { section($0, policies, direction) }
        return Explanation(
            endpoint: id,
            direction: direction,
            sections: sections + [profileSection(local.endpoint.profiles, direction)]
        )
    }

    /// The policies of that name, whatever their kind.
    package func uses(ofPolicy name: String, namespace: String?) -> [PolicyUse] {
        PolicyKind.allCases.compactMap { kind in
            let isGlobal =
                kind == .globalNetworkPolicy || kind == .stagedGlobalNetworkPolicy
                || kind == .kubernetesClusterNetworkPolicy
            let id = PolicyID(kind: kind, namespace: isGlobal ? nil : namespace, name: name)
            guard let (policy, scope) = policies.find(id) else { return nil }
            let users = locals.values.filter { $0.scopes.contains(scope) }.map(\.endpoint)
            return PolicyUse(policy: policy, endpoints: users)
        }
    }

    /// Where a policy of that name is; for whoever forgot the namespace.
    package func policies(named name: String) -> [PolicyID] {
        policies.allIDs.filter { $0.name == name }
    }

    private func section(
        _ slots: ArraySlice<Int32>,
        _ policies: PolicyTable,
        _ direction: Direction
    ) -> Explanation.Section? {
        guard let first = slots.first else { return nil }
        let tier = policies.tier(of: first)
        let parts = slots.compactMap { policies[$0] }.map { policy in
            Explanation.Part(
                owner: .policy(policy.id),
                tier: policy.tier,
                order: policy.order,
                selector: policy.selector,
                rules: direction == .ingress ? policy.ingress : policy.egress
            )
        }
        let end = RuleName(tier: tier.name, owner: .endOfTier, direction: direction, index: -1)
        // A tier in which only staged policies apply is as if absent.
        let isEnforced = parts.contains { !$0.isStaged }
        return Explanation.Section(
            tier: tier,
            parts: parts,
            end: tier.defaultAction == .pass || !isEnforced ? nil : end
        )
    }

    private func profileSection(
        _ names: [String],
        _ direction: Direction
    ) -> Explanation.Section {
        let parts = names.map { name in
            let profile = profiles[name]?.profile
            return Explanation.Part(
                owner: .profile(name),
                tier: "",
                order: nil,
                selector: "",
                rules: direction == .ingress ? profile?.ingress : profile?.egress
            )
        }
        let end = RuleName(tier: "", owner: .noMatch, direction: direction, index: -1)
        return Explanation.Section(tier: nil, parts: parts, end: end)
    }
}
