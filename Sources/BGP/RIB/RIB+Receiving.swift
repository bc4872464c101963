package import BGPMessage
package import Model

/// The last set of attributes that arrived, judged: the next prefix with it needs no look.
struct ArrivalMemory {
    var received: UInt32
    var changes: UInt64
    var accepted: UInt32
}

extension RIB {
    /// Takes in what a peer sent; `settle` decides about it.
    package mutating func receive(_ update: UpdateMessage, from peer: PeerID) {
        for route in update.withdrawn { withdraw(route, from: peer) }
        for route in update.multiprotocolUnreach?.withdrawn ?? [] { withdraw(route, from: peer) }
        guard let attributes = update.attributes else { return }
        if !update.nlri.isEmpty { take(update.nlri, attributes, from: peer) }
        guard let reach = update.multiprotocolReach, !reach.nlri.isEmpty else { return }
        var own = attributes
        own.nextHop = reach.nextHop
        take(reach.nlri, own, from: peer)
    }

    private mutating func withdraw(_ route: NLRI, from peer: PeerID) {
        forEach(FamilySet(route.prefix.family)) { table, shared in
            guard let index = table.prefixes.index(of: route.prefix) else { return }
            table.remove(index, peer, route.pathID, &shared)
        }
    }

    private mutating func take(
        _ list: [NLRI],
        _ attributes: PathAttributes,
        from peer: PeerID
    ) {
        var attributes = attributes
        let loop = shared.admit(&attributes, from: peer)
        let received = shared.attributes.intern(attributes)
        // Longer than a message can be: nobody could be told.
        guard received != 0 else { return }
        guard let family = list.first?.prefix.family else { return }
        if family == .v4 {
            v4.take(list, attributes, received, loop, peer, &shared)
        } else {
            v6.take(list, attributes, received, loop, peer, &shared)
        }
        shared.attributes.release(received)
    }
}

extension FamilyTable {
    fileprivate mutating func take(
        _ list: [NLRI],
        _ attributes: PathAttributes,
        _ received: UInt32,
        _ loop: Ineligibility,
        _ peer: PeerID,
        _ shared: inout SharedState
    ) {
        if loop == .none, shared.peers[peer.index].facts.isTransparent {
            let arrival = Arrival(
                received: received,
                accepted: received,
                ineligibility: .none,
                preference: 100
            )
            shared.attributes.retain(received, 2 * list.count)
            for route in list {
                upsert(number(of: route.prefix), peer, route.pathID, arrival, &shared)
            }
            return
        }
        var memory: ArrivalMemory?
        for route in list {
            let arrival = shared.judge(
                route.prefix,
                attributes,
                received,
                loop,
                peer,
                &memory
            )
            upsert(number(of: route.prefix), peer, route.pathID, arrival, &shared)
        }
    }

    /// Judges all routes of a peer again, from what it sent.
    mutating func judgeAgain(_ peer: PeerID, _ shared: inout SharedState) {
        var last: (id: UInt32, attributes: PathAttributes, loop: Ineligibility)?
        var memory: ArrivalMemory?
        let prefixes = prefixes
        updateRoutes(of: peer) { index, route in
            guard let prefix = prefixes.prefix(at: index) else { return false }
            if last?.id != route.received {
                var attributes = shared.attributes.attributes(route.received)
                let loop = shared.admit(&attributes, from: peer)
                last = (route.received, attributes, loop)
                memory = nil
            }
            guard let last else { return false }
            let arrival = shared.judge(
                prefix,
                last.attributes,
                route.received,
                last.loop,
                peer,
                &memory
            )
            shared.attributes.release(arrival.received)
            let isChanged =
                arrival.accepted != route.accepted || arrival.preference != route.preference
            if route.accepted != 0 { shared.attributes.release(route.accepted) }
            route.accepted = arrival.accepted
            route.ineligibility = arrival.ineligibility
            route.preference = arrival.preference
            return isChanged
        }
    }
}

extension SharedState {
    /// What is done to all that comes from a peer, before policy; why none of it may be used.
    func admit(_ attributes: inout PathAttributes, from peer: PeerID) -> Ineligibility {
        let configuration = peers[peer.index].configuration
        var isLeak = false
        if configuration.isExternal {
            if attributes.localPreference == nil {
                attributes.localPreference = self.configuration.defaultLocalPreference
            }
            // RFC 8326 §4.
            if self.configuration.honoursGracefulShutdown,
                attributes.contains(.gracefulShutdown)
            {
                attributes.localPreference = 0
            }
            isLeak = attributes.checkOnlyToCustomer(configuration)
        }
        if attributes.asPath.count(of: configuration.localAS) > configuration.allowedOwnAS {
            return .asLoop
        }
        if attributes.originatorID == self.configuration.identifier { return .originatorLoop }
        if attributes.clusterList.contains(self.configuration.clusterID) { return .clusterLoop }
        return isLeak ? .routeLeak : .none
    }

    /// Asks the import policy about one prefix.
    ///
    /// Both sets of attributes are counted for the result.
    mutating func judge(
        _ prefix: Prefix,
        _ attributes: PathAttributes,
        _ received: UInt32,
        _ loop: Ineligibility,
        _ peer: PeerID,
        _ memory: inout ArrivalMemory?
    ) -> FamilyTable.Arrival {
        self.attributes.retain(received)
        var arrival = FamilyTable.Arrival(
            received: received,
            accepted: 0,
            ineligibility: loop,
            preference: 100
        )
        guard loop == .none else { return arrival }
        let entry = peers[peer.index]
        guard let policy = entry.configuration.importPolicy, !policy.isTransparent else {
            if entry.denies(entry.configuration.importPolicy, configuration) {
                arrival.ineligibility = .rejectedByPolicy
                return arrival
            }
            self.attributes.retain(received)
            arrival.accepted = received
            return arrival
        }
        let subject = PolicySubject(
            prefix: prefix,
            isLocal: false,
            interface: self.attributes.hops.interface(self.attributes.facts[Int(received)].hop),
            peerType: entry.configuration.isExternal ? .external : .internal
        )
        let verdict = policy.verdict(on: subject, attributes)
        guard verdict.isAccepted else {
            arrival.ineligibility = .rejectedByPolicy
            return arrival
        }
        for case .setPreference(let value) in verdict.operations { arrival.preference = value }
        arrival.accepted = apply(verdict, attributes, received, &memory)
        return arrival
    }

    private mutating func apply(
        _ verdict: PolicyVerdict,
        _ attributes: PathAttributes,
        _ received: UInt32,
        _ memory: inout ArrivalMemory?
    ) -> UInt32 {
        guard !verdict.operations.isEmpty else {
            self.attributes.retain(received)
            return received
        }
        if let memory, memory.received == received, memory.changes == verdict.changes {
            self.attributes.retain(memory.accepted)
            return memory.accepted
        }
        var changed = attributes
        for operation in verdict.operations { changed.apply(operation) }
        let accepted = self.attributes.intern(changed)
        if accepted != 0, let changes = verdict.changes {
            memory = ArrivalMemory(received: received, changes: changes, accepted: accepted)
        }
        return accepted
    }
}

extension PathAttributes {
    /// RFC 9234 §5, on the way in: true for a route that leaked; marks those that came from above or
    /// beside.
    fileprivate mutating func checkOnlyToCustomer(_ peer: PeerConfiguration) -> Bool {
        switch peer.role {
        case .provider, .routeServer: return onlyToCustomer != nil
        case .peer:
            if let marked = onlyToCustomer { return marked != peer.remoteAS }
            onlyToCustomer = peer.remoteAS
        case .customer, .routeServerClient:
            if onlyToCustomer == nil { onlyToCustomer = peer.remoteAS }
        case nil: break
        }
        return false
    }
}

// MARK: Routes of our own

extension RIB {
    /// Announces a route of this node, or changes one.
    package mutating func announce(_ route: LocalRoute) {
        forEach(FamilySet(route.prefix.family)) { table, shared in
            var attributes = route.attributes
            if attributes.localPreference == nil {
                attributes.localPreference = shared.configuration.defaultLocalPreference
            }
            let id = shared.attributes.intern(attributes, interface: route.interface)
            guard id != 0 else { return }
            shared.attributes.retain(id)
            let arrival = FamilyTable.Arrival(
                received: id,
                accepted: id,
                ineligibility: .none,
                preference: route.preference
            )
            let index = table.number(of: route.prefix)
            table.upsert(index, .local, route.id, arrival, &shared)
        }
    }

    /// Takes a route of this node back.
    package mutating func withdraw(_ prefix: Prefix, id: UInt32 = 0) {
        withdraw(NLRI(prefix, pathID: id), from: .local)
    }
}
