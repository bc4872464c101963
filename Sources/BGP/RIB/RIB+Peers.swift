package import BGPMessage
package import Model

extension RIB {
    /// Takes up a peer, without a session.
    package mutating func add(_ configuration: PeerConfiguration) -> PeerID {
        var peer = Peer(configuration)
        peer.refreshFacts(shared.configuration)
        if let index = shared.peers.firstIndex(where: { !$0.isPresent }) {
            shared.peers[index] = peer
            return PeerID(rawValue: UInt16(index))
        }
        precondition(shared.peers.count < Int(UInt16.max), "more than 65,534 peers")
        shared.peers.append(peer)
        forEach([.v4, .v6]) { table, _ in table.outlets.append(Outlet()) }
        return PeerID(rawValue: UInt16(shared.peers.count - 1))
    }

    /// Drops a peer with all its routes.
    package mutating func remove(_ peer: PeerID) {
        close(peer)
        shared.peers[peer.index].isPresent = false
    }

    package func configuration(of peer: PeerID) -> PeerConfiguration {
        shared.peers[peer.index].configuration
    }

    /// Changes a peer's configuration; what it sent is judged again, and it is told what differs.
    package mutating func update(_ peer: PeerID, _ configuration: PeerConfiguration) {
        let old = shared.peers[peer.index].configuration
        guard configuration != old else { return }
        shared.peers[peer.index].configuration = configuration
        shared.peers[peer.index].refreshFacts(shared.configuration)
        let isOtherKind =
            old.isExternal != configuration.isExternal
            || old.isReflectorClient != configuration.isReflectorClient
            || old.address != configuration.address
        forEach([.v4, .v6]) { table, shared in
            table.exporter.forget()
            table.judgeAgain(peer, &shared)
            if isOtherKind { table.touchAllAnew(peer) }
        }
        guard let session = shared.peers[peer.index].session else { return }
        let profile = self.profile(peer, session)
        guard let group = shared.peers[peer.index].group,
            shared.groups[group].profile != profile
        else { return }
        let next = join(peer, profile)
        forEach(session.families) { $0.move(peer, from: group, to: next, &$1) }
        leave(peer, group)
    }

    private func profile(_ peer: PeerID, _ session: PeerSession) -> ExportProfile {
        let entry = shared.peers[peer.index]
        return ExportProfile(
            entry.configuration,
            session,
            deniesAll: entry.denies(entry.configuration.exportPolicy, shared.configuration)
        )
    }

    // MARK: Sessions

    /// A session is up: the peer will be told all there is for it.
    ///
    /// Routes that were kept from its last session stay until they are swept.
    package mutating func open(_ peer: PeerID, _ session: PeerSession) {
        if shared.peers[peer.index].session != nil { closeOutlets(peer) }
        shared.peers[peer.index].session = session
        if shared.peers[peer.index].identifier != session.identifier {
            shared.peers[peer.index].identifier = session.identifier
            shared.peers[peer.index].refreshFacts(shared.configuration)
            forEach([.v4, .v6]) { table, _ in
                table.exporter.forget()
                table.touchAllAnew(peer)
            }
        }
        let group = join(peer, profile(peer, session))
        forEach(session.families) { $0.open(peer, group, &$1) }
    }

    /// The session is down.
    ///
    /// Routes of the families in `retaining` are kept as stale (RFC 4724 §4.2), all others go.
    package mutating func close(_ peer: PeerID, retaining: FamilySet = []) {
        closeOutlets(peer)
        forEach(retaining) { table, _ in table.setFlag(.stale, peer) }
        forEach(FamilySet([.v4, .v6]).subtracting(retaining)) { $0.removeRoutes(from: peer, &$1) }
    }

    private mutating func closeOutlets(_ peer: PeerID) {
        guard let group = shared.peers[peer.index].group else { return }
        forEach([.v4, .v6]) { $0.close(peer, &$1) }
        leave(peer, group)
        shared.peers[peer.index].group = nil
        shared.peers[peer.index].session = nil
    }

    private mutating func join(_ peer: PeerID, _ profile: ExportProfile) -> Int {
        let group: Int
        if let known = shared.groups.firstIndex(where: {
            !$0.members.isEmpty && $0.profile == profile
        }) {
            group = known
        } else if let free = shared.groups.firstIndex(where: { $0.members.isEmpty }) {
            group = free
            shared.groups[free] = Group(profile)
        } else {
            group = shared.groups.count
            shared.groups.append(Group(profile))
        }
        forEach([.v4, .v6]) { table, _ in
            let hasPaths = profile.sending.addPath.contains(table.family)
            let fresh = GroupTable(hasPaths: hasPaths)
            if group == table.groups.count {
                table.groups.append(fresh)
            } else if table.groups[group].members.isEmpty {
                table.groups[group] = fresh
            }
            table.exporter.forgetAll()
        }
        shared.groups[group].members.append(peer)
        shared.peers[peer.index].group = group
        return group
    }

    private mutating func leave(_ peer: PeerID, _ group: Int) {
        shared.groups[group].members.removeAll { $0 == peer }
    }

    // MARK: Repetitions and stale routes

    /// The peer asked for all routes of a family again (RFC 2918 §4).
    package mutating func repeatRoutes(_ peer: PeerID, _ family: Family) {
        forEach(FamilySet(family)) { table, _ in
            guard table.outlets[peer.index].group != nil else { return }
            table.outlets[peer.index].walk = .range(next: 0)
            table.outlets[peer.index].isRefresh = true
            table.outlets[peer.index].isBegun = false
        }
    }

    /// The peer begins to send all its routes again (RFC 7313 §4): those that do not come are gone at
    /// the end.
    package mutating func beginRefresh(_ peer: PeerID, _ family: Family) {
        forEach(FamilySet(family)) { table, _ in table.setFlag(.unrefreshed, peer) }
    }

    package mutating func endRefresh(_ peer: PeerID, _ family: Family) {
        forEach(FamilySet(family)) { table, shared in
            table.removeRoutes(from: peer, &shared) { $0.flags.contains(.unrefreshed) }
        }
    }

    /// Drops what is left of a session before, when the peer has sent all it has, or too late
    /// (RFC 4724 §4.2).
    package mutating func sweepStale(_ peer: PeerID, _ family: Family) {
        forEach(FamilySet(family)) { table, shared in
            table.removeRoutes(from: peer, &shared) { $0.flags.contains(.stale) }
        }
    }

    /// Keeps stale routes for longer, as the last resort and marked as such, but for those that do
    /// not want it (RFC 9494 §4.2).
    package mutating func beginLongLived(_ peer: PeerID, _ family: Family) {
        forEach(FamilySet(family)) { $0.makeLongLived(peer, &$1) }
    }
}

// MARK: In one family

extension FamilyTable {
    fileprivate mutating func touchAllAnew(_ peer: PeerID) {
        var indices: [UInt32] = []
        updateRoutes(of: peer) { index, _ in
            indices.append(index)
            return false
        }
        for index in indices { touchAnew(index) }
    }

    fileprivate mutating func setFlag(_ flag: RouteFlags, _ peer: PeerID) {
        updateRoutes(of: peer) { _, route in
            route.flags.insert(flag)
            return false
        }
    }

    fileprivate mutating func open(_ peer: PeerID, _ group: Int, _ shared: inout SharedState) {
        let isFirst = groups[group].members.isEmpty
        groups[group].members.append(peer)
        if isFirst { exportAll(to: group, &shared) }
        // Only the source was there, and it was told nothing.
        if groups[group].members.count == 2 {
            exportOwn(of: groups[group].members[0], group, &shared)
        }
        outlets[peer.index].group = group
        outlets[peer.index].cursor = groups[group].log.count
        outlets[peer.index].walk = .range(next: 0)
        outlets[peer.index].owesEndOfRIB = true
    }

    /// Works out the routes of one member, for the others.
    private mutating func exportOwn(
        of peer: PeerID,
        _ group: Int,
        _ shared: inout SharedState
    ) {
        guard !groups[group].hasPaths else { return }
        groups[group].grow(to: heads.count)
        for index in heads.indices
        where isDirty[index] || pathCounts[index] > 0 && routes[Int(heads[index])].peer == peer {
            exportSettled(UInt32(index), to: group, &shared)
        }
    }

    fileprivate mutating func close(_ peer: PeerID, _ shared: inout SharedState) {
        guard let group = outlets[peer.index].group else { return }
        groups[group].members.removeAll { $0 == peer }
        if groups[group].members.isEmpty { groups[group].clear(&shared.attributes) }
        outlets[peer.index].close()
    }

    /// Moves a peer to another group, and has it told what differs.
    fileprivate mutating func move(
        _ peer: PeerID,
        from old: Int,
        to new: Int,
        _ shared: inout SharedState
    ) {
        let isFirst = groups[new].members.isEmpty
        groups[new].members.append(peer)
        if isFirst { exportAll(to: new, &shared) }
        if groups[new].members.count == 2 { exportOwn(of: groups[new].members[0], new, &shared) }
        groups[new].grow(to: heads.count)
        groups[old].grow(to: heads.count)
        var differing: [UInt32] = []
        let cursor = outlets[peer.index].cursor
        let isPlain = !groups[old].hasPaths && !groups[new].hasPaths
        for index in heads.indices {
            let number = UInt32(index)
            if !isPlain || groups[old].attributes[index] != groups[new].attributes[index]
                || groups[old].sources[index] != groups[new].sources[index]
                || groups[old].isPending(number, from: cursor)
            {
                differing.append(number)
            }
        }
        if case .none = outlets[peer.index].walk {
            outlets[peer.index].walk = differing.isEmpty ? .none : .list(differing, next: 0)
        } else {
            outlets[peer.index].walk = .range(next: 0)
        }
        outlets[peer.index].group = new
        outlets[peer.index].cursor = groups[new].log.count
        for (index, paths) in groups[old].paths where outlets[peer.index].isTold(index) {
            groups[new].bury(index, paths)
        }
        groups[old].members.removeAll { $0 == peer }
        if groups[old].members.isEmpty { groups[old].clear(&shared.attributes) }
    }

    fileprivate mutating func makeLongLived(_ peer: PeerID, _ shared: inout SharedState) {
        let facts = shared.attributes.facts
        removeRoutes(from: peer, &shared) { route in
            route.flags.contains(.stale) && facts[Int(route.received)].marks.contains(.noLongLived)
        }
        updateRoutes(of: peer) { _, route in
            guard route.flags.contains(.stale), !route.flags.contains(.longLived) else {
                return false
            }
            route.flags.insert(.longLived)
            route.received = shared.attributes.markLongLived(route.received)
            if route.accepted != 0 {
                route.accepted = shared.attributes.markLongLived(route.accepted)
            }
            return true
        }
    }
}

extension AttributeTable {
    /// The same attributes with the mark of RFC 9494 §4.2; the count passes over to them.
    fileprivate mutating func markLongLived(_ id: UInt32) -> UInt32 {
        var attributes = attributes(id)
        attributes.add(.longLivedStale)
        let marked = intern(attributes, interface: hops.hop(facts[Int(id)].hop).interface)
        guard marked != 0 else { return id }
        release(id)
        return marked
    }
}
