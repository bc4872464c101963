package import BGPMessage
package import BGPRIB
import BGPSession
package import Model

/// What is exchanged with a peer.
package struct PeerRoutes: Hashable, Sendable {
    /// RFC 4456 §6.
    package var isReflectorClient = false
    package var nextHopMode = NextHopMode.automatic
    /// `nil` for the connection's own address.
    package var ownNextHopV4: NextHop?
    package var ownNextHopV6: NextHop?
    /// The subnet that the peer and we are on.
    package var commonSubnet: Prefix?
    /// How often our AS may be in a path from the peer.
    package var allowedOwnAS = 0
    package var importPolicy: RoutePolicy?
    package var exportPolicy: RoutePolicy?

    package init() {}
}

extension PeerSettings {
    /// What the RIB is to know of the peer; `local` is our address on the connection.
    ///
    /// A node that drains sends its routes with the community of RFC 8326, and as the last resort
    /// within our AS.
    func ribConfiguration(_ local: Address?, isDraining: Bool = false) -> BGPRIB.PeerConfiguration {
        var result = BGPRIB.PeerConfiguration(
            address: address,
            remoteAS: session.peerAS,
            localAS: session.localAS
        )
        result.isReflectorClient = routes.isReflectorClient
        result.role = session.isInternal ? nil : session.role?.role
        result.nextHopMode = routes.nextHopMode
        let isV4 = local?.isV4 ?? false
        result.ownNextHopV4 = routes.ownNextHopV4 ?? (isV4 ? local.map { NextHop($0) } : nil)
        result.ownNextHopV6 = routes.ownNextHopV6 ?? (isV4 ? nil : local.map { NextHop($0) })
        result.commonSubnet = routes.commonSubnet
        result.allowedOwnAS = routes.allowedOwnAS
        result.importPolicy = routes.importPolicy
        result.exportPolicy =
            isDraining ? (routes.exportPolicy ?? .acceptAll).draining : routes.exportPolicy
        return result
    }
}

extension RoutePolicy {
    /// The same with what RFC 8326 §4 asks of a node that is about to go.
    fileprivate var draining: Self {
        let mark = Rule(
            operations: [.addCommunity(.standard(.gracefulShutdown)), .setLocalPreference(0)],
            action: nil
        )
        return Self([mark] + rules, otherwise: otherwise)
    }
}
