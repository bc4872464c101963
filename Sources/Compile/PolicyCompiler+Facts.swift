internal import Index
package import Model

// Updates become facts; what comes out is which local endpoints and addresses must be looked at.

extension PolicyCompiler {
    /// What may need other programs now.
    struct Dirt {
        var endpoints: Set<EndpointID> = []
        var addresses: Set<Address> = []

        mutating func formUnion(_ other: Dirt) {
            endpoints.formUnion(other.endpoints)
            addresses.formUnion(other.addresses)
        }
    }

    /// Policies and profiles that changed since the last `apply`.
    struct Touched {
        fileprivate var scopes: Set<ScopeID> = []
        fileprivate var profiles: Set<String> = []
        fileprivate var tiers: Set<String> = []
        fileprivate var hasOtherScopes = false
    }

    /// Takes updates in without working out what follows from them: `apply` does, for all at once.
    ///
    /// A whole cluster comes in parts, so that what was taken in can go before the next part comes.
    package mutating func take(_ updates: [Update]) {
        for update in updates {
            switch update {
            case .endpoint(let id, let endpoint): set(id, endpoint)
            case .networkSet(let id, let set): index.set(id, set)
            case .policy(let id, let policy): set(id, policy)
            case .tier(let name, let tier):
                if policies.setTier(name, tier) { touched.tiers.insert(name) }
            case .profile(let name, let profile): set(name, profile)
            case .serviceSlice(let name, let slice): index.setSlice(name, slice)
            }
        }
    }

    /// Which local endpoints and addresses all that was taken in concerns.
    mutating func takeDirt() -> Dirt {
        var dirt = self.dirt
        self.dirt = Dirt()
        defer { touched = Touched() }
        if touched.hasOtherScopes {
            for id in locals.keys { updateScopes(of: id, &dirt) }
            for id in hosts.keys { updateHostScopes(of: id, &dirt) }
        }
        let scopes = touched.scopes.union(policies.scopes(inTiers: touched.tiers))
        for (id, local) in allLocals {
            let isTouched =
                !scopes.isDisjoint(with: local.scopes)
                || !touched.profiles.isDisjoint(with: local.endpoint.profiles)
            if isTouched { dirt.endpoints.insert(id) }
        }
        return dirt
    }

    /// Whom news from the index concern.
    mutating func endpoints(affectedBy news: ClusterIndex.News) -> Dirt {
        var dirt = Dirt()
        dirt.addresses = news.addresses
        for id in news.relabelled where locals[id] != nil { updateScopes(of: id, &dirt) }
        for id in news.relabelled where hosts[id] != nil { updateHostScopes(of: id, &dirt) }
        guard !news.portNames.isEmpty || !news.services.isEmpty else { return dirt }
        let scopes = policies.invalidate(portNames: news.portNames, services: news.services)
        let names = invalidateProfiles(news)
        if !scopes.isEmpty || !names.isEmpty { hostRules = [:] }
        for (id, local) in allLocals {
            let isTouched =
                !scopes.isDisjoint(with: local.scopes)
                || !names.isDisjoint(with: local.endpoint.profiles)
            if isTouched { dirt.endpoints.insert(id) }
        }
        return dirt
    }

    private mutating func updateScopes(of id: EndpointID, _ dirt: inout Dirt) {
        let scopes = index.scopes(of: id)
        guard locals[id]?.scopes != scopes else { return }
        locals[id]?.scopes = scopes
        dirt.endpoints.insert(id)
    }

    // MARK: Objects

    private mutating func set(_ id: EndpointID, _ endpoint: Endpoint?) {
        index.set(id, endpoint)
        if case .host(index.localNode, _) = id { return setHost(id, endpoint) }
        guard case .workload(index.localNode, _, _) = id else { return }
        let former = locals[id]?.endpoint
        guard former != endpoint else { return }
        for address in former?.addresses ?? [] {
            owners[address]?.removeAll { $0 == id }
            if owners[address]?.isEmpty == true { owners[address] = nil }
            dirt.addresses.insert(address)
        }
        for address in Set(endpoint?.addresses ?? []) {
            owners[address, default: []].append(id)
            // By the same order as the evaluator's, whatever came first.
            owners[address]?.sort { ($0.sortKey) < ($1.sortKey) }
            dirt.addresses.insert(address)
        }
        for address in former?.addresses ?? []
        where given[address] == id && endpoint?.addresses.contains(address) != true {
            given[address] = nil
        }
        locals[id] = endpoint.map { LocalEndpoint(endpoint: $0, scopes: locals[id]?.scopes ?? []) }
        dirt.endpoints.insert(id)
    }

    /// A staged policy that would delete its counterpart has nothing to judge by.
    private mutating func set(_ id: PolicyID, _ policy: Policy?) {
        let wanted = policy.flatMap { $0.stagedAction == "Delete" ? nil : $0 }
        let former = policies.find(id)
        guard former?.policy != wanted else { return }
        hostRules[.policy(id)] = nil
        if let former { touched.scopes.insert(former.scope) }
        if let former, wanted == nil || former.policy.selector != wanted?.selector {
            // Whoever it applied to is noted now, before the scope's number may serve another.
            for (local, entry) in allLocals where entry.scopes.contains(former.scope) {
                dirt.endpoints.insert(local)
            }
        }
        if let wanted {
            let scope = index.acquireScope(wanted.selector)
            policies.set(wanted, scope: scope)
            touched.scopes.insert(scope)
        } else {
            policies.remove(id)
        }
        if let former { index.releaseScope(former.policy.selector) }
        if former?.policy.selector != wanted?.selector { touched.hasOtherScopes = true }
    }

    private mutating func set(_ name: String, _ profile: Profile?) {
        index.setProfile(name, profile?.labelsToApply)
        // The index has the labels; of a namespace's profile there is nothing else.
        var profile = profile
        profile?.labelsToApply = [:]
        let former = profiles[name]?.profile
        guard former != profile else { return }
        hostRules[.profile(name)] = nil
        profiles[name] = profile.map { ProfileEntry(profile: $0) }
        touched.profiles.insert(name)
    }

    private mutating func invalidateProfiles(_ news: ClusterIndex.News) -> Set<String> {
        var names: Set<String> = []
        for (name, entry) in profiles {
            let references = References(entry.profile)
            guard
                !references.portNames.isDisjoint(with: news.portNames)
                    || !references.services.isDisjoint(with: news.services)
            else { continue }
            profiles[name]?.compiled = [:]
            names.insert(name)
        }
        return names
    }
}

extension EndpointID {
    /// The order in which endpoints with the same address come.
    var sortKey: SortKey {
        switch self {
        case .workload(let node, _, let endpoint):
            SortKey(text: description, node: node, endpoint: endpoint)
        case .host(let node, _): SortKey(text: description, node: node, endpoint: "")
        }
    }

    struct SortKey: Comparable {
        let text: String
        let node: String
        let endpoint: String

        static func < (left: Self, right: Self) -> Bool {
            (left.text, left.node, left.endpoint) < (right.text, right.node, right.endpoint)
        }
    }
}
