package import BGPMessage

/// What two OPENs agree on.
package struct Negotiated: Hashable, Sendable {
    package var peerAS: UInt32
    package var peerIdentifier: UInt32
    package var isInternal: Bool
    /// Seconds; 0 when neither hold nor keepalive timer runs (RFC 4271 §4.2).
    package var holdTime: UInt16
    /// Seconds between keepalives; 0 for none.
    package var keepaliveTime: UInt16
    /// Both ends carry it (RFC 4760 §8).
    package var families: [AddressFamily]
    package var hasFourOctetAS: Bool
    package var hasExtendedMessages: Bool
    package var hasRouteRefresh: Bool
    package var hasEnhancedRouteRefresh: Bool
    /// Families whose IPv4 routes may have IPv6 next hops (RFC 8950).
    package var extendedNextHop: [AddressFamily]
    /// Families in which we send path identifiers, and in which the peer does (RFC 7911 §4).
    package var sendsPathIdentifiers: [AddressFamily]
    package var receivesPathIdentifiers: [AddressFamily]
    package var peerRole: Role?
    /// What the peer says of its restarts; `nil` when it can do no graceful restart.
    package var peerRestart: PeerRestart?
}

/// The peer's side of graceful restart (RFC 4724 §3, RFC 8538 §2, RFC 9494 §4.2).
package struct PeerRestart: Hashable, Sendable {
    /// Seconds the peer asks us to wait for it.
    package var restartTime: UInt16
    /// It has just restarted.
    package var isRestarting: Bool
    /// Both ends keep routes over a NOTIFICATION.
    package var hasNotificationSupport: Bool
    /// Families it restarts in, and whether it kept forwarding in them.
    package var preservesForwarding: [AddressFamily: Bool]
    /// Seconds of long-lived stale routes by family.
    package var longLivedStaleTimes: [AddressFamily: UInt32]
}
