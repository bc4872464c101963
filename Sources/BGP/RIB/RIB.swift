import BGPMessage
package import Model

/// All routes of one speaker: what its peers sent, what it makes of them, and what it tells them.
///
/// Events go in (`receive`, `open`, `close`, …) and only note what has to be decided. `settle` then
/// decides, and returns the best routes that changed; `tell` gives the bytes that a peer is to be sent
/// next. There is no queue of messages: a peer that reads slowly is told the state as it is when it
/// reads.
package struct RIB: ~Copyable {
    var shared: SharedState
    var v4 = FamilyTable(.v4)
    var v6 = FamilyTable(.v6)

    package init(_ configuration: RIBConfiguration) {
        shared = SharedState(configuration)
    }

    package var configuration: RIBConfiguration { shared.configuration }

    /// Runs `body` on the tables of some families.
    mutating func forEach(
        _ families: FamilySet,
        _ body: (inout FamilyTable, inout SharedState) -> Void
    ) {
        if families.contains(.v4) { body(&v4, &shared) }
        if families.contains(.v6) { body(&v6, &shared) }
    }

    func table(_ family: Family) -> FamilyTable { family == .v4 ? v4 : v6 }
}

// MARK: Deciding and telling

extension RIB {
    /// Something waits for `settle`.
    package var needsSettling: Bool {
        (!v4.dirty.isEmpty && !v4.isDeferred) || (!v6.dirty.isEmpty && !v6.isDeferred)
    }

    /// Decides about up to `limit` prefixes of each family that may have changed; what changed for
    /// whoever forwards packets.
    package mutating func settle(limit: Int = .max) -> [BestChange] {
        var changes: [BestChange] = []
        forEach([.v4, .v6]) { $0.settle(limit: limit, &$1, &changes) }
        if v4.dirty.isEmpty, v6.dirty.isEmpty {
            forEach([.v4, .v6]) { table, _ in
                table.exporter.forget()
                table.compactLogs(over: 1 << 13)
                table.freeVacant()
            }
            shared.attributes.reap()
        }
        return changes
    }

    /// There are bytes to be sent to the peer.
    package func hasPending(_ peer: PeerID) -> Bool { v4.hasPending(peer) || v6.hasPending(peer) }

    /// Whole messages for the peer, about `budget` bytes of them; empty if there is nothing to say.
    package mutating func tell(_ peer: PeerID, budget: Int = 1 << 16) -> [UInt8] {
        var output: [UInt8] = []
        v4.tell(peer, &output, budget: budget, shared)
        v6.tell(peer, &output, budget: budget, shared)
        return output
    }

    /// Frees what all peers have been told; to be called after a round of `tell`.
    package mutating func tidy() {
        forEach([.v4, .v6]) { table, _ in table.compactLogs() }
    }

    /// While deferred, nothing is decided about a family and nobody told, as after a restart until
    /// the peers have sent what they have (RFC 4724 §4.1).
    package mutating func setDeferred(_ family: Family, _ isDeferred: Bool) {
        forEach(FamilySet(family)) { table, _ in table.isDeferred = isDeferred }
    }

    /// Says how a next hop is reached; `nil` forgets it.
    package mutating func resolve(_ address: Address, _ resolution: NextHopResolution?) {
        let changed = shared.attributes.hops.resolve(address, resolution)
        guard !changed.isEmpty else { return }
        forEach([.v4, .v6]) { $0.touchRoutes(over: changed, $1) }
    }

    /// Next hops that came up since this was last called, and that `resolve` has said nothing about.
    package mutating func takeUnresolvedNextHops() -> [Address] {
        shared.attributes.hops.takeUnresolved()
    }
}

extension FamilyTable {
    fileprivate mutating func touchRoutes(
        over hops: Set<UInt32>,
        _ shared: borrowing SharedState
    ) {
        for index in heads.indices {
            var current = heads[index]
            while current != 0 {
                let route = routes[Int(current)]
                if route.accepted != 0,
                    hops.contains(shared.attributes.facts[Int(route.accepted)].hop)
                {
                    touchAnew(UInt32(index))
                }
                current = route.next
            }
        }
    }
}
