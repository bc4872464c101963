package import BGPMessage

/// The restarting speaker's wait before it chooses and announces routes (RFC 4724 §4.1).
///
/// A family waits for the End-of-RIBs of the peers whose session carries it. One that no session
/// carries waits for nobody, and so does one whose peers cannot do graceful restart or have just
/// restarted themselves. The whole is bounded by the Selection_Deferral_Timer, which is the
/// shell's.
package struct Deferral<Peer: Hashable & Sendable>: Sendable {
    /// Peers that have not come up yet.
    private var expected: Set<Peer>
    /// Peers that are up and have not sent their End-of-RIB.
    private var awaited: [AddressFamily: Set<Peer>] = [:]
    private var families: Set<AddressFamily>

    /// Nothing is deferred when no peer is expected.
    package init(expecting peers: Set<Peer>, families: Set<AddressFamily>) {
        expected = peers
        self.families = families
    }

    package var isOver: Bool { families.isEmpty }

    package func isDeferred(_ family: AddressFamily) -> Bool { families.contains(family) }

    /// Families that need not wait any longer.
    package mutating func up(_ peer: Peer, _ negotiated: Negotiated) -> [AddressFamily] {
        expected.remove(peer)
        for family in negotiated.families {
            if let restart = negotiated.peerRestart, !restart.isRestarting,
                restart.preservesForwarding[family] != nil
            {
                awaited[family, default: []].insert(peer)
            } else {
                awaited[family]?.remove(peer)
            }
        }
        return release()
    }

    package mutating func endOfRIB(_ peer: Peer, _ family: AddressFamily) -> [AddressFamily] {
        awaited[family]?.remove(peer)
        return release()
    }

    /// The peer is not there any more, or no longer configured.
    package mutating func gone(_ peer: Peer) -> [AddressFamily] {
        expected.remove(peer)
        for family in awaited.keys { awaited[family]?.remove(peer) }
        return release()
    }

    /// The Selection_Deferral_Timer fired.
    package mutating func expire() -> [AddressFamily] {
        defer { families = [] }
        return families.sorted()
    }

    private mutating func release() -> [AddressFamily] {
        guard expected.isEmpty else { return [] }
        let free = families.filter { awaited[$0]?.isEmpty ?? true }.sorted()
        families.subtract(free)
        return free
    }
}
