import BGPMessage
import Model

/// A peer as the tables see it.
struct Peer {
    var configuration: PeerConfiguration
    var session: PeerSession?
    /// Identifier of the last session: routes outlive it.
    var identifier: UInt32 = 0
    /// The peers that it gets its routes with; `nil` while the session is down.
    var group: Int?
    /// Its number is taken.
    var isPresent = true
    /// What decisions ask, by itself: cheap to copy.
    var facts = Facts()

    struct Facts {
        var identifier: UInt32 = 0
        var address = Address(high: 0, low: 0)
        var isExternal = true
        /// What it sends passes as it is.
        var isTransparent = true
    }

    init(_ configuration: PeerConfiguration, identifier: UInt32 = 0) {
        self.configuration = configuration
        self.identifier = identifier
    }

    mutating func refreshFacts(_ shared: RIBConfiguration) {
        facts = Facts(
            identifier: identifier,
            address: configuration.address,
            isExternal: configuration.isExternal,
            isTransparent: configuration.importPolicy?.isTransparent
                ?? !denies(nil, shared)
        )
    }

    /// 8212: nothing passes for want of a policy.
    func denies(_ policy: RoutePolicy?, _ configuration: RIBConfiguration) -> Bool {
        configuration.requiresExternalPolicy && self.configuration.isExternal && policy == nil
    }
}

/// A peer of another AS that is on a subnet of ours: what goes on to others there it can send there
/// itself (RFC 4271 §5.1.3, "third party" NEXT_HOP).
struct Neighbour: Hashable {
    let address: Address
    let subnet: Prefix

    init?(_ peer: PeerConfiguration) {
        guard peer.isExternal, let subnet = peer.commonSubnet, subnet.contains(peer.address)
        else { return nil }
        (address, self.subnet) = (peer.address, subnet)
    }

    /// Whether it reaches a next hop without us; it is never told itself (§5.1.3).
    func reaches(_ nextHop: NextHop) -> Bool {
        subnet.contains(nextHop.address) && nextHop.address != address
    }
}

/// What makes what a peer is told: peers with the same are told the same.
struct ExportProfile: Hashable {
    var isExternal: Bool
    var localAS: UInt32
    var isClient: Bool
    var role: Role?
    var nextHopMode: NextHopMode
    var ownNextHopV4: NextHop?
    var ownNextHopV6: NextHop?
    /// Of a peer of another AS on a subnet of ours.
    var neighbour: Neighbour?
    var policy: RoutePolicy
    var sending: MessageContext
    var hasExtendedNextHop: Bool
    var isLongLivedCapable: Bool
    var families: FamilySet

    init(_ peer: PeerConfiguration, _ session: PeerSession, deniesAll: Bool) {
        isExternal = peer.isExternal
        localAS = peer.localAS
        isClient = peer.isReflectorClient
        role = peer.role
        nextHopMode = peer.nextHopMode
        ownNextHopV4 = peer.ownNextHopV4
        ownNextHopV6 = peer.ownNextHopV6
        neighbour = Neighbour(peer)
        policy = deniesAll ? .rejectAll : peer.exportPolicy ?? .acceptAll
        sending = session.sending
        hasExtendedNextHop = session.hasExtendedNextHop
        isLongLivedCapable = session.isLongLivedCapable
        families = session.families
    }
}

/// The peers that are told the same.
struct Group {
    var profile: ExportProfile
    var members: [PeerID] = []
    /// Its policy lets all pass as it is.
    let isTransparent: Bool
    let isExternal: Bool

    init(_ profile: ExportProfile) {
        self.profile = profile
        isTransparent = profile.policy.isTransparent
        isExternal = profile.isExternal
    }
}

/// What the tables of both families share.
struct SharedState {
    var configuration: RIBConfiguration
    var attributes: AttributeTable
    /// By number; the first is this node.
    var peers: [Peer]
    /// Groups without members are free for another profile.
    var groups: [Group] = []

    init(_ configuration: RIBConfiguration) {
        self.configuration = configuration
        attributes = AttributeTable(configuration)
        let local = PeerConfiguration(
            address: Address(high: 0, low: 0),
            remoteAS: 0,
            localAS: 0
        )
        peers = [Peer(local, identifier: configuration.identifier)]
        // Of no AS: as good as what comes from others (RFC 4271 §9.1.2.2 (d)).
        peers[0].facts = Peer.Facts(
            identifier: configuration.identifier,
            address: local.address
        )
    }

    func candidate(_ index: UInt32, _ route: Route) -> Candidate? {
        guard route.accepted != 0, let cost = attributes.cost(route.accepted) else { return nil }
        let facts = attributes.facts[Int(route.accepted)]
        let peer = peers[route.peer.index].facts
        let isStale = route.flags.contains(.longLived) || facts.marks.contains(.longLivedStale)
        let identifier = facts.marks.contains(.originator) ? facts.originator : peer.identifier
        return Candidate(
            route: index,
            degree: (isStale ? 1 << 40 : 0) | UInt64(255 - route.preference) << 32
                | UInt64(~facts.localPreference),
            path: UInt32(facts.pathLength) << 8 | UInt32(facts.origin),
            neighbour: configuration.comparesAllMEDs ? 0 : facts.neighbour,
            multiExitDiscriminator: facts.multiExitDiscriminator,
            distance: (peer.isExternal ? 0 : 1 << 32) | UInt64(cost),
            identity: UInt64(identifier) << 16 | UInt64(facts.clusterLength),
            address: peer.address,
            pathID: route.pathID
        )
    }
}
