package import Compile
package import Evaluate
package import Model

/// One flow at one local end, and what the voices say of it.
package struct Case: Hashable, Sendable, CustomStringConvertible {
    package let flow: Flow
    package let direction: Direction
    /// Asks what staged policies would do.
    package let isStaged: Bool

    package init(flow: Flow, direction: Direction, isStaged: Bool = false) {
        self.flow = flow
        self.direction = direction
        self.isStaged = isStaged
    }

    package var local: Address { direction == .ingress ? flow.destination : flow.source }
    package var remote: Address { direction == .ingress ? flow.source : flow.destination }

    package var description: String {
        let icmp = flow.icmp.map { " type \($0.type) code \($0.code ?? 0)" } ?? ""
        return (isStaged ? "with staged policies: " : "")
            + "\(direction.rawValue) \(flow.protocol) \(flow.source):\(flow.sourcePort) -> "
            + "\(flow.destination):\(flow.destinationPort)\(icmp)"
    }
}

/// A verdict with what decided and what was logged, comparable between the voices.
package struct Voice: Hashable, Sendable, CustomStringConvertible {
    package let isAllowed: Bool
    /// `nil` for no match.
    package let rule: RuleName?
    package let logRule: RuleName?

    package var description: String {
        "\(isAllowed ? "allow" : "deny") by \(rule.map(Self.text) ?? "no match")"
            + (logRule.map { ", logged by \(Self.text($0))" } ?? "")
    }

    private static func text(_ rule: RuleName) -> String {
        let place = "\(rule.direction.rawValue)[\(rule.index)]"
        return switch rule.owner {
        case .policy(let id): "tier \(rule.tier), \(id) \(place)"
        case .profile(let name): "profile \(name) \(place)"
        case .endOfTier: "the end of tier \(rule.tier)"
        case .noMatch: "no match"
        }
    }

    init(isAllowed: Bool, rule: RuleName?, logRule: RuleName?) {
        self.isAllowed = isAllowed
        self.rule = rule
        self.logRule = logRule
    }

    init(_ judgement: Judgement) {
        isAllowed = judgement.isAllowed
        rule = judgement.decision.owner == .noMatch ? nil : judgement.decision
        logRule = judgement.logged
    }

    init(_ outcome: TableInterpreter.Outcome) {
        isAllowed = outcome.isAllowed
        rule = outcome.rule
        logRule = outcome.logRule
    }
}

/// The evaluator's answer; `nil` when the end is not local.
package func evaluate(_ evaluator: Evaluator, _ question: Case) -> Voice? {
    let owner = evaluator.endpoints(owning: question.local).first { id in
        if case .workload(RandomWorld.localNode, _, _) = id { true } else { false }
    }
    return owner.map { id in
        Voice(
            question.isStaged
                ? evaluator.judgeStaged(question.flow, at: id, question.direction)
                : evaluator.judge(question.flow, at: id, question.direction)
        )
    }
}

/// The tables' answer; `nil` when the end is not local.
package func interpret(_ tables: TableInterpreter, _ question: Case) -> Voice? {
    let outcome =
        question.isStaged
        ? tables.judgeStaged(question.flow, question.direction)
        : tables.judge(question.flow, question.direction)
    return outcome.map { Voice($0) }
}
