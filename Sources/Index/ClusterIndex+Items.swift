internal import Model

// Endpoints and network sets: their addresses in the tree, their matches by their labels.

extension ClusterIndex {
    mutating func setItem(
        _ key: ItemKey,
        labels: [String: String],
        profiles: [String],
        nets: [Prefix],
        ports: [NamedPort],
        local: EndpointID?
    ) {
        let known = items.find(key)
        let index = known ?? items.add(key)
        var isSame = known != nil
        isSame = setLabels(labels, of: index) && isSame
        isSame = setProfiles(profiles, of: index) && isSame
        isSame = setPorts(Self.unique(ports), of: index) && isSame
        if localItems[index] != local {
            localItems[index] = local
            isSame = false
        }
        setNodes(nets, of: index)
        // An object without labels may be new all the same, and match `!has(a)`.
        if !isSame { markStale(index) }
    }

    mutating func removeItem(_ key: ItemKey) {
        guard let index = items.find(key) else { return }
        setNodes([], of: index)
        _ = setLabels([:], of: index)
        _ = setProfiles([], of: index)
        portNames.remove(items.ports(of: index))
        sets.release(items[index].matches)
        localItems[index] = nil
        items.remove(key)
    }

    // Each of these tells whether nothing is new.

    private mutating func setLabels(_ labels: [String: String], of index: Int32) -> Bool {
        let former = items[index].labels
        let retained = pool.retain(labels)
        let isSame = labelArena[former].elementsEqual(retained)
        // Retained twice for a moment, so that numbers of texts that stay are not given away.
        pool.release(labelArena[former])
        guard !isSame else { return true }
        labelArena.remove(former)
        items[index].labels = labelArena.add(retained)
        return false
    }

    private mutating func setProfiles(_ profiles: [String], of index: Int32) -> Bool {
        let former = items[index].profiles
        let list = profileLists.retain(profiles, &pool)
        items[index].profiles = list
        profileLists.release(former, &pool)
        return former == list
    }

    private mutating func setPorts(_ ports: [NamedPort], of index: Int32) -> Bool {
        let former = items.ports(of: index)
        guard former != ports else { return true }
        portNames.add(ports)
        portNames.remove(former)
        items.setPorts(ports, of: index)
        return false
    }

    private static func unique(_ ports: [NamedPort]) -> [NamedPort] {
        guard ports.count > 1 else { return ports }
        var seen: Set<NamedPort> = []
        return ports.filter { seen.insert($0).inserted }
    }

    private mutating func setNodes(_ nets: [Prefix], of index: Int32) {
        let former = items.nodes(of: index)
        let nodes = Self.sortedUnique(nets.map { tree.node(for: $0, &sets) })
        guard nodes != former else { return }
        for node in Self.subtract(former, from: nodes) {
            tree.addOwner(index, to: node)
            markDirty(node)
        }
        for node in Self.subtract(nodes, from: former) {
            tree.removeOwner(index, from: node)
            markDirty(node)
        }
        items.setNodes(nodes, of: index)
        noteOwners(of: former)
        noteOwners(of: nodes)
    }

    /// The elements of `whole` that are not in `part`; both are sorted and unique.
    private static func subtract(_ part: [Int32], from whole: [Int32]) -> [Int32] {
        guard !part.isEmpty else { return whole }
        var rest = part[...]
        return whole.filter { element in
            rest = rest.drop { $0 < element }
            return rest.first != element
        }
    }

    // MARK: Matches

    mutating func markStale(_ index: Int32) {
        guard !items[index].isStale else { return }
        items[index].isStale = true
        staleItems.append(index)
    }

    /// One look at all items for all profiles that changed.
    private mutating func markMembersOfChangedProfiles() {
        guard !changedProfiles.isEmpty else { return }
        let lists = profileLists.containing(changedProfiles)
        if !lists.isEmpty {
            for index in items.indices where lists.contains(items[index].profiles) {
                markStale(index)
            }
        }
        for id in changedProfiles { pool.release(id) }
        changedProfiles = []
    }

    mutating func evaluateStaleItems() {
        markMembersOfChangedProfiles()
        let stale = staleItems
        staleItems = []
        for index in stale {
            items[index].isStale = false
            if let id = localItems[index] { news.relabelled.insert(id) }
            if !watched.isEmpty { noteOwners(of: items.nodes(of: index)) }
            let (matches, asked) = matches(of: index)
            effort.items += 1
            effort.selectors += asked
            setMatches(sets.intern(matches), of: index)
        }
    }

    mutating func setMatches(_ set: MatcherSets.ID, of index: Int32) {
        var matches = items[index].matches
        guard sets.assign(set, to: &matches) else { return }
        items[index].matches = matches
        for node in items.nodes(of: index) { markDirty(node) }
    }

    /// All matchers in use that the item meets, sorted, and how many selectors were asked.
    private func matches(of index: Int32) -> (matches: [MatcherID], asked: Int) {
        let labels = view(of: index)
        var matches: [MatcherID] = []
        let asked = selectors.collectMatches(labels, pool, into: &matches)
        for port in items.ports(of: index) {
            for id in portMatchers[port] ?? [] where matchesPort(id, labels) {
                matches.append(id)
            }
        }
        return (Self.sortedUnique(matches), asked)
    }

    /// Whether labels meet all selectors of a matcher for a named port.
    func matchesPort(_ id: MatcherID, _ labels: LabelView) -> Bool {
        guard case .namedPort(_, let texts) = matchers[id] else { return false }
        return texts.allSatisfy { scopes.matches($0, labels, pool) }
    }

    func view(of index: Int32) -> LabelView {
        let item = items[index]
        return LabelView(
            own: labelArena[item.labels],
            inherited: profileLists[item.profiles].compactMap { profileLabels[$0] }
        )
    }

    static func sortedUnique(_ ids: [MatcherID]) -> [MatcherID] {
        guard ids.count > 1 else { return ids }
        var sorted: [MatcherID] = []
        for id in ids.sorted() where sorted.last != id { sorted.append(id) }
        return sorted
    }

    // MARK: Watched addresses

    /// Something about the owners of these prefixes changed.
    mutating func noteOwners(of nodes: [PrefixTree.NodeID]) {
        guard !watched.isEmpty else { return }
        for node in nodes {
            guard let prefix = tree.prefix(of: node) else { continue }
            let start = watched.partitioningIndex { $0 >= prefix.address }
            // Mapped IPv4 addresses lie in the middle of a short IPv6 prefix and are none of its own.
            let inside = watched[start...].prefix {
                $0.masked(mappedLength: prefix.mappedLength) == prefix.address
            }
            news.addresses.formUnion(inside.lazy.filter(prefix.contains))
        }
    }
}

extension Array {
    /// The first index from which the predicate holds, for an array in which it holds from some
    /// place on.
    func partitioningIndex(where belongs: (Element) -> Bool) -> Int {
        var (low, high) = (0, count)
        while low < high {
            let middle = (low + high) / 2
            if belongs(self[middle]) { high = middle } else { low = middle + 1 }
        }
        return low
    }
}
