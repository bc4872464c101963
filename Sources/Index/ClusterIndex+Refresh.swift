package import Model

/// What became of the classes in one update.
package struct ClassUpdate: Sendable {
    /// A prefix whose addresses went from one class to another.
    package struct Move: Hashable, Sendable {
        package let from: ClassID
        package let to: ClassID
    }

    package var gained: [ClassID] = []
    /// No prefix has them any more; their ids stay taken until `finish`.
    package var lost: [ClassID] = []
    /// Entries for the kernel; `nil` takes one out.
    package var prefixes: [Prefix: UInt32?] = [:]
    package var moves: Set<Move> = []
}

// From the root downwards, only where something changed: a prefix has its own matchers and those of
// every prefix that covers it.

extension ClusterIndex {
    mutating func markDirty(_ node: PrefixTree.NodeID) {
        guard !tree.nodes[Int(node)].isDirty else { return }
        tree.nodes[Int(node)].isDirty = true
        dirtyNodes.append(node)
    }

    /// Brings all classes up to date with the facts and the questions.
    package mutating func refresh() -> ClassUpdate {
        evaluateStaleItems()
        classifyFreshMatchers()
        var update = ClassUpdate()
        var changes: [PrefixTree.NodeID: MatcherSets.ID] = [:]
        let dirty = refreshNodes(&update, &changes)
        let (gained, lost) = classes.settle { set in
            sets[set].reduce(0) { $0 &+ matchers.hash(of: $1) }
        }
        update.gained = gained
        update.lost = lost
        for (node, former) in changes {
            let told = tree.nodes[Int(node)].told
            guard told != former, let prefix = tree.prefix(of: node) else { continue }
            update.prefixes[prefix] = .some(
                told == PrefixTree.none ? nil : classes.kernelID(of: told)
            )
        }
        for node in dirty { tree.prune(node, &sets) }
        return update
    }

    /// Frees the ids of what an update lost, after all tables were derived from it.
    package mutating func finish(_ update: ClassUpdate) {
        classes.forget(update.lost)
        sets.collect()
        matchers.reuseRetired()
    }

    /// All classes that prefixes have entries for, without the empty one.
    package var liveClasses: [ClassID] { classes.live.filter { $0 != MatcherSets.empty } }

    /// The class of addresses that no matcher holds for.
    package static var emptyClass: ClassID { MatcherSets.empty }

    package func matchers(of label: ClassID) -> [MatcherID] { sets[label] }

    package func kernelID(of label: ClassID) -> UInt32 { classes.kernelID(of: label) }

    // MARK: Nodes

    private mutating func refreshNodes(
        _ update: inout ClassUpdate,
        _ changes: inout [PrefixTree.NodeID: MatcherSets.ID]
    ) -> [PrefixTree.NodeID] {
        var byLength = [[PrefixTree.NodeID]](repeating: [], count: 129)
        var processed: [PrefixTree.NodeID] = []
        for length in byLength.indices {
            // Working out a node may make longer ones dirty that are not below it: the root of IPv4.
            for node in dirtyNodes { byLength[Int(tree.nodes[Int(node)].length)].append(node) }
            dirtyNodes = []
            var index = 0
            while index < byLength[length].count {
                let node = byLength[length][index]
                index += 1
                for child in refreshNode(node, &update, &changes) {
                    tree.nodes[Int(child)].isDirty = true
                    byLength[Int(tree.nodes[Int(child)].length)].append(child)
                }
            }
            processed += byLength[length]
            byLength[length] = []
        }
        return processed
    }

    /// Works out one node; the result is the children that must follow.
    private mutating func refreshNode(
        _ id: PrefixTree.NodeID,
        _ update: inout ClassUpdate,
        _ changes: inout [PrefixTree.NodeID: MatcherSets.ID]
    ) -> [PrefixTree.NodeID] {
        tree.nodes[Int(id)].isDirty = false
        let node = tree.nodes[Int(id)]
        let own = ownMatchers(of: id)
        let inherited =
            node.parent == PrefixTree.none
            ? MatcherSets.empty : tree.nodes[Int(node.parent)].reach
        let reach = sets.union(own, inherited)
        let former = node.reach
        let hasChanged = sets.assign(reach, to: &tree.nodes[Int(id)].reach)
        let told = entry(for: id, own, reach)
        if told != node.told {
            changes[id] = changes[id] ?? node.told
            tell(id, told)
        }
        if hasChanged, told != PrefixTree.none || node.told != PrefixTree.none {
            update.moves.insert(ClassUpdate.Move(from: former, to: reach))
        }
        guard hasChanged else { return [] }
        return [node.left, node.right].filter {
            $0 != PrefixTree.none && !tree.nodes[Int($0)].isDirty
        }
    }

    private mutating func ownMatchers(of id: PrefixTree.NodeID) -> MatcherSets.ID {
        let node = tree.nodes[Int(id)]
        guard node.owner != PrefixTree.none else { return node.extra }
        var own = sets.union(items[Int(node.owner)].matches, node.extra)
        for owner in tree.owners(of: id).dropFirst() {
            own = sets.union(own, items[Int(owner)].matches)
        }
        return own
    }

    /// The class that the kernel must have an entry with; `none` when it needs no entry.
    ///
    /// In the kernel's table IPv4 lies inside `::/0` and its like. Where such a prefix has an entry,
    /// all of IPv4 gets one of its own, so that it does not inherit from IPv6.
    private func entry(
        for id: PrefixTree.NodeID,
        _ own: MatcherSets.ID,
        _ reach: MatcherSets.ID
    ) -> MatcherSets.ID {
        if own != MatcherSets.empty { return reach }
        guard id == PrefixTree.rootV4, classes.entriesOverV4 > 0 else { return PrefixTree.none }
        return reach
    }

    private mutating func tell(_ id: PrefixTree.NodeID, _ told: MatcherSets.ID) {
        let former = tree.nodes[Int(id)].told
        if told != PrefixTree.none {
            sets.retain(told)
            classes.add(told)
        }
        if former != PrefixTree.none {
            sets.release(former)
            classes.remove(former)
        }
        tree.nodes[Int(id)].told = told
        let node = tree.nodes[Int(id)]
        guard node.length < 96, node.contains(Address(v4: 0), length: 96) else { return }
        let change = (told == PrefixTree.none ? 0 : 1) - (former == PrefixTree.none ? 0 : 1)
        classes.entriesOverV4 += change
        if change != 0 { markDirty(PrefixTree.rootV4) }
    }
}
