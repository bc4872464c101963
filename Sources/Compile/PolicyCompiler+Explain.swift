internal import Index
package import Model

/// The rules of one local endpoint in one direction, and of a host endpoint at one stage, in the order
/// in which they are judged; staged policies stand where they would be.
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

    /// What becomes of packets that nothing in the sections decides.
    package enum Rest: String, Hashable, Sendable {
        case deny = "Deny"
        case allow = "Allow"
        /// The host endpoint's next stage is asked.
        case nextStage = "NextStage"
    }

    package let endpoint: EndpointID
    package let direction: Direction
    /// `nil` for a workload.
    package let stage: HostStage?
    package let sections: [Section]
    package let rest: Rest
    /// A host endpoint's programs for both families; empty for a workload, whose are the dataplane's
    /// to know.
    package let programs: Set<UInt32>
}

/// A policy as the agent has it, with the local endpoints that it applies to.
package struct PolicyUse: Hashable, Sendable {
    package let policy: Policy
    package let endpoints: [Endpoint]
}

extension PolicyCompiler {
    /// The workloads and host endpoints of this node.
    package var localEndpoints: [Endpoint] { allLocals.map(\.value.endpoint) }

    /// Whom an address belongs to, those that name it most closely first.
    package func owners(of address: Address) -> [AddressOwner] { index.owners(named: address) }

    /// The ordered rules of a local endpoint; of a host endpoint one for each stage that has any.
    ///
    /// Empty when it is none of this node.
    package func explain(_ id: EndpointID, _ direction: Direction) -> [Explanation] {
        if let local = locals[id] {
            return [
                Explanation(
                    endpoint: id,
                    direction: direction,
                    stage: nil,
                    sections: sections(local, direction) + [profileSection(local, direction)],
                    rest: .deny,
                    programs: []
                )
            ]
        }
        guard let host = hosts[id] else { return [] }
        return HostStage.allCases.filter { $0.direction == direction }
            .compactMap { explain(host, $0) }
    }

    /// `nil` when no policy applies at the stage and none need.
    private func explain(_ host: LocalEndpoint, _ stage: HostStage) -> Explanation? {
        var sections = sections(host, stage.direction, stage.uses)
        if !stage.deniesAtTierEnd { sections = sections.map(\.withoutEnd) }
        if stage.hasProfiles { sections.append(profileSection(host, stage.direction)) }
        guard !sections.isEmpty else { return nil }
        let given = hostPrograms[host.endpoint.id] ?? [:]
        let rest: Explanation.Rest =
            switch stage.end {
            case .deny: .deny
            case .allow: .allow
            case .goOn: .nextStage
            }
        return Explanation(
            endpoint: host.endpoint.id,
            direction: stage.direction,
            stage: stage,
            sections: sections,
            rest: rest,
            programs: Set(
                given.filter { $0.key.stage == stage && !$0.key.isStaged }
                    .map { kernelID($0.value) }
            )
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
            let users = allLocals.map(\.value).filter { $0.scopes.contains(scope) }
                .map(\.endpoint)
            return PolicyUse(policy: policy, endpoints: users)
        }
    }

    /// Where a policy of that name is; for whoever forgot the namespace.
    package func policies(named name: String) -> [PolicyID] {
        policies.allIDs.filter { $0.name == name }
    }

    private func sections(
        _ local: LocalEndpoint,
        _ direction: Direction,
        _ uses: PolicyTable.Use = [.normal, .forwarded]
    ) -> [Explanation.Section] {
        // A copy: a look at the order may have to work it out first.
        var policies = policies
        let tiers = policies.policies(in: local.scopes, direction, for: uses, withStaged: true)
        return tiers.compactMap { section($0, policies, direction) }
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
        _ local: LocalEndpoint,
        _ direction: Direction
    ) -> Explanation.Section {
        let parts = local.endpoint.profiles.map { name in
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

extension Explanation.Section {
    fileprivate var withoutEnd: Self { Self(tier: tier, parts: parts, end: nil) }
}
