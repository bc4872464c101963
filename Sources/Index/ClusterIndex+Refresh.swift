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
    /// Entries for the kernel, each prefix once; `nil` takes one out.
    package var prefixes: [(prefix: Prefix, label: UInt32?)] = []
    package var moves: Set<Move> = []
}

// Two passes, only where something changed. From the root downwards: a prefix has its own matchers and
// those of every prefix that covers it. Then upwards: neighbours of one class that together are a
// shorter prefix are one entry in the kernel's table.

extension ClusterIndex {
    mutating func markDirty(_ node: PrefixTree.NodeID) {
        guard !tree.nodes[Int(node)].flags.contains(.dirty) else { return }
        tree.nodes[Int(node)].flags.insert(.dirty)
        dirtyNodes.append(node)
    }

    /// Brings all classes up to date with the facts and the questions.
    package mutating func refresh() -> ClassUpdate {
        evaluateStaleItems()
        classifyFreshMatchers()
        var update = ClassUpdate()
        let dirty = refreshReach(&update)
        effort.prefixes += dirty.count
        let changes = refreshEntries(around: dirty)
        let (gained, lost) = classes.settle { set in
            sets[set].reduce(0) { $0 &+ matchers.hash(of: $1) }
        }
        update.gained = gained
        update.lost = lost
        update.prefixes = changes.map { prefix, told in
            (prefix, told == PrefixTree.none ? nil : classes.kernelID(of: told))
        }
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

    // MARK: Downwards: what each prefix has

    /// The nodes that were looked at.
    private mutating func refreshReach(_ update: inout ClassUpdate) -> [PrefixTree.NodeID] {
        var byLength = [[PrefixTree.NodeID]](repeating: [], count: 129)
        for node in dirtyNodes { byLength[Int(tree.nodes[Int(node)].length)].append(node) }
        dirtyNodes = []
        var processed: [PrefixTree.NodeID] = []
        for length in byLength.indices {
            var index = 0
            while index < byLength[length].count {
                let node = byLength[length][index]
                index += 1
                guard refreshReach(of: node, &update) else { continue }
                for child in [tree.nodes[Int(node)].left, tree.nodes[Int(node)].right]
                where child != PrefixTree.none
                    && !tree.nodes[Int(child)].flags.contains(.dirty)
                {
                    tree.nodes[Int(child)].flags.insert(.dirty)
                    byLength[Int(tree.nodes[Int(child)].length)].append(child)
                }
            }
            processed += byLength[length]
            byLength[length] = []
        }
        return processed
    }

    /// Works out one node; whether its children must follow.
    private mutating func refreshReach(
        of id: PrefixTree.NodeID,
        _ update: inout ClassUpdate
    ) -> Bool {
        tree.nodes[Int(id)].flags.remove(.dirty)
        let node = tree.nodes[Int(id)]
        let own = ownMatchers(of: id)
        let inherited =
            node.parent == PrefixTree.none
            ? MatcherSets.empty : tree.nodes[Int(node.parent)].reach
        let reach = sets.union(own, inherited)
        let hasOwn = own != MatcherSets.empty
        if hasOwn {
            tree.nodes[Int(id)].flags.insert(.hasOwn)
        } else {
            tree.nodes[Int(id)].flags.remove(.hasOwn)
        }
        guard sets.assign(reach, to: &tree.nodes[Int(id)].reach) else { return false }
        if hasOwn || node.flags.contains(.hasOwn) {
            update.moves.insert(ClassUpdate.Move(from: node.reach, to: reach))
        }
        return node.hasChildren
    }

    private mutating func ownMatchers(of id: PrefixTree.NodeID) -> MatcherSets.ID {
        let node = tree.nodes[Int(id)]
        let extra = tree.extra(of: id)
        guard node.owner != PrefixTree.none else { return extra }
        var own = sets.union(items[node.owner].matches, extra)
        for owner in tree.owners(of: id).dropFirst() {
            own = sets.union(own, items[owner].matches)
        }
        return own
    }

    // MARK: Upwards: which prefixes have entries

    private typealias Told = (prefix: Prefix, label: MatcherSets.ID)

    /// Entries that changed, each once.
    private mutating func refreshEntries(around dirty: [PrefixTree.NodeID]) -> [Told] {
        var changes: [Told] = []
        let around = prune(dirty, &changes)
        var untold: [PrefixTree.NodeID] = []
        refreshCovers(of: around, &untold)
        for id in untold where id != PrefixTree.rootV4 { refreshEntry(of: id, &changes) }
        // Last, because entries of IPv6 that lie around IPv4 decide.
        refreshEntry(of: PrefixTree.rootV4, &changes)
        return changes
    }

    /// Takes out of the tree what nobody needs any more; the result is what is left of the nodes, their
    /// parents and their children, of which some may be in it twice.
    private mutating func prune(
        _ dirty: [PrefixTree.NodeID],
        _ changes: inout [Told]
    ) -> [PrefixTree.NodeID] {
        var around: [PrefixTree.NodeID] = []
        around.reserveCapacity(2 * dirty.count)
        for id in dirty {
            var current = id
            while !tree.isNeeded(current) {
                if tree.nodes[Int(current)].told != PrefixTree.none {
                    tell(current, PrefixTree.none, &changes)
                }
                let (parent, child) = tree.remove(current, &sets)
                current = parent
                guard child != PrefixTree.none else { continue }
                around.append(child)
                break
            }
            around.append(current)
            let parent = tree.nodes[Int(current)].parent
            if parent != PrefixTree.none { around.append(parent) }
        }
        return around.filter { !tree.nodes[Int($0)].flags.contains(.free) }
    }

    private mutating func refreshCovers(
        of around: [PrefixTree.NodeID],
        _ untold: inout [PrefixTree.NodeID]
    ) {
        var byLength = [[PrefixTree.NodeID]](repeating: [], count: 129)
        for id in around { markUncovered(id, &byLength) }
        for length in byLength.indices.reversed() {
            for id in byLength[length] {
                tree.nodes[Int(id)].flags.remove(.uncovered)
                markUntold(id, &untold)
                let node = tree.nodes[Int(id)]
                let cover = cover(of: node)
                guard cover != node.cover else { continue }
                tree.nodes[Int(id)].cover = cover
                markUncovered(node.parent, &byLength)
                markUntold(node.left, &untold)
                markUntold(node.right, &untold)
            }
            byLength[length] = []
        }
    }

    private mutating func markUncovered(
        _ id: PrefixTree.NodeID,
        _ byLength: inout [[PrefixTree.NodeID]]
    ) {
        guard id != PrefixTree.none, !tree.nodes[Int(id)].flags.contains(.uncovered) else { return }
        tree.nodes[Int(id)].flags.insert(.uncovered)
        byLength[Int(tree.nodes[Int(id)].length)].append(id)
    }

    private mutating func markUntold(
        _ id: PrefixTree.NodeID,
        _ untold: inout [PrefixTree.NodeID]
    ) {
        guard id != PrefixTree.none, !tree.nodes[Int(id)].flags.contains(.untold) else { return }
        tree.nodes[Int(id)].flags.insert(.untold)
        untold.append(id)
    }

    /// The class of all addresses of the prefix: its own, or that of both its halves.
    private func cover(of node: PrefixTree.Node) -> MatcherSets.ID {
        if node.flags.contains(.hasOwn) { return node.hasChildren ? PrefixTree.none : node.reach }
        guard node.left != PrefixTree.none, node.right != PrefixTree.none else {
            return PrefixTree.none
        }
        let (left, right) = (tree.nodes[Int(node.left)], tree.nodes[Int(node.right)])
        let isWhole = left.length == node.length + 1 && right.length == node.length + 1
        return isWhole && left.cover == right.cover ? left.cover : PrefixTree.none
    }

    private mutating func refreshEntry(
        of id: PrefixTree.NodeID,
        _ changes: inout [Told]
    ) {
        tree.nodes[Int(id)].flags.remove(.untold)
        let node = tree.nodes[Int(id)]
        let told = entry(for: node, id)
        if told != node.told { tell(id, told, &changes) }
    }

    /// The class that the kernel must have an entry with; `none` when it needs no entry.
    ///
    /// In the kernel's table IPv4 lies inside `::/0` and its like. Where such a prefix has an entry,
    /// all of IPv4 gets one of its own, so that it does not inherit from IPv6.
    private func entry(
        for node: PrefixTree.Node,
        _ id: PrefixTree.NodeID
    ) -> MatcherSets.ID {
        if node.parent != PrefixTree.none, tree.nodes[Int(node.parent)].cover != PrefixTree.none {
            return PrefixTree.none
        }
        if node.cover != PrefixTree.none { return node.cover }
        let isNeeded =
            node.flags.contains(.hasOwn)
            || (id == PrefixTree.rootV4 && classes.entriesOverV4 > 0)
        return isNeeded ? node.reach : PrefixTree.none
    }

    private mutating func tell(
        _ id: PrefixTree.NodeID,
        _ told: MatcherSets.ID,
        _ changes: inout [Told]
    ) {
        if let prefix = tree.prefix(of: id) { changes.append((prefix, told)) }
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
    }
}
