package import BFD
package import BGPRIB
package import BGPSession
package import Model

/// All that a speaker is to do; replaced as a whole.
package struct SpeakerConfiguration: Hashable, Sendable {
    package var localAS: UInt32
    /// Our BGP Identifier and cluster id, and how decisions are made.
    package var rib: RIBConfiguration
    package var listeners: Set<Listener> = []
    package var peers: [PeerName: PeerSettings] = [:]
    /// Routes of our own.
    package var announcements: [LocalRoute] = []
    /// Seconds that a speaker which comes back waits at most for its peers' End-of-RIBs
    /// (RFC 4724 §4.1, Selection_Deferral_Timer); `nil` for one that starts afresh.
    package var deferralTime: UInt16?

    package init(localAS: UInt32, rib: RIBConfiguration) {
        self.localAS = localAS
        self.rib = rib
    }
}

/// Names a peer over changes of its configuration.
package struct PeerName: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible {
    package let rawValue: String

    package init(rawValue: String) {
        self.rawValue = rawValue
    }

    package init(_ rawValue: String) {
        self.rawValue = rawValue
    }

    package var description: String { rawValue }

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// Where connections are accepted.
package struct Listener: Hashable, Sendable {
    /// `::` and `0.0.0.0` stand for all addresses of the family.
    package var address: Address
    package var port: UInt16

    package init(_ address: Address, port: UInt16 = 179) {
        self.address = address
        self.port = port
    }
}

/// How far away a peer may be.
package enum PeerDistance: Hashable, Sendable {
    /// On a link of ours: packets leave with TTL 1.
    case direct
    /// Packets leave with this TTL.
    case multihop(UInt8)
    /// GTSM (RFC 5082): packets leave with TTL 255, and must not have come over more hops.
    case secured(hops: UInt8)
}

/// One peer: its session, how it is reached, and what is exchanged with it.
package struct PeerSettings: Hashable, Sendable {
    package var address: Address
    package var port: UInt16 = 179
    /// The link of a link-local address.
    package var interface: String?
    /// `nil` for the kernel's choice.
    package var sourceAddress: Address?
    package var distance = PeerDistance.direct
    /// RFC 2385.
    package var password: String?
    package var session: SessionConfiguration
    /// `nil` for none.
    package var bfd: BFDConfiguration?
    /// With a text: held down, and the peer told it (RFC 9003).
    package var shutdown: String?
    package var routes: PeerRoutes

    package init(
        _ address: Address,
        session: SessionConfiguration,
        routes: PeerRoutes = PeerRoutes()
    ) {
        self.address = address
        self.session = session
        self.routes = routes
    }
}
