import Evaluate
import Model

/// Something that turns what policy knows into verdicts.
protocol VerdictEngine: Sendable {
    var name: String { get }

    /// One answer a question, in their order, in the world that the updates make.
    func judge(_ updates: [Update], _ questions: [Question]) throws -> [Answer]

    /// The same at host endpoints; `nil` for what the engine does not judge.
    func judge(_ updates: [Update], _ checks: [HostCheck]) throws -> [HostAnswer?]
}

/// A flow's first packet at one endpoint.
struct Question: Hashable {
    let flow: Flow
    let endpoint: EndpointID
    let direction: Direction
}

/// A verdict and, where the engine knows it, what decided and what was logged on the way.
struct Answer {
    let isAllowed: Bool
    let rule: RuleName?
    let isLogged: Bool?
}

/// The plain evaluator.
struct EvaluatorEngine: VerdictEngine {
    let name = "evaluator"

    func judge(_ updates: [Update], _ questions: [Question]) -> [Answer] {
        let evaluator = Evaluator(PolicyWorld(updates))
        return questions.map { question in
            let judgement = evaluator.judge(
                question.flow,
                at: question.endpoint,
                question.direction
            )
            return Answer(
                isAllowed: judgement.isAllowed,
                rule: judgement.decision,
                isLogged: judgement.logged != nil
            )
        }
    }
}
