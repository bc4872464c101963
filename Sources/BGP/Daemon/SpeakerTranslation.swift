package import BGPConfiguration
internal import BGPMessage
internal import BGPRIB
internal import BGPSession
package import BGPSpeaker
internal import Model
internal import Resources

// What resources ask of a node, in the speaker's words.

extension SpeakerConfiguration {
    /// - Parameters:
    ///   - node: what the node is to do.
    ///   - isRestarting: an earlier speaker of this node left its routes in the kernel a moment ago.
    package init(_ node: NodeBGPConfiguration, isRestarting: Bool) {
        var rib = RIBConfiguration(identifier: node.routerID.v4 ?? 1)
        rib.clusterID = node.clusterID?.v4 ?? rib.identifier
        rib.maximumPaths = 16
        self.init(localAS: node.localAS, rib: rib)
        if isRestarting { deferralTime = 60 }
        for family in [node.ipv4, node.ipv6] {
            guard let address = family.address else { continue }
            let everywhere = family.family == .v4 ? Address(v4: 0) : Address(high: 0, low: 0)
            let own = family.bindsToAddress ? address : everywhere
            listeners.insert(Listener(own, port: node.listenPort ?? 179))
            for peer in family.sessions {
                // A session that must be signed waits for its password.
                if case .missing = peer.password { continue }
                peers[peer.name] = PeerSettings(peer, family, node, isRestarting: isRestarting)
            }
            let preference = LocalPreference.value(ofPriority: family.normalPriority)
            announcements += family.origins.map {
                LocalRoute($0, attributes: PathAttributes(localPreference: preference))
            }
        }
    }
}

extension BGPPeerConfiguration {
    /// The same for as long as the session leads to the same place.
    package var name: PeerName { PeerName(port.map { "\(address) port \($0)" } ?? "\(address)") }
}

extension PeerSettings {
    fileprivate init(
        _ peer: BGPPeerConfiguration,
        _ family: FamilyConfiguration,
        _ node: NodeBGPConfiguration,
        isRestarting: Bool
    ) {
        var session = SessionConfiguration(
            localAS: peer.localASNumber ?? node.localAS,
            localIdentifier: node.routerID.v4 ?? 1,
            peerAS: peer.asNumber,
            // Of one family only: a restart is not to wait for one that carries nothing.
            families: [SessionFamily(AddressFamily(family.family))]
        )
        session.isPassive = peer.isPassive
        session.keepaliveTime = peer.keepaliveTime.map { UInt16(clamping: $0.components.seconds) }
        var restart = GracefulRestartConfiguration()
        if let time = peer.restartTime {
            restart.restartTime = UInt16(clamping: min(Int64(time.seconds.rounded()), 4095))
        }
        restart.isRestarting = isRestarting
        session.gracefulRestart = restart
        self.init(peer.address, session: session, routes: PeerRoutes(peer, family))
        port = peer.port ?? 179
        sourceAddress = peer.sourceAddress
        distance = peer.ttlSecurity.map { .secured(hops: Int($0) > 0 ? $0 : 1) } ?? .multihop(255)
        if case .known(let password) = peer.password { self.password = password }
    }
}

extension PeerRoutes {
    fileprivate init(_ peer: BGPPeerConfiguration, _ family: FamilyConfiguration) {
        self.init()
        isReflectorClient = peer.reflectsAs != nil
        nextHopMode =
            switch peer.nextHop {
            case .auto: .automatic
            case .own: .own
            case .keep: .keep
            }
        commonSubnet = family.subnet.flatMap { $0.contains(peer.address) ? $0 : nil }
        allowedOwnAS = peer.allowedLocalAS
        importPolicy = RoutePolicy(importing: peer, family)
        exportPolicy = RoutePolicy(exporting: peer, family)
    }
}
