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
        let known = itemIDs[key]
        let index = known ?? addItem(key)
        let former = items[Int(index)]
        items[Int(index)].labels = pool.retain(labels)
        items[Int(index)].profiles = profiles.map { pool.retain($0) }
        pool.release(former.labels)
        for profile in former.profiles { pool.release(profile) }
        items[Int(index)].local = local
        let ports = Self.unique(ports)
        if former.ports != ports {
            portNames.add(ports)
            portNames.remove(former.ports)
            items[Int(index)].ports = ports
        }
        setNodes(nets, of: index, former: former.nodes)
        // An object without labels may be new all the same, and match `!has(a)`.
        let isSame =
            known != nil && former.labels == items[Int(index)].labels
            && former.profiles == items[Int(index)].profiles
            && former.ports == items[Int(index)].ports && former.local == local
        if !isSame { markStale(index) }
    }

    mutating func removeItem(_ key: ItemKey) {
        guard let index = itemIDs.removeValue(forKey: key) else { return }
        noteOwners(of: items[Int(index)].nodes)
        let item = items[Int(index)]
        setNodes([], of: index, former: item.nodes)
        pool.release(item.labels)
        for profile in item.profiles { pool.release(profile) }
        portNames.remove(item.ports)
        sets.release(item.matches)
        items[Int(index)] = Item()
        items[Int(index)].isStale = item.isStale
        freeItems.append(index)
    }

    private static func unique(_ ports: [NamedPort]) -> [NamedPort] {
        guard ports.count > 1 else { return ports }
        var seen: Set<NamedPort> = []
        return ports.filter { seen.insert($0).inserted }
    }

    private mutating func addItem(_ key: ItemKey) -> Int32 {
        let index = freeItems.popLast() ?? Int32(items.count)
        if index == items.count { items.append(Item()) }
        itemIDs[key] = index
        return index
    }

    private mutating func setNodes(
        _ nets: [Prefix],
        of index: Int32,
        former: [PrefixTree.NodeID]
    ) {
        var nodes = nets.map { tree.node(for: $0, &sets) }
        if nodes.count > 1 { nodes = Array(Set(nodes)).sorted() }
        guard nodes != former else { return }
        let (old, new) = former.isEmpty ? ([], Set(nodes)) : (Set(former), Set(nodes))
        for node in nodes where !old.contains(node) {
            tree.addOwner(index, to: node)
            markDirty(node)
        }
        for node in former where !new.contains(node) {
            tree.removeOwner(index, from: node)
            markDirty(node)
        }
        items[Int(index)].nodes = nodes
        noteOwners(of: former)
        noteOwners(of: nodes)
    }

    // MARK: Matches

    mutating func markStale(_ index: Int32) {
        guard !items[Int(index)].isStale else { return }
        items[Int(index)].isStale = true
        staleItems.append(index)
    }

    /// One look at all items for all profiles that changed.
    private mutating func markMembersOfChangedProfiles() {
        guard !changedProfiles.isEmpty else { return }
        for index in items.indices
        where items[index].profiles.contains(where: { changedProfiles.contains($0) }) {
            markStale(Int32(index))
        }
        for id in changedProfiles { pool.release(id) }
        changedProfiles = []
    }

    mutating func evaluateStaleItems() {
        markMembersOfChangedProfiles()
        let stale = staleItems
        staleItems = []
        for index in stale {
            items[Int(index)].isStale = false
            if let id = items[Int(index)].local { news.relabelled.insert(id) }
            noteOwners(of: items[Int(index)].nodes)
            setMatches(sets.intern(matches(of: index)), of: index)
        }
    }

    mutating func setMatches(_ set: MatcherSets.ID, of index: Int32) {
        guard sets.assign(set, to: &items[Int(index)].matches) else { return }
        for node in items[Int(index)].nodes { markDirty(node) }
    }

    /// All matchers in use that the item meets, sorted.
    private func matches(of index: Int32) -> [MatcherID] {
        let labels = view(of: index)
        var matches: [MatcherID] = []
        selectors.collectMatches(labels, pool, into: &matches)
        for port in items[Int(index)].ports {
            for id in portMatchers[port] ?? [] where matchesPort(id, labels) {
                matches.append(id)
            }
        }
        return Self.sortedUnique(matches)
    }

    /// Whether labels meet all selectors of a matcher for a named port.
    func matchesPort(_ id: MatcherID, _ labels: LabelView) -> Bool {
        guard case .namedPort(_, let texts) = matchers[id] else { return false }
        return texts.allSatisfy { scopes.matches($0, labels, pool) }
    }

    func view(of index: Int32) -> LabelView {
        let item = items[Int(index)]
        return LabelView(
            own: item.labels,
            inherited: item.profiles.compactMap { profileLabels[$0] }
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
            var index = watched.partitioningIndex { $0 >= prefix.address }
            while index < watched.count, prefix.contains(watched[index]) {
                news.addresses.insert(watched[index])
                index += 1
            }
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
