import CBPFABI
import Compile
import Model

// Host endpoints: the stages of `bpf/lib/host.h` one after the other, for the node's own traffic.

extension KernelTracer {
    /// The verdict on a flow's first packet at one of the node's interfaces; `nil` when no host endpoint
    /// has it.
    ///
    /// Whether the port is a failsafe is looked up and told, and policy asked all the same.
    mutating func trace(
        _ flow: Flow,
        _ direction: Direction,
        atInterface index: UInt32
    ) throws(DataplaneError) -> KernelTrace? {
        var found = try look(index, in: Maps.hosts)
        if found == nil { found = try look(HostEndpoints.anyInterface, in: Maps.hosts) }
        guard let host = found else { return nil }
        let isIngress = direction == .ingress
        let (near, far) =
            isIngress ? (flow.destination, flow.source) : (flow.source, flow.destination)
        let failsafe = Failsafe(
            direction,
            flow.protocol,
            flow.destinationPort,
            net: Prefix(far)
        )
        let isFailsafe = try look(cara_failsafe_key(failsafe), in: Maps.failsafes) != nil
        let programs = near.family == .v4 ? host.v4 : host.v6
        let stages =
            isIngress
            ? [programs.untracked_ingress, programs.prednat, programs.ingress]
            : [programs.untracked_egress, programs.egress]
        var logRule: RuleName?
        var last: KernelTrace?
        for id in stages {
            let program = try choice(id, near: near)
            let trace = try judge(flow, remote: far, program)
            logRule = logRule ?? trace.logRule
            last = trace
            if !trace.goesOn { break }
        }
        return last.map { last in
            KernelTrace(
                program: last.program,
                steps: last.steps,
                isAllowed: last.isAllowed,
                reason: isFailsafe ? "a failsafe port passes whatever policy says" : last.reason,
                rule: last.rule,
                logRule: logRule
            )
        }
    }

    /// The program that decides where `id` is a split.
    private mutating func choice(_ id: UInt32, near: Address) throws(DataplaneError) -> UInt32 {
        guard id >= UInt32(CARA_PROGRAM_FIRST), let program = try look(id, in: Maps.programs),
            program.flags & CARA_PROGRAM_SPLIT.rawValue != 0
        else { return id }
        let label = try look(cara_class_key(Prefix(near)), in: Maps.classes) ?? 0
        let group = try look(cara_group_key(program: id, class_id: label), in: Maps.groups)
        return group ?? program.default_group
    }
}
