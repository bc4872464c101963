import BGPMessage
import Model

extension FamilyTable {
    var hasPathGroups: Bool { groups.contains { $0.hasPaths && !$0.members.isEmpty } }

    /// Decides about up to `limit` prefixes that wait for it; the changes of best routes are appended.
    mutating func settle(
        limit: Int,
        _ shared: inout SharedState,
        _ changes: inout [BestChange]
    ) {
        guard !isDeferred, !dirty.isEmpty else { return }
        for group in groups.indices where !groups[group].members.isEmpty {
            groups[group].grow(to: heads.count)
        }
        let end = min(dirty.count, settled + min(limit, dirty.count))
        for position in settled..<end { settle(dirty[position], &shared, &changes) }
        settled = end
        if settled == dirty.count {
            dirty.removeAll(keepingCapacity: dirty.count < 1 << 16)
            settled = 0
        } else if settled > dirty.count / 2 {
            dirty.removeFirst(settled)
            settled = 0
        }
    }

    private mutating func settle(
        _ index: UInt32,
        _ shared: inout SharedState,
        _ changes: inout [BestChange]
    ) {
        isDirty[Int(index)] = false
        choose(index, shared)
        let signature = signature(of: index)
        let isChanged = signature != signatures[Int(index)]
        if isChanged {
            signatures[Int(index)] = signature
            if shared.configuration.reportsBestChanges, let prefix = prefixes.prefix(at: index) {
                changes.append(BestChange(prefix: prefix, best: best(index, shared)))
            }
        }
        if heads[Int(index)] == 0 { vacant.append(index) }
        for group in groups.indices where !groups[group].members.isEmpty {
            if isChanged || groups[group].hasPaths { export(index, to: group, &shared) }
        }
    }

    // MARK: Choosing

    /// Puts the routes in use first in the list of a prefix.
    private mutating func choose(_ index: UInt32, _ shared: borrowing SharedState) {
        let head = heads[Int(index)]
        guard head != 0 else { return pathCounts[Int(index)] = 0 }
        if routes[Int(head)].next == 0 {
            let route = routes[Int(head)]
            let isUsable = route.accepted != 0 && shared.attributes.cost(route.accepted) != nil
            return pathCounts[Int(index)] = isUsable ? 1 : 0
        }
        gatherCandidates(index, shared)
        decision.decide(candidates)
        let used = decision.winners.prefix(max(1, min(shared.configuration.maximumPaths, 255)))
        pathCounts[Int(index)] = UInt8(used.count)
        order(index, used.map(\.route))
    }

    mutating func gatherCandidates(_ index: UInt32, _ shared: borrowing SharedState) {
        candidates.removeAll(keepingCapacity: true)
        var current = heads[Int(index)]
        while current != 0 {
            let route = routes[Int(current)]
            if let candidate = shared.candidate(current, route) { candidates.append(candidate) }
            current = route.next
        }
    }

    private mutating func order(_ index: UInt32, _ first: [UInt32]) {
        if first.count <= 1, first.first ?? heads[Int(index)] == heads[Int(index)] { return }
        var rest: [UInt32] = []
        var current = heads[Int(index)]
        while current != 0 {
            if !first.contains(current) { rest.append(current) }
            current = routes[Int(current)].next
        }
        let all = first + rest
        heads[Int(index)] = all[0]
        for (one, next) in zip(all, all.dropFirst()) { routes[Int(one)].next = next }
        if let last = all.last { routes[Int(last)].next = 0 }
    }

    /// A number that differs when anything differs that others see of the routes in use.
    private func signature(of index: UInt32) -> UInt64 {
        var result: UInt64 = 0
        var current = heads[Int(index)]
        for position in 0..<pathCounts[Int(index)] {
            let route = routes[Int(current)]
            let one = UInt64(route.accepted) << 16 | UInt64(route.peer.rawValue)
            result = position == 0 ? one : (result ^ one) &* 0x9e37_79b9_7f4a_7c15 | 1 << 63
            current = route.next
        }
        return result
    }

    /// How the prefix is reached, as decided last.
    func best(_ index: UInt32, _ shared: borrowing SharedState) -> BestRoute? {
        guard pathCounts[Int(index)] > 0 else { return nil }
        let head = routes[Int(heads[Int(index)])]
        func nextHop(_ route: Route) -> NextHop? {
            shared.attributes.hops.hop(shared.attributes.facts[Int(route.accepted)].hop).nextHop
        }
        let facts = shared.attributes.facts[Int(head.accepted)]
        var best = BestRoute(
            source: head.peer,
            nextHop: nextHop(head),
            furtherNextHops: [],
            localPreference: facts.marks.contains(.localPreference) ? facts.localPreference : nil
        )
        var current = head.next
        for _ in 1..<max(1, pathCounts[Int(index)]) {
            let route = routes[Int(current)]
            if let further = nextHop(route), further != best.nextHop,
                !best.furtherNextHops.contains(further)
            {
                best.furtherNextHops.append(further)
            }
            current = route.next
        }
        return best
    }
}

// MARK: Exports

extension FamilyTable {
    /// Works out what a group is to be told of a prefix.
    mutating func export(_ index: UInt32, to group: Int, _ shared: inout SharedState) {
        if groups[group].hasPaths { return exportPaths(index, to: group, &shared) }
        var result: UInt32 = 0
        var source = PeerID.local
        if pathCounts[Int(index)] > 0, let prefix = prefixes.prefix(at: index) {
            let route = routes[Int(heads[Int(index)])]
            source = route.peer
            // Alone in its group, the source would be told nothing.
            if groups[group].members != [source] {
                result = exporter.export(route, prefix, to: group, &shared)
            }
        }
        groups[group].set(index, result, source, &shared.attributes)
    }

    /// RFC 7911 §2: each path under a number of our own, that of its route here.
    private mutating func exportPaths(
        _ index: UInt32,
        to group: Int,
        _ shared: inout SharedState
    ) {
        var paths: [GroupTable.Path] = []
        var current = heads[Int(index)]
        if let prefix = prefixes.prefix(at: index) {
            while current != 0 {
                let route = routes[Int(current)]
                if route.accepted != 0, shared.attributes.cost(route.accepted) != nil {
                    let id = exporter.export(route, prefix, to: group, &shared)
                    if id != 0 {
                        paths.append(
                            GroupTable.Path(pathID: current, attributes: id, source: route.peer)
                        )
                    }
                }
                current = route.next
            }
        }
        paths.sort { $0.pathID < $1.pathID }
        groups[group].set(index, paths, &shared.attributes)
    }

    /// Works out all that a group is to be told, when it gets its first member.
    mutating func exportAll(to group: Int, _ shared: inout SharedState) {
        groups[group].grow(to: heads.count)
        for index in heads.indices where isDirty[index] || pathCounts[index] > 0 {
            exportSettled(UInt32(index), to: group, &shared)
        }
    }

    /// What is yet to be decided about is told when it is, whatever comes out.
    mutating func exportSettled(_ index: UInt32, to group: Int, _ shared: inout SharedState) {
        if isDirty[Int(index)] {
            signatures[Int(index)] = .max
        } else {
            export(index, to: group, &shared)
        }
    }

    /// Frees the numbers of prefixes that have no routes and that nobody has to hear of any more, once
    /// they are many.
    mutating func freeVacant() {
        guard vacant.count > max(1024, prefixes.count / 4) else { return }
        let waiting = vacant
        vacant.removeAll(keepingCapacity: true)
        for index in waiting where heads[Int(index)] == 0 && prefixes.prefix(at: index) != nil {
            if isDirty[Int(index)] || isInUse(index) {
                vacant.append(index)
            } else {
                prefixes.remove(at: index)
            }
        }
    }

    private func isInUse(_ index: UInt32) -> Bool {
        for group in groups where !group.members.isEmpty {
            guard Int(index) < group.attributes.count else { continue }
            if group.attributes[Int(index)] != 0 || group.paths[index] != nil { return true }
            if group.isPending(index, from: 0) { return true }
            if group.members.contains(where: { outlets[$0.index].isTold(index) }) { return true }
        }
        return false
    }
}
