internal import Model

// Questions in use: acquired by programs, answered for every item and prefix, retired when no program
// asks any more. Retiring waits until `settle`, because programs on their way out still ask.

extension ClusterIndex {
    /// Classes tell addresses apart by this matcher from the next `refresh` on.
    package mutating func acquire(_ matcher: Matcher) -> MatcherID {
        matchers.acquire(matcher)
    }

    package mutating func release(_ id: MatcherID) {
        matchers.release(id)
    }

    package func hash(of id: MatcherID) -> UInt64 { matchers.hash(of: id) }

    /// Whether matchers wait to be retired.
    package var needsSettling: Bool { !matchers.unused.isEmpty }

    /// Retires the matchers that nobody asks for.
    package mutating func settle() {
        let unused = matchers.unused
        guard !unused.isEmpty else { return }
        retireFromItems(unused)
        for id in unused.sorted() {
            switch matchers[id] {
            case .selector: selectors.remove(id, &pool)
            case .nets(let nets): for net in nets { removeExtra(id, from: net) }
            case .namedPort(let port, let texts):
                portMatchers[port]?.removeAll { $0 == id }
                if portMatchers[port]?.isEmpty == true { portMatchers[port] = nil }
                for text in texts { scopes.release(text, &pool) }
            case .service(let service), .servicePort(let service, _, _):
                for address in serviceAddresses.removeValue(forKey: id) ?? [] {
                    removeExtra(id, from: Prefix(address))
                }
                serviceMatchers[service]?.removeAll { $0 == id }
                if serviceMatchers[service]?.isEmpty == true { serviceMatchers[service] = nil }
            case nil: break
            }
            matchers.retire(id)
        }
    }

    private mutating func retireFromItems(_ unused: Set<MatcherID>) {
        var replacements: [MatcherSets.ID: MatcherSets.ID] = [:]
        for set in sets.containing(unused) {
            replacements[set] = sets.removing(unused, from: set)
        }
        guard !replacements.isEmpty else { return }
        for index in items.indices {
            guard items[index].matches != MatcherSets.empty,
                let replacement = replacements[items[index].matches]
            else { continue }
            setMatches(replacement, of: index)
        }
    }

    // MARK: New matchers

    /// Answers the questions that were acquired since the last time.
    mutating func classifyFreshMatchers() {
        let fresh = matchers.takeFresh()
        var freshSelectors = SelectorIndex()
        var freshPorts: Set<MatcherID> = []
        for id in fresh {
            switch matchers[id] {
            case .selector(let text):
                selectors.insert(id, text, &pool)
                freshSelectors.insert(id, text, &pool)
            case .nets(let nets): for net in nets { addExtra(id, to: net) }
            case .namedPort(let port, let texts):
                for text in texts { _ = scopes.acquire(text, &pool) }
                portMatchers[port, default: []].append(id)
                freshPorts.insert(id)
            case .service(let service), .servicePort(let service, _, _):
                serviceMatchers[service, default: []].append(id)
                updateServiceMatcher(id, service, services.members(of: service))
            case nil: break
            }
        }
        if !freshSelectors.isEmpty || !freshPorts.isEmpty {
            addToItems(freshSelectors, freshPorts)
        }
        for id in fresh { freshSelectors.remove(id, &pool) }
    }

    private mutating func addToItems(_ selectors: SelectorIndex, _ ports: Set<MatcherID>) {
        var matches: [MatcherID] = []
        for index in items.indices {
            let labels = view(of: index)
            matches.removeAll(keepingCapacity: true)
            selectors.collectMatches(labels, pool, into: &matches)
            if !ports.isEmpty {
                for port in items.ports(of: index) {
                    matches += (portMatchers[port] ?? []).filter {
                        ports.contains($0) && matchesPort($0, labels)
                    }
                }
            }
            guard !matches.isEmpty else { continue }
            let added = sets.intern(Self.sortedUnique(matches))
            setMatches(sets.union(items[index].matches, added), of: index)
        }
    }

    // MARK: Services

    mutating func updateServiceMatchers(_ service: ServiceID) {
        guard let ids = serviceMatchers[service] else { return }
        let members = services.members(of: service)
        for id in ids { updateServiceMatcher(id, service, members) }
    }

    private mutating func updateServiceMatcher(
        _ id: MatcherID,
        _ service: ServiceID,
        _ members: Set<ServiceSlice.Member>
    ) {
        var addresses: Set<Address> = []
        for member in members {
            if case .servicePort(_, let `protocol`, let port) = matchers[id] {
                guard member.protocol == `protocol`, member.port == port else { continue }
            }
            addresses.insert(member.address)
        }
        let former = serviceAddresses[id] ?? []
        for address in addresses.subtracting(former) { addExtra(id, to: Prefix(address)) }
        for address in former.subtracting(addresses) { removeExtra(id, from: Prefix(address)) }
        serviceAddresses[id] = addresses
    }

    // MARK: Matchers of prefixes

    private mutating func addExtra(_ id: MatcherID, to prefix: Prefix) {
        let node = tree.node(for: prefix, &sets)
        let set = sets.inserting(id, into: tree.extra(of: node))
        if tree.setExtra(set, of: node, &sets) { markDirty(node) }
    }

    private mutating func removeExtra(_ id: MatcherID, from prefix: Prefix) {
        let node = tree.node(for: prefix, &sets)
        let set = sets.removing([id], from: tree.extra(of: node))
        if tree.setExtra(set, of: node, &sets) { markDirty(node) }
    }
}
