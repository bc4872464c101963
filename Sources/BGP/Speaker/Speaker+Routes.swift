import BGPMessage
import BGPRIB
import BGPSession
import Logging
import Model
import NIOCore

// Between sessions and the RIB.

/// Tells our own routes apart.
struct AnnouncementKey: Hashable {
    let prefix: Prefix
    let id: UInt32
}

extension Speaker {
    func cameUp(_ name: PeerName, _ side: Side, _ negotiated: Negotiated) {
        guard let peer = peers[name], let id = peer.connections[side],
            let connection = connections[id]
        else { return }
        peers[name]?.establishedCount += 1
        let length =
            negotiated.hasExtendedMessages
            ? MessageHeader.extendedMaximum : MessageHeader.usualMaximum
        connection.reading = MessageContext(
            hasFourOctetAS: negotiated.hasFourOctetAS,
            addPath: FamilySet(negotiated.receivesPathIdentifiers),
            isExternal: !negotiated.isInternal,
            maximumLength: length
        )
        connection.writing = connection.reading
        connection.writing.addPath = FamilySet(negotiated.sendsPathIdentifiers)
        connection.framer.maximumLength = length
        var session = PeerSession(
            identifier: negotiated.peerIdentifier,
            families: FamilySet(negotiated.families),
            sending: connection.writing
        )
        session.hasExtendedNextHop = negotiated.extendedNextHop.contains(.ipv4Unicast)
        session.isLongLivedCapable = negotiated.peerRestart?.longLivedStaleTimes.isEmpty == false
        session.hasEnhancedRefresh = negotiated.hasEnhancedRouteRefresh
        updateRoutes(name)
        rib.open(peer.id, session)
        served.append(name)
        release(deferral?.up(name, negotiated) ?? [])
        serveSoon()
    }

    func wentDown(_ name: PeerName, _ end: SessionEnd, retained: [AddressFamily]) {
        guard let peer = peers[name] else { return }
        served.removeAll { $0 == name }
        rib.close(peer.id, retaining: FamilySet(retained))
        serveSoon()
    }

    /// Tells the RIB what has changed about a peer.
    func updateRoutes(_ name: PeerName) {
        guard let peer = peers[name] else { return }
        let channel = peer.session.established.flatMap { peer.connections[$0] }
            .flatMap { connections[$0]?.channel }
        let local = channel?.localAddress.flatMap(SocketAddressKey.init)?.address
        rib.update(peer.id, peer.configuration.ribConfiguration(local, isDraining: isDraining))
        serveSoon()
    }

    func received(_ update: UpdateMessage, _ name: PeerName) {
        peers[name]?.counters.updatesReceived += 1
        guard let id = peers[name]?.id, let hasLimits = peers[name]?.hasLimits else { return }
        if !update.faults.isEmpty { report(update.faults, name) }
        rib.receive(update, from: id)
        if hasLimits { checkLimits(name, id) }
    }

    /// Told the first time, then ever more rarely: what a peer sends must not fill the log.
    private func report(_ faults: [UpdateFault], _ name: PeerName) {
        peers[name]?.counters.faultyUpdates += 1
        let count = peers[name]?.counters.faultyUpdates ?? 0
        guard count & (count - 1) == 0 else { return }
        log.warning(
            "faulty UPDATE",
            metadata: [
                "peer": "\(name)", "faults": "\(faults.map(\.description))", "count": "\(count)",
            ]
        )
    }

    /// RFC 4271 §6.7: a peer that sends more prefixes than it may is cut off.
    private func checkLimits(_ name: PeerName, _ id: PeerID) {
        for family in configuration.peers[name]?.session.families ?? [] {
            guard let limit = family.maximumPrefixes, let unicast = family.family.unicast,
                rib.counters(id, unicast).received > limit
            else { continue }
            event(.maximumPrefixesReached(family.family, limit), name)
        }
    }

    func receivedEndOfRIB(_ family: AddressFamily, _ name: PeerName) {
        release(deferral?.endOfRIB(name, family) ?? [])
    }

    private func withTable(
        _ name: PeerName,
        _ family: AddressFamily,
        _ body: (inout RIB, PeerID, Family) -> Void
    ) {
        guard let id = peers[name]?.id, let family = family.unicast else { return }
        body(&rib, id, family)
        serveSoon()
    }

    func markStale(_ name: PeerName, _ family: AddressFamily) {
        withTable(name, family) { $0.beginRefresh($1, $2) }
    }

    func dropStale(_ name: PeerName, _ family: AddressFamily) {
        withTable(name, family) { rib, id, family in
            rib.sweepStale(id, family)
            rib.endRefresh(id, family)
        }
    }

    func keepLongLived(_ name: PeerName, _ family: AddressFamily) {
        withTable(name, family) { $0.beginLongLived($1, $2) }
    }

    func readvertise(_ name: PeerName, _ family: AddressFamily) {
        withTable(name, family) { $0.repeatRoutes($1, $2) }
    }

    /// Brings our own routes in the RIB to what is configured.
    func announce() {
        var wanted: [AnnouncementKey: LocalRoute] = [:]
        for route in configuration.announcements {
            wanted[AnnouncementKey(prefix: route.prefix, id: route.id)] = route
        }
        for key in announced.keys where wanted[key] == nil { rib.withdraw(key.prefix, id: key.id) }
        for (key, route) in wanted where announced[key] != route { rib.announce(route) }
        announced = wanted
    }

    // MARK: After a restart

    /// Chooses and tells nothing until the peers have sent what they have (RFC 4724 §4.1).
    func beginDeferral() {
        let names = Set(configuration.peers.filter { $0.value.shutdown == nil }.keys)
        let families = Set(
            configuration.peers.values.flatMap { $0.session.families.map(\.family) }
        )
        guard !names.isEmpty else { return }
        deferral = Deferral(expecting: names, families: families)
        for family in families.compactMap(\.unicast) { rib.setDeferred(family, true) }
        loop.scheduleTask(in: .seconds(Int64(configuration.deferralTime ?? 0))) {
            self.assumeIsolated { $0.release($0.deferral?.expire() ?? []) }
        }
    }

    func release(_ families: [AddressFamily]) {
        for family in families.compactMap(\.unicast) { rib.setDeferred(family, false) }
        if deferral?.isOver == true { deferral = nil }
        if !families.isEmpty {
            log.info("routes released", metadata: ["families": "\(families)"])
            serveSoon()
        }
    }
}
