package import BGPMessage

/// What is set for one session; durations are seconds.
package struct SessionConfiguration: Hashable, Sendable {
    package var localAS: UInt32
    /// Our BGP Identifier (RFC 6286): not 0.
    package var localIdentifier: UInt32
    package var peerAS: UInt32
    /// Never connects, only waits to be connected to (RFC 4271 §8.1.1, PassiveTcpEstablishment).
    package var isPassive = false
    /// What to offer; 0 for none, else at least 3 (RFC 4271 §4.2).
    package var holdTime: UInt16 = 90
    /// `nil` for a third of the hold time agreed on (RFC 4271 §10).
    package var keepaliveTime: UInt16?
    package var connectRetryTime: UInt16 = 5
    /// The first wait after a failure, and the longest: it doubles from one failure to the next.
    package var idleHoldTime: ClosedRange<UInt16> = 1...60
    /// `nil` for what RFC 9687 §3 recommends: the greater of eight minutes and two hold times.
    package var sendHoldTime: UInt16?
    package var families: [SessionFamily]
    /// Our role toward the peer (RFC 9234); eBGP only.
    package var role: RoleConfiguration?
    package var gracefulRestart: GracefulRestartConfiguration? = GracefulRestartConfiguration()
    /// Offers messages of up to 65,535 bytes (RFC 8654).
    package var hasExtendedMessages = true

    package init(
        localAS: UInt32,
        localIdentifier: UInt32,
        peerAS: UInt32,
        families: [SessionFamily]
    ) {
        self.localAS = localAS
        self.localIdentifier = localIdentifier
        self.peerAS = peerAS
        self.families = families
    }

    package var isInternal: Bool { localAS == peerAS }
}

/// One address family of a session.
package struct SessionFamily: Hashable, Sendable {
    package var family: AddressFamily
    /// More than one path for a prefix (RFC 7911).
    package var sendsAdditionalPaths = false
    package var receivesAdditionalPaths = false
    /// IPv4 routes may have IPv6 next hops (RFC 8950).
    package var hasExtendedNextHop = false
    /// Our forwarding state of this family outlives the speaker (RFC 4724 §3, F bit).
    package var preservesForwarding = true
    /// Seconds the peer may keep our routes beyond the restart time (RFC 9494); 0 for not at all.
    package var longLivedStaleTime: UInt32 = 0
    /// A Cease when the peer sends more; `nil` for no limit (RFC 4271 §6.7).
    package var maximumPrefixes: Int?

    package init(_ family: AddressFamily) {
        self.family = family
    }
}

/// Graceful restart (RFC 4724, 8538, 9494).
package struct GracefulRestartConfiguration: Hashable, Sendable {
    /// What we ask the peer to wait for us, up to 4095 seconds.
    package var restartTime: UInt16 = 120
    /// The longest we wait for the peer, whatever it asks for.
    package var maximumPeerRestartTime: UInt16 = 3600
    /// How long a peer that is back may take to its End-of-RIB before what is stale goes.
    package var staleRoutesTime: UInt16 = 360
    /// The longest we keep the peer's routes as long-lived stale ones; 0 for not at all.
    package var maximumLongLivedStaleTime: UInt32 = 0
    /// Set while this speaker comes back from a restart (RFC 4724 §3, R bit).
    package var isRestarting = false
    /// NOTIFICATIONs, too, leave routes in place (RFC 8538, N bit).
    package var hasNotificationSupport = true

    package init() {}
}

/// RFC 9234.
package struct RoleConfiguration: Hashable, Sendable {
    package var role: Role
    /// Refuses a peer that names no role.
    package var isStrict = false

    package init(_ role: Role) {
        self.role = role
    }
}
