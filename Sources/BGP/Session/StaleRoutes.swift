import BGPMessage

/// The helper's side of graceful restart: whose routes are kept while the peer is away, and until
/// when (RFC 4724 §4.2, RFC 8538 §4, RFC 9494 §4.3).
struct StaleRoutes: Hashable, Sendable {
    /// Families with routes from before the peer was lost, and for how many seconds they may stay
    /// as long-lived ones.
    var longLivedTimes: [AddressFamily: UInt32] = [:]
    /// Families whose routes are long-lived stale already.
    var longLived: Set<AddressFamily> = []
    /// The bound on a returned peer's End-of-RIB runs.
    var isTimed = false

    var families: [AddressFamily] { longLivedTimes.keys.sorted() }
}

extension Session {
    /// Families whose routes outlive this end of the session.
    func retainedFamilies(_ end: SessionEnd, _ negotiated: Negotiated) -> [AddressFamily] {
        guard isEnabled, configuration.gracefulRestart != nil,
            let peer = negotiated.peerRestart, end.isGraceful(peer)
        else { return [] }
        return negotiated.families.filter {
            peer.preservesForwarding[$0] != nil
                && (peer.restartTime > 0 || longLivedTime($0, peer) > 0)
        }
    }

    private func longLivedTime(_ family: AddressFamily, _ peer: PeerRestart) -> UInt32 {
        let most = configuration.gracefulRestart?.maximumLongLivedStaleTime ?? 0
        return min(peer.longLivedStaleTimes[family] ?? 0, most)
    }

    /// After an established session is lost.
    ///
    /// RFC 4724 §4.2 deletes what a restart before this one left stale. That loses traffic when a
    /// peer restarts twice in a row, so it stays, but no longer than the bound that began when
    /// the peer first came back: the timer of stale routes runs on.
    mutating func staleRoutesAfterLoss(
        _ retained: [AddressFamily],
        _ negotiated: Negotiated?
    ) -> [SessionAction] {
        var actions: [SessionAction] = []
        for family in stale.families where !retained.contains(family) {
            actions += forget(family)
        }
        guard let peer = negotiated?.peerRestart, !retained.isEmpty else {
            return actions + stopIfNoneIsStale()
        }
        for family in retained { stale.longLivedTimes[family] = longLivedTime(family, peer) }
        let most = configuration.gracefulRestart?.maximumPeerRestartTime ?? 0
        let wait = min(peer.restartTime, most)
        guard wait > 0 else { return actions + restartTimerExpired() }
        return actions + [.startTimer(.restart, Int64(wait) * 1000)]
    }

    /// The peer is back: what it did not keep forwarding for is gone (RFC 4724 §4.2, RFC 9494
    /// §4.3), the rest waits for End-of-RIB.
    mutating func staleRoutesAfterReturn(_ negotiated: Negotiated) -> [SessionAction] {
        guard !stale.longLivedTimes.isEmpty else { return [] }
        var actions: [SessionAction] = [.stopTimer(.restart)]
        for family in stale.families
        where negotiated.peerRestart?.preservesForwarding[family] != true
            || !negotiated.families.contains(family)
        {
            actions += drop(family)
        }
        if !stale.longLivedTimes.isEmpty, !stale.isTimed {
            stale.isTimed = true
            let most = configuration.gracefulRestart?.staleRoutesTime ?? 0
            actions.append(.startTimer(.staleRoutes, Int64(most) * 1000))
        }
        return actions + stopIfNoneIsStale()
    }

    mutating func staleRoutesAfterEndOfRIB(_ family: AddressFamily) -> [SessionAction] {
        guard stale.longLivedTimes[family] != nil else { return [] }
        return drop(family) + stopIfNoneIsStale()
    }

    /// The peer did not come back in time: its routes go, or become long-lived stale.
    mutating func restartTimerExpired() -> [SessionAction] {
        var actions: [SessionAction] = []
        for family in stale.families where !stale.longLived.contains(family) {
            let time = stale.longLivedTimes[family] ?? 0
            if time > 0 {
                stale.longLived.insert(family)
                actions += [
                    .keepLongLived(family), .startTimer(.longLived(family), Int64(time) * 1000),
                ]
            } else {
                actions += drop(family)
            }
        }
        return actions + stopIfNoneIsStale()
    }

    mutating func staleRoutesTimerExpired() -> [SessionAction] {
        stale.isTimed = false
        return stale.families.reduce(into: []) { $0 += drop($1) }
            + [.stopTimer(.restart)]
    }

    mutating func longLivedTimerExpired(_ family: AddressFamily) -> [SessionAction] {
        drop(family) + stopIfNoneIsStale()
    }

    /// The session is ended on purpose: nothing of the peer stays.
    mutating func abandonStale() -> [SessionAction] {
        guard !stale.longLivedTimes.isEmpty else { return [] }
        let dropped = stale.families.reduce(into: []) { $0 += drop($1) }
        return dropped + [.stopTimer(.restart)] + stopIfNoneIsStale()
    }

    private mutating func drop(_ family: AddressFamily) -> [SessionAction] {
        [.dropStale(family)] + forget(family)
    }

    private mutating func forget(_ family: AddressFamily) -> [SessionAction] {
        stale.longLivedTimes[family] = nil
        return stale.longLived.remove(family) == nil ? [] : [.stopTimer(.longLived(family))]
    }

    private mutating func stopIfNoneIsStale() -> [SessionAction] {
        guard stale.longLivedTimes.isEmpty, stale.isTimed else { return [] }
        stale.isTimed = false
        return [.stopTimer(.staleRoutes)]
    }
}

extension SessionEnd {
    /// Whether a peer that can do graceful restart is to be waited for.
    func isGraceful(_ peer: PeerRestart) -> Bool {
        switch reason {
        case .connectionFailed: true
        // RFC 8538 §4: with N bits exchanged these, too.
        case .holdTimerExpired, .sendHoldTimerExpired: peer.hasNotificationSupport
        case .protocolError, .notified:
            peer.hasNotificationSupport && !isHardReset
        case .stopped, .collision, .unexpected: false
        }
    }

    private var isHardReset: Bool {
        switch reason {
        case .notified(let message), .protocolError(let message): message.isHardReset
        default: false
        }
    }

    /// Counts for the back-off: not what was wanted, and not a connection that never was.
    var isFailure: Bool {
        guard left >= .openSent else { return false }
        switch reason {
        case .stopped, .collision: return false
        case .notified(let message): return message.error != .cease(.connectionCollisionResolution)
        default: return true
        }
    }
}
