package import Model

// Host endpoints: several programs one after the other, in the order of `bpf/lib/host.h`.

extension TableInterpreter {
    /// What a host endpoint's pre-DNAT policies say of a packet, and where they say nothing those
    /// for forwarded traffic or those for the node's own; `nil` when there is no such endpoint.
    ///
    /// With `withStaged`: what they would say were staged policies enforced.
    package func judge(
        _ flow: Flow,
        beforeDNAT: Flow? = nil,
        atHost id: EndpointID,
        _ direction: Direction,
        isForwarded: Bool,
        withStaged: Bool = false
    ) -> Outcome? {
        let isIngress = direction == .ingress
        let before =
            isIngress
            ? judge(beforeDNAT ?? flow, atHost: id, .preDNAT, withStaged: withStaged) : nil
        if let before, !before.goesOn { return before }
        let stage: HostStage =
            isForwarded
            ? (isIngress ? .forwardIngress : .forwardEgress) : (isIngress ? .ingress : .egress)
        return judge(flow, atHost: id, stage, withStaged: withStaged).map { outcome in
            Outcome(
                // Forwarded traffic that no policy applies to is nobody's business here.
                isAllowed: outcome.isAllowed || outcome.goesOn,
                rule: outcome.rule,
                logRule: before?.logRule ?? outcome.logRule
            )
        }
    }

    /// What all stages say of the node's own traffic, those of untracked policies first; `nil` when
    /// there is no such endpoint.
    package func judgeOwn(
        _ flow: Flow,
        atHost id: EndpointID,
        _ direction: Direction
    ) -> Outcome? {
        let stage: HostStage = direction == .ingress ? .untrackedIngress : .untrackedEgress
        guard let untracked = judge(flow, atHost: id, stage), untracked.goesOn else {
            return judge(flow, atHost: id, stage)
        }
        return judge(flow, atHost: id, direction, isForwarded: false).map { outcome in
            Outcome(
                isAllowed: outcome.isAllowed,
                rule: outcome.rule,
                logRule: untracked.logRule ?? outcome.logRule
            )
        }
    }

    /// What one stage of a host endpoint's policy says, or would say with staged policies enforced;
    /// `nil` when there is no such endpoint.
    package func judge(
        _ flow: Flow,
        atHost id: EndpointID,
        _ stage: HostStage,
        withStaged: Bool = false
    ) -> Outcome? {
        guard let programs = hosts[id] else { return nil }
        let family = flow.destination.family
        let staged = withStaged ? programs[staged: stage, family] : 0
        let program = staged == 0 ? programs[stage, family] : staged
        let isIngress = stage.direction == .ingress
        let (near, far) =
            isIngress ? (flow.destination, flow.source) : (flow.source, flow.destination)
        return judge(flow, remote: far, program: chosen(program, by: near))
    }

    /// Where a split program leads.
    package func chosen(_ id: UInt32, by near: Address) -> UInt32 {
        guard let program = programs[id], program.isSplit else { return id }
        return program.groups[label(of: near)] ?? program.defaultGroup
    }
}
