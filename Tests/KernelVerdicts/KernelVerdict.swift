import CBPFABI
package import Model

/// What a program did with a first packet, and why.
package struct KernelVerdict: Hashable, Sendable {
    package let isAllowed: Bool
    /// The rule that decided; `nil` when none did.
    package let rule: RuleName?
    /// False where an allowed packet leaves no connection in which the rule could stand: most ICMP.
    package let tellsRule: Bool
    package let logRule: RuleName?
    /// What staged policies would have done, `nil` where the kernel was told of none.
    package let pending: Pending?

    /// The answer of a staged program.
    package struct Pending: Hashable, Sendable {
        package let isAllowed: Bool
        package let rule: RuleName?
    }

    /// Reads what the program left: events of a drop and of a Log rule, the connection of what passed.
    init(
        action: Int32,
        told: [cara_event],
        entry: cara_conn?,
        direction: Direction,
        rules: [UInt32: RuleName]
    ) throws(KernelVerdictError) {
        let log = told.first { $0.kind == CARA_EVENT_LOG_RULE.rawValue }
        logRule = log.flatMap { rules[$0.rule] }
        if let log, logRule == nil { throw .unknownRule(log.rule) }
        let drop = told.first { $0.kind == CARA_EVENT_DROP.rawValue }
        isAllowed = action != Self.actionShot
        guard isAllowed == (drop == nil) else { throw .silentDrop(action: action) }
        let id: UInt32
        if let drop {
            let expected =
                direction == .ingress
                ? [CARA_DROP_INGRESS_POLICY, CARA_DROP_HOST_INGRESS_POLICY]
                : [CARA_DROP_EGRESS_POLICY, CARA_DROP_HOST_EGRESS_POLICY]
            guard expected.contains(where: { $0.rawValue == drop.reason }) else {
                throw .otherReason(drop.reason)
            }
            id = drop.rule
        } else {
            id = entry.map { direction == .ingress ? $0.ingress_rule : $0.egress_rule } ?? 0
        }
        tellsRule = drop != nil || entry != nil
        rule = rules[id]
        if id != 0, rule == nil { throw .unknownRule(id) }
        pending = try Self.pending(drop, entry, direction, rules)
    }

    private static func pending(
        _ drop: cara_event?,
        _ entry: cara_conn?,
        _ direction: Direction,
        _ rules: [UInt32: RuleName]
    ) throws(KernelVerdictError) -> Pending? {
        let told: (code: UInt8, rule: UInt32)
        switch (drop, entry, direction) {
        case (let drop?, _, _): told = (drop.pending, drop.pending_rule)
        case (nil, let entry?, .ingress): told = (entry.pending_ingress, entry.pending_ingress_rule)
        case (nil, let entry?, .egress): told = (entry.pending_egress, entry.pending_egress_rule)
        case (nil, nil, _): return nil
        }
        guard told.code != CARA_PENDING_NONE.rawValue else { return nil }
        if told.rule != 0, rules[told.rule] == nil { throw .unknownRule(told.rule) }
        let isAllowed = told.code == CARA_PENDING_ALLOW.rawValue
        return Pending(isAllowed: isAllowed, rule: rules[told.rule])
    }

    /// TC_ACT_SHOT of linux/pkt_cls.h.
    private static let actionShot: Int32 = 2
}

/// A program did something that no verdict explains.
package enum KernelVerdictError: Error, Hashable, Sendable, CustomStringConvertible {
    /// It dropped the packet for a reason that is not policy, a number of enum cara_reason.
    case otherReason(UInt32)
    /// It dropped without an event, or told of a drop and passed.
    case silentDrop(action: Int32)
    case unknownRule(UInt32)

    package var description: String {
        switch self {
        case .otherReason(let reason): "dropped for reason \(reason), which is not policy"
        case .silentDrop(let action): "action \(action) does not fit the events"
        case .unknownRule(let id): "rule \(id) has no name"
        }
    }
}
