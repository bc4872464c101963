package import BGPMessage
package import Model

/// A route of this node's own.
package struct LocalRoute: Hashable, Sendable {
    package var prefix: Prefix
    /// Tells several of one prefix apart.
    package var id: UInt32
    /// Without a next hop, our own address towards each peer is told.
    package var attributes: PathAttributes
    /// The interface it leaves by, for policies.
    package var interface: String?
    /// How it compares with others before any attribute; those of peers have 100.
    package var preference: UInt8

    package init(
        _ prefix: Prefix,
        id: UInt32 = 0,
        attributes: PathAttributes = PathAttributes(),
        interface: String? = nil,
        preference: UInt8 = 200
    ) {
        self.prefix = prefix
        self.id = id
        self.attributes = attributes
        self.interface = interface
        self.preference = preference
    }
}

/// How a prefix is reached now.
package struct BestRoute: Hashable, Sendable {
    /// Who the best path is from.
    package var source: PeerID
    /// `nil` for one of our own without.
    package var nextHop: NextHop?
    /// Those of equally good paths.
    package var furtherNextHops: [NextHop]
    /// As the best path has it after policy, if it has one.
    package var localPreference: UInt32?
}

extension BestRoute {
    /// The route's metric as Calico counts it.
    package var priority: UInt32? { localPreference.map { PathAttributes.priority(of: $0) } }
}

/// A prefix whose best route changed; `best` is `nil` when there is none left.
package struct BestChange: Hashable, Sendable {
    package var prefix: Prefix
    package var best: BestRoute?
}

/// How a next hop is reached.
package enum NextHopResolution: Hashable, Sendable {
    /// IGP cost and, where known, the interface.
    case reachable(cost: UInt32, interface: String?)
    case unreachable
}

/// How many prefixes of one family a peer and we gave each other.
package struct PeerCounters: Hashable, Sendable {
    package var received = 0
    package var accepted = 0
    package var advertised = 0
    package var stale = 0

    package init() {}
}
