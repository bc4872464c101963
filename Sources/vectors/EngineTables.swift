import Compile
import Model

/// The compiled tables, read as the programs read them.
struct TablesEngine: VerdictEngine {
    let name = "tables"

    func judge(_ updates: [Update], _ questions: [Question]) throws -> [Answer] {
        var nodes: [String: TableInterpreter] = [:]
        for node in Set(questions.map(\.endpoint.node)) {
            nodes[node] = try compiledTables(updates, on: node)
        }
        return try questions.map { question in
            guard let outcome = nodes[question.endpoint.node]?.judge(question) else {
                throw VectorError("\(question.endpoint) has no tables")
            }
            return Answer(
                isAllowed: outcome.isAllowed,
                rule: outcome.rule ?? .noMatch(question.direction),
                isLogged: outcome.logRule != nil
            )
        }
    }
}

/// What a node's agent would have in the kernel after these updates.
func compiledTables(_ updates: [Update], on node: String) throws -> TableInterpreter {
    var tables = TableInterpreter()
    for change in try compiledChanges(updates, on: node) { tables.apply(change) }
    return tables
}

/// The changes that lead there.
func compiledChanges(_ updates: [Update], on node: String) throws -> [DataplaneChange] {
    var compiler = PolicyCompiler(localNode: node)
    let change = compiler.apply(updates)
    if let failure = change.failures.first { throw VectorError("\(failure)") }
    return [change]
}

extension TableInterpreter {
    /// `nil` when the question's endpoint does not have the flow's address on this node.
    func judge(_ question: Question) -> Outcome? {
        let flow = question.flow
        let address = question.direction == .ingress ? flow.destination : flow.source
        guard endpoints[address]?.id == question.endpoint else { return nil }
        return judge(flow, question.direction)
    }
}

extension RuleName {
    static func noMatch(_ direction: Direction) -> RuleName {
        RuleName(tier: "", owner: .noMatch, direction: direction, index: -1)
    }
}
