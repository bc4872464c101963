import BGPMessage

extension Negotiated {
    /// Checks a peer's OPEN and works out what both ends can do.
    init(_ configuration: SessionConfiguration, _ open: OpenMessage) throws(OpenRefusal) {
        let offers = Offers(open.capabilities)
        let peerAS = open.fullAutonomousSystem
        try Self.check(configuration, open, peerAS: peerAS)

        // RFC 4760 §8: a peer that names no family speaks IPv4 unicast.
        let theirs = offers.families.isEmpty ? [AddressFamily.ipv4Unicast] : offers.families
        let common = configuration.families.filter { theirs.contains($0.family) }
        guard !common.isEmpty else {
            throw .noCommonFamily(configuration.families.map(\.family))
        }
        let holdTime = min(configuration.holdTime, open.holdTime)
        let third = holdTime / 3
        self.init(
            peerAS: peerAS,
            peerIdentifier: open.identifier,
            isInternal: configuration.isInternal,
            holdTime: holdTime,
            keepaliveTime: holdTime == 0 ? 0 : min(configuration.keepaliveTime ?? third, third),
            families: common.map(\.family),
            hasFourOctetAS: offers.fourOctetAS != nil,
            hasExtendedMessages: configuration.hasExtendedMessages && offers.hasExtendedMessages,
            hasRouteRefresh: offers.hasRouteRefresh,
            hasEnhancedRouteRefresh: offers.hasRouteRefresh && offers.hasEnhancedRouteRefresh,
            extendedNextHop: common.filter {
                $0.hasExtendedNextHop && offers.extendedNextHop.contains($0.family)
            }.map(\.family),
            // RFC 7911 §4: one end sends what the other receives.
            sendsPathIdentifiers: common.filter {
                $0.sendsAdditionalPaths && offers.receivesPaths.contains($0.family)
            }.map(\.family),
            receivesPathIdentifiers: common.filter {
                $0.receivesAdditionalPaths && offers.sendsPaths.contains($0.family)
            }.map(\.family),
            peerRole: offers.roles.first,
            peerRestart: configuration.gracefulRestart.flatMap { offers.restart($0) }
        )
        try Self.checkRole(configuration, offers.roles)
    }

    /// RFC 4271 §6.2.
    private static func check(
        _ configuration: SessionConfiguration,
        _ open: OpenMessage,
        peerAS: UInt32
    ) throws(OpenRefusal) {
        guard peerAS == configuration.peerAS, peerAS != 0 else { throw .badPeerAS(peerAS) }
        // RFC 6286 §2.2.
        guard open.identifier != 0,
            !configuration.isInternal || open.identifier != configuration.localIdentifier
        else { throw .badIdentifier(open.identifier) }
        guard open.holdTime == 0 || open.holdTime >= 3 else {
            throw .unacceptableHoldTime(open.holdTime)
        }
    }

    /// RFC 9234 §4.2.
    private static func checkRole(
        _ configuration: SessionConfiguration,
        _ theirs: [Role]
    ) throws(OpenRefusal) {
        guard let ours = configuration.role, !configuration.isInternal else { return }
        guard Set(theirs).count <= 1 else { throw .roleMismatch }
        guard let theirs = theirs.first else {
            if ours.isStrict { throw .roleMismatch }
            return
        }
        guard theirs == ours.role.counterpart else { throw .roleMismatch }
    }
}
