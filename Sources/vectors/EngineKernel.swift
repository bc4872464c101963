import Compile
import KernelVerdicts
import Model
import Synchronization

/// The real programs in the kernel, over the compiled tables.
///
/// Two kinds of flow never come to policy there: a pod that talks to itself, which the veth never sees,
/// and errors of ICMP, which belong to the packet they quote. Of these the tables are asked.
final class KernelEngine: VerdictEngine {
    let name = "kernel"
    private let kernel = Mutex<KernelVerdicts?>(nil)

    func judge(_ updates: [Update], _ questions: [Question]) throws -> [Answer] {
        var answers = [Answer?](repeating: nil, count: questions.count)
        for node in Set(questions.map(\.endpoint.node)) {
            let asked = questions.indices.filter { questions[$0].endpoint.node == node }
            let changes = try compiledChanges(updates, on: node)
            let own = try kernel.withLock { kernel in
                let loaded = try kernel ?? KernelVerdicts()
                kernel = loaded
                return try Self.judge(asked.map { questions[$0] }, changes, loaded)
            }
            for (index, answer) in zip(asked, own) { answers[index] = answer }
        }
        return answers.compactMap(\.self)
    }

    func judge(_ updates: [Update], _ checks: [HostCheck]) throws -> [HostAnswer?] {
        var answers = [HostAnswer?](repeating: nil, count: checks.count)
        for node in Set(checks.map(\.endpoint.node)) {
            let changes = try compiledChanges(updates, on: node)
            let asked = checks.indices.filter { checks[$0].endpoint.node == node }
            let own = try kernel.withLock { kernel in
                let loaded = try kernel ?? KernelVerdicts()
                kernel = loaded
                try loaded.reset()
                for change in changes { try loaded.apply(change) }
                return try asked.map { try loaded.judge(checks[$0]) }
            }
            for (index, answer) in zip(asked, own) { answers[index] = answer }
        }
        return answers
    }

    private static func judge(
        _ questions: [Question],
        _ changes: [DataplaneChange],
        _ kernel: KernelVerdicts
    ) throws -> [Answer] {
        try kernel.reset()
        for change in changes { try kernel.apply(change) }
        return try questions.map { question in
            guard let told = kernel.tables.judge(question) else {
                throw VectorError("\(question.endpoint) has no tables")
            }
            guard KernelVerdicts.isJudged(question.flow) else {
                return Answer(
                    isAllowed: told.isAllowed,
                    rule: told.rule ?? .noMatch(question.direction),
                    isLogged: told.logRule != nil
                )
            }
            return try answer(question, kernel)
        }
    }

    private static func answer(_ question: Question, _ kernel: KernelVerdicts) throws -> Answer {
        guard let verdict = try kernel.judge(question.flow, question.direction) else {
            throw VectorError("\(question.endpoint) has no programs")
        }
        let rule = verdict.rule ?? .noMatch(question.direction)
        return Answer(
            isAllowed: verdict.isAllowed,
            rule: verdict.tellsRule ? rule : nil,
            isLogged: verdict.logRule != nil
        )
    }
}

/// The kernel's engine where the machine lets us; with REQUIRE_BPF=1 in any case.
let kernelEngines: [any VerdictEngine] = KernelVerdicts.isPossible ? [KernelEngine()] : []
