import BGPMessage
package import BGPRIB
import BGPSession
package import Model

/// Best routes that changed since they were last taken: by prefix, the last state only, so that a
/// slow taker costs no more than there are prefixes.
struct LearntChanges {
    var changes: [Prefix: BestChange] = [:]
    var waiting: CheckedContinuation<[BestChange], Never>?
}

extension Speaker {
    func take(_ changes: [BestChange]) {
        guard !changes.isEmpty else { return }
        for change in changes { learnt.changes[change.prefix] = change }
        guard let waiting = learnt.waiting else { return }
        learnt.waiting = nil
        waiting.resume(returning: takeLearnt())
    }

    private func takeLearnt() -> [BestChange] {
        defer { learnt.changes = [:] }
        return Array(learnt.changes.values)
    }

    /// The best routes that changed, as soon as there are any; empty when the speaker has stopped.
    ///
    /// For one taker. ``RIBConfiguration/reportsBestChanges`` must be set.
    package func nextLearnt() async -> [BestChange] {
        if !learnt.changes.isEmpty || isStopped { return takeLearnt() }
        return await withCheckedContinuation { continuation in
            learnt.waiting?.resume(returning: [])
            learnt.waiting = continuation
        }
    }

    func endLearnt() {
        learnt.waiting?.resume(returning: [])
        learnt.waiting = nil
    }

    /// Says how a next hop is reached.
    package func resolve(_ address: Address, _ resolution: NextHopResolution?) {
        rib.resolve(address, resolution)
        serveSoon()
    }

    /// Next hops that nothing has been said about yet.
    package func takeUnresolvedNextHops() -> [Address] { rib.takeUnresolvedNextHops() }

    // MARK: Looking

    /// The paths to a prefix, those in use first.
    package func routes(to prefix: Prefix) -> [RIBRoute] { rib.routes(to: prefix) }

    /// How all prefixes of a family are reached that can be.
    package func bestRoutes(of family: Family) -> [BestChange] { rib.bestRoutes(family) }

    /// Up to `limit` paths of a family.
    package func routes(of family: Family, limit: Int) -> [RIBRoute] {
        var list: [RIBRoute] = []
        rib.forEachRoute(family) { if list.count < limit { list.append($0) } }
        return list
    }

    /// Why a prefix's best path is the best.
    package func explain(_ prefix: Prefix) -> Explanation { rib.explain(prefix) }

    /// Whose the numbers in routes are.
    package func peerNames() -> [PeerID: PeerName] {
        Dictionary(peers.values.map { ($0.id, $0.name) }, uniquingKeysWith: { first, _ in first })
    }

    func routeCounts(_ name: PeerName) -> [AddressFamily: PeerCounters] {
        guard let peer = peers[name] else { return [:] }
        var counts: [AddressFamily: PeerCounters] = [:]
        for family in peer.configuration.session.families.map(\.family) {
            guard let unicast = family.unicast else { continue }
            counts[family] = rib.counters(peer.id, unicast)
        }
        return counts
    }
}
