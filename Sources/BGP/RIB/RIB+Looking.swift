package import BGPMessage
package import Model

/// One path as the RIB holds it.
package struct RIBRoute: Hashable, Sendable {
    package var prefix: Prefix
    package var peer: PeerID
    package var pathID: UInt32
    /// As the peer sent it.
    package var received: PathAttributes
    /// After policy, if it may be used.
    package var accepted: PathAttributes?
    package var ineligibility: Ineligibility
    package var isStale: Bool
    /// It is in use; the first of a prefix's is the best.
    package var isUsed: Bool
}

/// Why a prefix's best path is the best.
package struct Explanation: Hashable, Sendable {
    package struct Path: Hashable, Sendable {
        package var route: RIBRoute
        /// The step of the decision process that it lost in, for those that took part.
        package var lost: DecisionStep?
    }

    package var prefix: Prefix
    /// The best first, then those that lost late before those that lost early, then those that could
    /// not take part.
    package var paths: [Path]
}

extension RIB {
    package func counters(_ peer: PeerID, _ family: Family) -> PeerCounters {
        family == .v4 ? v4.outlets[peer.index].counters : v6.outlets[peer.index].counters
    }

    /// How many prefixes of a family have routes, or had until a moment ago.
    package func prefixCount(_ family: Family) -> Int {
        family == .v4 ? v4.prefixes.count : v6.prefixes.count
    }

    /// How many different sets of attributes there are.
    package var attributeSetCount: Int { shared.attributes.count }

    /// The paths to a prefix, those in use first.
    package func routes(to prefix: Prefix) -> [RIBRoute] {
        let table = table(prefix.family)
        guard let index = table.prefixes.index(of: prefix) else { return [] }
        return table.routes(at: index, shared)
    }

    /// How a prefix is reached, as decided last.
    package func best(_ prefix: Prefix) -> BestRoute? {
        let table = table(prefix.family)
        return table.prefixes.index(of: prefix).flatMap { table.best($0, shared) }
    }

    /// How all prefixes of a family that can be reached are, as decided last.
    package func bestRoutes(_ family: Family) -> [BestChange] {
        let table = table(family)
        return table.heads.indices.compactMap { index in
            guard let best = table.best(UInt32(index), shared),
                let prefix = table.prefixes.prefix(at: UInt32(index))
            else { return nil }
            return BestChange(prefix: prefix, best: best)
        }
    }

    /// All paths of a family, those to one prefix together.
    package func forEachRoute(_ family: Family, _ body: (RIBRoute) -> Void) {
        let table = table(family)
        for index in table.heads.indices {
            for route in table.routes(at: UInt32(index), shared) { body(route) }
        }
    }

    /// What a peer has been told, by prefix and path.
    package func forEachAdvertised(
        to peer: PeerID,
        _ family: Family,
        _ body: (NLRI, PathAttributes) -> Void
    ) {
        let table = table(family)
        guard let group = table.outlets[peer.index].group else { return }
        for index in table.heads.indices where table.outlets[peer.index].isTold(UInt32(index)) {
            guard let prefix = table.prefixes.prefix(at: UInt32(index)) else { continue }
            let groupTable = table.groups[group]
            for path in groupTable.paths[UInt32(index)] ?? [] where path.attributes != 0 {
                guard path.source != peer else { continue }
                body(
                    NLRI(prefix, pathID: path.pathID),
                    shared.attributes.attributes(path.attributes)
                )
            }
            guard index < groupTable.attributes.count, groupTable.attributes[index] != 0 else {
                continue
            }
            body(NLRI(prefix), shared.attributes.attributes(groupTable.attributes[index]))
        }
    }

    /// Runs the decision process over a prefix's paths, and says where each lost.
    package func explain(_ prefix: Prefix) -> Explanation {
        var table = table(prefix.family)
        guard let index = table.prefixes.index(of: prefix) else {
            return Explanation(prefix: prefix, paths: [])
        }
        table.gatherCandidates(index, shared)
        var losses: [UInt32: DecisionStep] = [:]
        table.decision.decide(table.candidates) { losses[$0.route] = $1 }
        var paths: [(rank: Int, path: Explanation.Path)] = []
        var current = table.heads[Int(index)]
        for route in table.routes(at: index, shared) {
            let lost = losses[current]
            let rank: Int
            if route.ineligibility != .none {
                rank = 100
            } else {
                rank = lost.map { 50 - Int($0.rawValue) } ?? 0
            }
            paths.append((rank, Explanation.Path(route: route, lost: lost)))
            current = table.routes[Int(current)].next
        }
        paths.sort { $0.rank < $1.rank }
        return Explanation(prefix: prefix, paths: paths.map(\.path))
    }
}

extension FamilyTable {
    fileprivate func routes(at index: UInt32, _ shared: borrowing SharedState) -> [RIBRoute] {
        guard let prefix = prefixes.prefix(at: index) else { return [] }
        var list: [RIBRoute] = []
        var current = heads[Int(index)]
        while current != 0 {
            let route = routes[Int(current)]
            var ineligibility = route.ineligibility
            if route.accepted != 0, shared.attributes.cost(route.accepted) == nil {
                ineligibility = .unreachableNextHop
            }
            list.append(
                RIBRoute(
                    prefix: prefix,
                    peer: route.peer,
                    pathID: route.pathID,
                    received: shared.attributes.attributes(route.received),
                    accepted: route.accepted == 0
                        ? nil : shared.attributes.attributes(route.accepted),
                    ineligibility: ineligibility,
                    isStale: route.flags.contains(.stale),
                    isUsed: list.count < Int(pathCounts[Int(index)])
                )
            )
            current = route.next
        }
        return list
    }
}
