import Compile
import Evaluate
import Model

/// One flow at one local end, and what the voices say of it.
struct Case: Hashable, CustomStringConvertible {
    let flow: Flow
    let direction: Direction
    /// Asks what staged policies would do.
    var isStaged = false

    var local: Address { direction == .ingress ? flow.destination : flow.source }
    var remote: Address { direction == .ingress ? flow.source : flow.destination }

    var description: String {
        let icmp = flow.icmp.map { " type \($0.type) code \($0.code ?? 0)" } ?? ""
        return (isStaged ? "with staged policies: " : "")
            + "\(direction.rawValue) \(flow.protocol) \(flow.source):\(flow.sourcePort) -> "
            + "\(flow.destination):\(flow.destinationPort)\(icmp)"
    }
}

/// A verdict with what decided and what was logged, comparable between the voices.
struct Voice: Hashable, CustomStringConvertible {
    let isAllowed: Bool
    /// `nil` for no match.
    let rule: RuleName?
    let logRule: RuleName?

    var description: String {
        "\(isAllowed ? "allow" : "deny") by \(rule.map { "\($0)" } ?? "no match")"
            + (logRule.map { ", logged by \($0)" } ?? "")
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
func evaluate(_ evaluator: Evaluator, _ question: Case) -> Voice? {
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
func interpret(_ tables: TableInterpreter, _ question: Case) -> Voice? {
    let outcome =
        question.isStaged
        ? tables.judgeStaged(question.flow, question.direction)
        : tables.judge(question.flow, question.direction)
    return outcome.map { Voice($0) }
}

/// The first of the questions on which evaluator and tables differ after these updates, applied in
/// one go.
func disagreement(
    _ updates: [Update],
    _ questions: [Case],
    _ bounds: History.Bounds
) -> String? {
    var compiler = bounds.compiler
    var tables = TableInterpreter()
    tables.apply(compiler.apply(updates))
    return disagreement(Evaluator(PolicyWorld(updates)), tables, questions)
}

func disagreement(
    _ evaluator: Evaluator,
    _ tables: TableInterpreter,
    _ questions: [Case]
) -> String? {
    for question in questions {
        let expected = evaluate(evaluator, question)
        let actual = interpret(tables, question)
        guard expected != actual else { continue }
        return "\(question)\n  evaluator: \(text(expected))\n  tables:    \(text(actual))"
    }
    return nil
}

private func text(_ voice: Voice?) -> String { voice.map(\.description) ?? "not local" }
