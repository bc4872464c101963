/// What a speaker says in its OPEN that it can do (RFC 5492).
package enum Capability: Hashable, Sendable {
    /// RFC 4760 §8.
    case multiprotocol(AddressFamily)
    /// RFC 2918 §2.
    case routeRefresh
    /// RFC 8950 §4.
    case extendedNextHop([ExtendedNextHop])
    /// RFC 8654 §3.
    case extendedMessage
    /// RFC 9234 §4.1.
    case role(Role)
    /// RFC 4724 §3, RFC 8538 §2.
    case gracefulRestart(GracefulRestartCapability)
    /// The speaker's AS number (RFC 6793 §3).
    case fourOctetAS(UInt32)
    /// RFC 7911 §4.
    case addPath([AddPathFamily])
    /// RFC 7313 §3.1.
    case enhancedRouteRefresh
    /// RFC 9494 §3.1.
    case longLivedGracefulRestart([LongLivedFamily])
    /// One that we do not know, or whose value says something we do not know.
    case unknown(code: UInt8, value: [UInt8])
}

/// A family whose routes may have a next hop of another one.
package struct ExtendedNextHop: Hashable, Sendable {
    package var family: AddressFamily
    /// The AFI of the next hop: 2 for IPv6.
    package var nextHopAFI: UInt16

    package init(_ family: AddressFamily, nextHopAFI: UInt16 = 2) {
        self.family = family
        self.nextHopAFI = nextHopAFI
    }
}

/// What one end of a session is to the other (RFC 9234 §3.1).
package enum Role: UInt8, Hashable, Sendable, CaseIterable {
    case provider = 0
    case routeServer = 1
    case routeServerClient = 2
    case customer = 3
    case peer = 4

    /// What the other end must be (RFC 9234 §4.2).
    package var counterpart: Role {
        switch self {
        case .provider: .customer
        case .customer: .provider
        case .routeServer: .routeServerClient
        case .routeServerClient: .routeServer
        case .peer: .peer
        }
    }
}

/// That, and for how long, routes are to be kept when the speaker restarts.
///
///     | R N . . | restart time: 12 bits | (AFI | SAFI | F . . . . . . .) …
package struct GracefulRestartCapability: Hashable, Sendable {
    package struct Entry: Hashable, Sendable {
        package var family: AddressFamily
        /// F: forwarding went on during the restart.
        package var preservesForwarding: Bool

        package init(_ family: AddressFamily, preservesForwarding: Bool) {
            self.family = family
            self.preservesForwarding = preservesForwarding
        }
    }

    /// R: the speaker has just restarted, do not wait for its routes before sending yours.
    package var isRestarting: Bool
    /// N: NOTIFICATIONs end the session gracefully, too (RFC 8538 §2).
    package var hasNotificationSupport: Bool
    /// Seconds until the session is up again: 0–4095.
    package var restartTime: UInt16
    package var families: [Entry]

    package init(
        isRestarting: Bool,
        hasNotificationSupport: Bool,
        restartTime: UInt16,
        families: [Entry]
    ) {
        self.isRestarting = isRestarting
        self.hasNotificationSupport = hasNotificationSupport
        self.restartTime = min(restartTime, 4095)
        self.families = families
    }
}

/// For how long stale routes of a family are kept after the restart time.
package struct LongLivedFamily: Hashable, Sendable {
    package var family: AddressFamily
    package var preservesForwarding: Bool
    /// Seconds; the wire has 24 bits for it.
    package var staleTime: UInt32

    package init(_ family: AddressFamily, preservesForwarding: Bool, staleTime: UInt32) {
        self.family = family
        self.preservesForwarding = preservesForwarding
        self.staleTime = min(staleTime, 0xff_ffff)
    }
}

/// In which directions a family's prefixes may have several paths.
package struct AddPathFamily: Hashable, Sendable {
    package var family: AddressFamily
    package var receives: Bool
    package var sends: Bool

    package init(_ family: AddressFamily, receives: Bool, sends: Bool) {
        self.family = family
        self.receives = receives
        self.sends = sends
    }
}
