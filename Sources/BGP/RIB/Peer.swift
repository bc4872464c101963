package import BGPMessage
package import Model

/// A peer's number in one RIB, or `local`; free numbers are given again.
package struct PeerID: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
    package let rawValue: UInt16

    package init(rawValue: UInt16) {
        self.rawValue = rawValue
    }

    /// This node: the source of the routes that it announces itself.
    package static let local = PeerID(rawValue: 0)

    var index: Int { Int(rawValue) }

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    package var description: String { self == .local ? "local" : "peer \(rawValue)" }
}

/// Which next hop a peer is told.
package enum NextHopMode: Hashable, Sendable {
    /// The route's own to the own AS, ours to others unless the other AS reaches the route's own as
    /// well as we do (RFC 4271 §5.1.3).
    case automatic
    /// Always ours.
    case own
    /// Always the route's own, where it has one.
    case keep
}

/// What of a peer's configuration concerns its routes; it may change while the session is up.
package struct PeerConfiguration: Hashable, Sendable {
    package var address: Address
    package var remoteAS: UInt32
    /// Ours towards this peer.
    package var localAS: UInt32
    /// We reflect routes to and from it (RFC 4456 §6).
    package var isReflectorClient = false
    /// What we are to the peer (RFC 9234 §3).
    package var role: Role?
    package var nextHopMode = NextHopMode.automatic
    /// Our address where the peer sends packets, by family; IPv4 routes may go to an IPv6 one.
    package var ownNextHopV4: NextHop?
    package var ownNextHopV6: NextHop?
    /// The subnet that it and we are on, if there is one: next hops inside it are near to it, too.
    package var commonSubnet: Prefix?
    /// How often our AS may be in a path from it.
    package var allowedOwnAS = 0
    /// `nil` where none is configured: everything passes, or nothing with RFC 8212.
    package var importPolicy: RoutePolicy?
    package var exportPolicy: RoutePolicy?

    package init(address: Address, remoteAS: UInt32, localAS: UInt32) {
        self.address = address
        self.remoteAS = remoteAS
        self.localAS = localAS
    }

    package var isExternal: Bool { remoteAS != localAS }
}

/// What the two ends of an established session agreed on that concerns routes.
package struct PeerSession: Hashable, Sendable {
    /// The peer's BGP Identifier.
    package var identifier: UInt32
    package var families: FamilySet
    /// How we write to it; `addPath` holds the families of which it takes several paths.
    package var sending: MessageContext
    /// It takes IPv4 routes with IPv6 next hops (RFC 8950).
    package var hasExtendedNextHop = false
    /// It knows long-lived stale routes (RFC 9494).
    package var isLongLivedCapable = false
    /// It wants markers around a repetition (RFC 7313).
    package var hasEnhancedRefresh = false

    package init(identifier: UInt32, families: FamilySet, sending: MessageContext = .init()) {
        self.identifier = identifier
        self.families = families
        self.sending = sending
    }
}

/// What is the same for all peers.
package struct RIBConfiguration: Hashable, Sendable {
    package var identifier: UInt32
    /// With it, we are a route reflector (RFC 4456 §7); our identifier by default.
    package var clusterID: UInt32
    /// LOCAL_PREF of routes that come without.
    package var defaultLocalPreference: UInt32 = 100
    /// How many equally good paths are used at once.
    package var maximumPaths = 1
    /// MEDs are compared between all ASes, not only paths of the same one.
    package var comparesAllMEDs = false
    /// eBGP without a policy neither takes nor gives routes (RFC 8212).
    package var requiresExternalPolicy = false
    /// A next hop that `resolve` has said nothing about counts as reachable.
    package var assumesReachable = true
    /// LOCAL_PREF 0 for what an external peer says will be gone soon (RFC 8326 §4).
    package var honoursGracefulShutdown = true
    /// Changes of best routes are collected, for whoever installs them.
    package var reportsBestChanges = true

    package init(identifier: UInt32) {
        self.identifier = identifier
        self.clusterID = identifier
    }
}
