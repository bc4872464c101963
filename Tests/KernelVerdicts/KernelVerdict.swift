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
                direction == .ingress ? CARA_DROP_INGRESS_POLICY : CARA_DROP_EGRESS_POLICY
            guard drop.reason == expected.rawValue else { throw .otherReason(drop.reason) }
            id = drop.rule
        } else {
            id = entry.map { direction == .ingress ? $0.ingress_rule : $0.egress_rule } ?? 0
        }
        tellsRule = drop != nil || entry != nil
        rule = rules[id]
        if id != 0, rule == nil { throw .unknownRule(id) }
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
