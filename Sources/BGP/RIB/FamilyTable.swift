import BGPMessage
import Model

/// The routes of one family: Adj-RIBs-In and Loc-RIB in one, a list of paths for each prefix, and
/// what each group of peers is to be told.
struct FamilyTable {
    let family: Family
    var prefixes: PrefixTable
    /// By prefix: the first of its routes, the best one if there is one; 0 for none.
    var heads: [UInt32] = []
    /// By prefix: how many of the first routes are in use; 0 if none can be.
    var pathCounts: [UInt8] = []
    /// By prefix: stands for all that others see of the routes in use; 0 for none.
    var signatures: [UInt64] = []
    /// By prefix: waits in `dirty`.
    var isDirty: [Bool] = []
    /// Prefixes to be decided about, after the first `settled`.
    var dirty: [UInt32] = []
    var settled = 0
    /// All routes, in lists; the first is none.
    var routes: [Route] = [Route()]
    /// Routes not in use, in a list of their own.
    var freeRoute: UInt32 = 0
    /// Prefixes without routes that wait to be freed, some perhaps twice.
    var vacant: [UInt32] = []

    /// By peer.
    var outlets: [Outlet] = [Outlet()]
    /// By group.
    var groups: [GroupTable] = []
    /// Decisions wait until the peers have sent what they have (RFC 4724 §4.1).
    var isDeferred = false

    var decision = Decision()
    var candidates: [Candidate] = []
    var exporter = Exporter()

    init(_ family: Family) {
        self.family = family
        prefixes = PrefixTable(family)
    }

    /// The number of a prefix, in all arrays.
    mutating func number(of prefix: Prefix) -> UInt32 {
        let (index, isNew) = prefixes.insert(prefix)
        guard isNew else { return index }
        if Int(index) == heads.count {
            heads.append(0)
            pathCounts.append(0)
            signatures.append(0)
            isDirty.append(false)
        }
        return index
    }

    /// Has the prefix decided about, and all told, though its routes look the same.
    mutating func touchAnew(_ index: UInt32) {
        signatures[Int(index)] = .max
        touch(index)
    }

    mutating func touch(_ index: UInt32) {
        guard !isDirty[Int(index)] else { return }
        isDirty[Int(index)] = true
        dirty.append(index)
    }
}

// MARK: Routes

extension FamilyTable {
    /// A route as it came, judged.
    struct Arrival {
        var received: UInt32
        var accepted: UInt32
        var ineligibility: Ineligibility
        var preference: UInt8
    }

    /// Puts in a route, in place of the one that the same peer gave the same path identifier.
    ///
    /// The counts of both sets of attributes pass over to it.
    mutating func upsert(
        _ index: UInt32,
        _ peer: PeerID,
        _ pathID: UInt32,
        _ arrival: Arrival,
        _ shared: inout SharedState
    ) {
        if let existing = find(index, peer, pathID) {
            replace(existing, index, arrival, &shared)
        } else {
            insert(index, peer, pathID, arrival, shared)
        }
    }

    private func find(_ index: UInt32, _ peer: PeerID, _ pathID: UInt32) -> UInt32? {
        var current = heads[Int(index)]
        while current != 0 {
            let route = routes[Int(current)]
            if route.peer == peer, route.pathID == pathID { return current }
            current = route.next
        }
        return nil
    }

    private mutating func replace(
        _ existing: UInt32,
        _ index: UInt32,
        _ arrival: Arrival,
        _ shared: inout SharedState
    ) {
        let old = routes[Int(existing)]
        count(old, by: -1)
        shared.attributes.release(old.received)
        if old.accepted != 0 { shared.attributes.release(old.accepted) }
        routes[Int(existing)].received = arrival.received
        routes[Int(existing)].accepted = arrival.accepted
        routes[Int(existing)].ineligibility = arrival.ineligibility
        routes[Int(existing)].preference = arrival.preference
        routes[Int(existing)].flags = []
        count(routes[Int(existing)], by: 1)
        if old.accepted != arrival.accepted || old.preference != arrival.preference
            || !old.flags.isEmpty
        {
            touch(index)
        }
    }

    private mutating func insert(
        _ index: UInt32,
        _ peer: PeerID,
        _ pathID: UInt32,
        _ arrival: Arrival,
        _ shared: borrowing SharedState
    ) {
        var route = Route()
        route.received = arrival.received
        route.accepted = arrival.accepted
        route.ineligibility = arrival.ineligibility
        route.preference = arrival.preference
        route.peer = peer
        route.pathID = pathID
        count(route, by: 1)
        let head = heads[Int(index)]
        if head == 0 { return link(route, asHeadOf: index, mayMatter: arrival.accepted != 0) }
        let mayMatter = isDirty[Int(index)] || matters(route, index, shared)
        // After those in use.
        var last = head
        for _ in 1..<max(1, pathCounts[Int(index)]) { last = routes[Int(last)].next }
        route.next = routes[Int(last)].next
        let number = allocate(route)
        routes[Int(last)].next = number
        if mayMatter { touch(index) }
    }

    private mutating func link(_ route: Route, asHeadOf index: UInt32, mayMatter: Bool) {
        heads[Int(index)] = allocate(route)
        if mayMatter { touch(index) }
    }

    /// False only if the route changes nothing for anybody: it is surely worse than the best.
    private func matters(
        _ route: Route,
        _ index: UInt32,
        _ shared: borrowing SharedState
    ) -> Bool {
        guard route.accepted != 0 else { return false }
        guard pathCounts[Int(index)] > 0, !hasPathGroups else { return true }
        let head = heads[Int(index)]
        guard let mine = shared.candidate(0, route),
            let best = shared.candidate(head, routes[Int(head)])
        else { return true }
        if mine.isWorse(than: best) { return false }
        return shared.configuration.maximumPaths > 1 || !mine.isTied(with: best)
            || !mine.isLaterInTie(than: best)
    }

    private mutating func allocate(_ route: Route) -> UInt32 {
        guard freeRoute != 0 else {
            routes.append(route)
            return UInt32(routes.count - 1)
        }
        let number = freeRoute
        freeRoute = routes[Int(number)].next
        routes[Int(number)] = route
        return number
    }

    /// Takes a route out, if it is there.
    mutating func remove(
        _ index: UInt32,
        _ peer: PeerID,
        _ pathID: UInt32,
        _ shared: inout SharedState
    ) {
        removeRoutes(of: index, &shared) { $0.peer == peer && $0.pathID == pathID }
    }

    /// Takes out all routes to a prefix that `isGone` holds for; how many those were.
    @discardableResult
    mutating func removeRoutes(
        of index: UInt32,
        _ shared: inout SharedState,
        _ isGone: (Route) -> Bool
    ) -> Int {
        var removed = 0
        var previous: UInt32 = 0
        var current = heads[Int(index)]
        while current != 0 {
            let route = routes[Int(current)]
            guard isGone(route) else {
                previous = current
                current = route.next
                continue
            }
            if previous == 0 {
                heads[Int(index)] = route.next
            } else {
                routes[Int(previous)].next = route.next
            }
            dispose(current, &shared)
            removed += 1
            current = route.next
        }
        guard removed > 0 else { return 0 }
        // The routes in use are counted from the head: none is, until decided.
        pathCounts[Int(index)] = 0
        touch(index)
        return removed
    }

    private mutating func dispose(_ number: UInt32, _ shared: inout SharedState) {
        let route = routes[Int(number)]
        count(route, by: -1)
        shared.attributes.release(route.received)
        if route.accepted != 0 { shared.attributes.release(route.accepted) }
        routes[Int(number)] = Route()
        routes[Int(number)].next = freeRoute
        freeRoute = number
    }

    private mutating func count(_ route: Route, by change: Int) {
        let peer = route.peer.index
        outlets[peer].counters.received += change
        if route.accepted != 0 { outlets[peer].counters.accepted += change }
        if route.flags.contains(.stale) { outlets[peer].counters.stale += change }
    }

    /// Changes the routes of one peer in place.
    mutating func updateRoutes(
        of peer: PeerID,
        _ change: (UInt32, inout Route) -> Bool
    ) {
        var left = outlets[peer.index].counters.received
        for index in heads.indices {
            guard left > 0 else { return }
            var current = heads[index]
            while current != 0 {
                let next = routes[Int(current)].next
                if routes[Int(current)].peer == peer {
                    left -= 1
                    count(routes[Int(current)], by: -1)
                    let isChanged = change(UInt32(index), &routes[Int(current)])
                    count(routes[Int(current)], by: 1)
                    if isChanged { touch(UInt32(index)) }
                }
                current = next
            }
        }
    }

    /// Takes out the routes of one peer that `isGone` holds for.
    mutating func removeRoutes(
        from peer: PeerID,
        _ shared: inout SharedState,
        where isGone: (Route) -> Bool = { _ in true }
    ) {
        var left = outlets[peer.index].counters.received
        for index in heads.indices where heads[index] != 0 {
            guard left > 0 else { return }
            var seen = 0
            removeRoutes(of: UInt32(index), &shared) { route in
                guard route.peer == peer else { return false }
                seen += 1
                return isGone(route)
            }
            left -= seen
        }
    }
}
