import BGPMessage
import Model

/// Makes of a route what a group of peers is told of it.
struct Exporter {
    private struct Key: Hashable {
        var accepted: UInt32
        var source: PeerID
        var changes: UInt64
    }

    /// By group: what has come out already, as long as no attributes are freed.
    private var memory: [[Key: UInt32]] = []
    private var last: [(key: Key, result: UInt32)?] = []

    /// Attributes may have been freed: their numbers may mean others now.
    mutating func forget() {
        for index in memory.indices { memory[index].removeAll(keepingCapacity: true) }
        for index in last.indices { last[index] = nil }
    }

    mutating func forgetAll() {
        memory = []
        last = []
    }

    /// The number of the attributes to be told, counted; 0 if the route is not for the group.
    mutating func export(
        _ route: Route,
        _ prefix: Prefix,
        to group: Int,
        _ shared: inout SharedState
    ) -> UInt32 {
        guard route.accepted != 0 else { return 0 }
        let isLocal = route.peer == .local
        // Reflection names the source (RFC 4456 §8); else its kind is all that matters.
        let isReflected =
            !isLocal && !shared.groups[group].isExternal
            && !shared.peers[route.peer.index].facts.isExternal
        let kind = isLocal || isReflected ? route.peer : PeerID(rawValue: .max)
        let plain = Key(accepted: route.accepted, source: kind, changes: 0)
        if shared.groups[group].isTransparent, let known = recall(plain, group, &shared) {
            return known
        }
        let profile = shared.groups[group].profile
        let facts = shared.attributes.facts[Int(route.accepted)]
        let source = shared.peers[route.peer.index].configuration
        guard profile.mayGet(facts.marks, source, isLocal: isLocal) else { return 0 }
        var changes: UInt64? = 0
        var operations: [RoutePolicy.Operation] = []
        if !profile.policy.isTransparent {
            let subject = PolicySubject(
                prefix: prefix,
                isLocal: isLocal,
                interface: shared.attributes.hops.interface(facts.hop),
                peerType: profile.isExternal ? .external : .internal
            )
            let verdict = profile.policy.verdict(
                on: subject,
                shared.attributes.attributes(route.accepted)
            )
            guard verdict.isAccepted else { return 0 }
            changes = verdict.changes
            operations = verdict.operations
        }
        guard let changes else {
            return Self.transform(route, prefix.family, profile, operations, &shared)
        }
        let key = Key(accepted: route.accepted, source: kind, changes: changes)
        if let known = recall(key, group, &shared) { return known }
        let result = Self.transform(route, prefix.family, profile, operations, &shared)
        memory[group][key] = result
        last[group] = (key, result)
        return result
    }

    /// What came out for the same before, counted once more.
    private mutating func recall(
        _ key: Key,
        _ group: Int,
        _ shared: inout SharedState
    ) -> UInt32? {
        while memory.count <= group {
            memory.append([:])
            last.append(nil)
        }
        let known: UInt32?
        if let last = last[group], last.key == key {
            known = last.result
        } else {
            known = memory[group][key]
        }
        guard let known else { return nil }
        last[group] = (key, known)
        if known != 0 { shared.attributes.retain(known) }
        return known
    }

    private static func transform(
        _ route: Route,
        _ family: Family,
        _ profile: ExportProfile,
        _ operations: [RoutePolicy.Operation],
        _ shared: inout SharedState
    ) -> UInt32 {
        var attributes = shared.attributes.attributes(route.accepted)
        let source = shared.peers[route.peer.index]
        let isLocal = route.peer == .local
        // A MED is for the AS that it was sent to (RFC 4271 §5.1.4).
        if profile.isExternal, !isLocal { attributes.multiExitDiscriminator = nil }
        for operation in operations { attributes.apply(operation) }
        if profile.isExternal {
            attributes.leave(as: profile.localAS)
        } else {
            let isReflected = !isLocal && !source.configuration.isExternal
            attributes.stay(
                shared.configuration,
                reflectedFrom: isReflected ? source.identifier : nil
            )
        }
        profile.mark(&attributes)
        guard let nextHop = profile.nextHop(for: attributes.nextHop, family) else { return 0 }
        attributes.nextHop = nextHop
        let id = shared.attributes.intern(attributes)
        guard id != 0 else { return 0 }
        // RFC 8654 §4: what does not fit the peer's messages is not for it. 128 octets hold the
        // header, one prefix with its next hop, and AS4_AGGREGATOR; AS4_PATH may double the rest.
        let size = shared.attributes.bytes(id).count * (profile.sending.hasFourOctetAS ? 1 : 2)
        guard size + 128 <= profile.sending.maximumLength else {
            shared.attributes.release(id)
            return 0
        }
        return id
    }
}

// MARK: Rules

extension ExportProfile {
    /// Whether a route may go to the group at all, before policy.
    func mayGet(
        _ marks: AttributeFacts.Marks,
        _ source: PeerConfiguration,
        isLocal: Bool
    ) -> Bool {
        // RFC 1997.
        if marks.contains(.noAdvertise) { return false }
        if isExternal, marks.contains(.noExport) { return false }
        // RFC 9494 §4.3.
        if marks.contains(.longLivedStale), !isLongLivedCapable { return false }
        // RFC 9234 §5: not to providers, peers and route servers.
        if isExternal, marks.contains(.onlyToCustomer), let role {
            switch role {
            case .customer, .peer, .routeServerClient: return false
            case .provider, .routeServer: break
            }
        }
        // RFC 4271 §9.2: from inside to inside only by reflection (RFC 4456 §6).
        if !isLocal, !source.isExternal, !isExternal {
            return isClient || source.isReflectorClient
        }
        return true
    }

    /// RFC 9234 §5: what goes to customers, peers and clients is marked.
    func mark(_ attributes: inout PathAttributes) {
        guard isExternal, let role, attributes.onlyToCustomer == nil else { return }
        switch role {
        case .provider, .peer, .routeServer: attributes.onlyToCustomer = localAS
        case .customer, .routeServerClient: break
        }
    }

    /// The next hop to be told; `nil` if we have none that the peer understands.
    func nextHop(for nextHop: NextHop?, _ family: Family) -> NextHop? {
        let isOwn =
            switch nextHopMode {
            case .own: true
            case .keep: false
            case .automatic:
                isExternal && !(nextHop.flatMap { neighbour?.reaches($0) } ?? false)
            }
        if !isOwn, let nextHop, suits(nextHop, family) { return nextHop }
        switch family {
        case .v4: return ownNextHopV4 ?? (hasExtendedNextHop ? ownNextHopV6 : nil)
        case .v6: return ownNextHopV6
        }
    }

    private func suits(_ nextHop: NextHop, _ family: Family) -> Bool {
        switch (family, nextHop.address.family) {
        case (.v4, .v4), (.v6, .v6): true
        case (.v4, .v6): hasExtendedNextHop
        case (.v6, .v4): false
        }
    }
}

extension PathAttributes {
    /// What changes on the way to another AS (RFC 4271 §5.1.2, §5.1.5, RFC 4456 §8, RFC 4360 §6).
    fileprivate mutating func leave(as number: UInt32) {
        asPath = asPath.prepending([number])
        localPreference = nil
        originatorID = nil
        clusterList = []
        extendedCommunities.removeAll { !$0.isTransitive }
    }

    /// What changes on the way to a peer of our own AS; a reflected route gets its source's identifier
    /// and our cluster (RFC 4456 §8).
    fileprivate mutating func stay(
        _ configuration: RIBConfiguration,
        reflectedFrom identifier: UInt32?
    ) {
        if localPreference == nil { localPreference = configuration.defaultLocalPreference }
        guard let identifier else { return }
        if originatorID == nil { originatorID = identifier }
        clusterList.insert(configuration.clusterID, at: 0)
    }
}
