package import BGPMessage
package import BGPRIB
package import BGPSession
import NIOCore

/// A peer as people and metrics want to see it.
package struct PeerStatus: Hashable, Sendable {
    package var name: PeerName
    package var configuration: PeerSettings
    package var state: FSMState
    /// How long it has been in that state.
    package var inState: Duration
    /// Why the state before was left.
    package var lastReason: String
    /// The last connection that got as far as an OPEN, and how it ended.
    package var lastEnd: SessionEnd?
    package var negotiated: Negotiated?
    /// How often the session came up.
    package var establishedCount: Int
    package var counters: MessageCounters
    package var routes: [AddressFamily: PeerCounters]
}

extension Speaker {
    /// All peers, by name.
    package func status() -> [PeerStatus] {
        peers.keys.sorted().compactMap { status(of: $0) }
    }

    package func status(of name: PeerName) -> PeerStatus? {
        guard let peer = peers[name] else { return nil }
        let passed = NIODeadline.now() - peer.since
        return PeerStatus(
            name: name,
            configuration: peer.configuration,
            state: peer.session.state,
            inState: .nanoseconds(passed.nanoseconds),
            lastReason: peer.lastReason,
            lastEnd: peer.session.lastEnd,
            negotiated: peer.session.negotiated,
            establishedCount: peer.establishedCount,
            counters: peer.counters,
            routes: routeCounts(name)
        )
    }
}
