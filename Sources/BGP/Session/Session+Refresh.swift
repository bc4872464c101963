import BGPMessage

// Route refresh (RFC 2918) with markers (RFC 7313), both ways.

extension Session {
    /// Asks for the peer's routes again; nothing when the peer does not know how.
    mutating func requestRefresh(_ family: AddressFamily) -> [SessionAction] {
        guard let side = established, let negotiated, negotiated.hasRouteRefresh,
            negotiated.families.contains(family)
        else { return [] }
        return [.send(side, .routeRefresh(RouteRefreshMessage(family, .request)))]
    }

    mutating func received(_ refresh: RouteRefreshMessage) -> [SessionAction] {
        guard let negotiated, negotiated.families.contains(refresh.family) else { return [] }
        switch refresh.kind {
        case .request:
            return [.readvertise(refresh.family, marked: negotiated.hasEnhancedRouteRefresh)]
        case .begin: return negotiated.hasEnhancedRouteRefresh ? beginRefresh(refresh.family) : []
        case .end: return endRefresh(refresh.family)
        case .unknown: return []
        }
    }

    /// Until the end marker, what has not come again is stale (RFC 7313 §4).
    ///
    /// While the peer's End-of-RIB is awaited everything is stale already.
    private mutating func beginRefresh(_ family: AddressFamily) -> [SessionAction] {
        guard stale.longLivedTimes[family] == nil else { return [] }
        refreshing.insert(family)
        return [.markStale(family), .startTimer(.refresh(family), Self.refreshTime)]
    }

    mutating func endRefresh(_ family: AddressFamily) -> [SessionAction] {
        guard refreshing.remove(family) != nil else { return [] }
        return [.stopTimer(.refresh(family)), .dropStale(family)]
    }

    /// Milliseconds a peer may take to the end marker.
    private static let refreshTime: Int64 = 360_000
}
