package import Model

// Host endpoints (inventory §4.4): the same walk, through several sets of policies one after the
// other. Failsafe ports and connections that are known already come before all of this.

/// The first packet of a flow at a host's own interface.
package struct HostPacket: Hashable, Sendable {
    package var flow: Flow
    /// The flow as it was before a service's address was translated; the same where none was.
    package var beforeDNAT: Flow
    /// Whether it only passes through the host.
    package var isForwarded: Bool

    package init(_ flow: Flow, beforeDNAT: Flow? = nil, isForwarded: Bool = false) {
        self.flow = flow
        self.beforeDNAT = beforeDNAT ?? flow
        self.isForwarded = isForwarded
    }
}

extension Evaluator {
    /// The verdict of a host endpoint's pre-DNAT policies, then of those for forwarded traffic or of
    /// those for the host's own.
    ///
    /// What pre-DNAT policies allow is not asked again. Forwarded traffic that no policy applies to
    /// is allowed, and profiles do not count for it.
    package func judge(
        _ packet: HostPacket,
        atHost id: EndpointID,
        _ direction: Direction
    ) -> Judgement {
        judge(packet, atHost: id, direction) { !$0.id.kind.isStaged }
    }

    /// The verdict there would be if staged policies were enforced.
    package func judgeStaged(
        _ packet: HostPacket,
        atHost id: EndpointID,
        _ direction: Direction
    ) -> Judgement {
        judge(packet, atHost: id, direction) { $0.stagedAction != "Delete" }
    }

    /// The same; with `fromUntracked` the untracked policies are asked first, as they are of every
    /// packet.
    func judge(
        _ packet: HostPacket,
        atHost id: EndpointID,
        _ direction: Direction,
        fromUntracked: Bool = false,
        counting isEnforced: (Policy) -> Bool
    ) -> Judgement {
        guard let endpoint = world.endpoints[id] else {
            return Walk(packet.flow, direction, matcher).end(isAllowed: nil)
        }
        var walk = Walk(packet.beforeDNAT, direction, matcher)
        if fromUntracked {
            let tiers = applying(to: endpoint, direction) { isEnforced($0) && $0.doNotTrack }
            if let verdict = walk.tiers(tiers, deniesAtEnd: false) {
                return walk.end(isAllowed: verdict)
            }
        }
        if direction == .ingress {
            let tiers = applying(to: endpoint, direction) { isEnforced($0) && $0.preDNAT }
            if let verdict = walk.tiers(tiers, deniesAtEnd: false) {
                return walk.end(isAllowed: verdict)
            }
        }
        walk.flow = packet.flow
        let tiers = applying(to: endpoint, direction) { policy in
            isEnforced(policy) && !policy.preDNAT && !policy.doNotTrack
                && (policy.applyOnForward || !packet.isForwarded)
        }
        var verdict = walk.tiers(tiers, deniesAtEnd: true)
        if packet.isForwarded { return walk.end(isAllowed: verdict, otherwise: true) }
        verdict = verdict ?? walk.profiles(endpoint.profiles, world)
        return walk.end(isAllowed: verdict)
    }

    /// The verdict of a host endpoint's untracked policies, the staged ones among them if so asked;
    /// `nil` when none of their rules decides, and the packet goes on to connection tracking and the
    /// other policies.
    package func judgeUntracked(
        _ flow: Flow,
        atHost id: EndpointID,
        _ direction: Direction,
        withStaged: Bool = false
    ) -> Judgement? {
        guard let endpoint = world.endpoints[id] else { return nil }
        var walk = Walk(flow, direction, matcher)
        let tiers = applying(to: endpoint, direction) { policy in
            let isEnforced = withStaged ? policy.stagedAction != "Delete" : !policy.id.kind.isStaged
            return isEnforced && policy.doNotTrack
        }
        return walk.tiers(tiers, deniesAtEnd: false).map { walk.end(isAllowed: $0) }
    }
}
