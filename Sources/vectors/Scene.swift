import Model
import Resources

/// One state of a cluster and what must hold in it.
struct Scene {
    var updates: [Update]
    var checks: [Check] = []

    /// What the resources mean, with what every cluster has.
    ///
    /// An object that cannot be converted is as if absent, which the cases expect of the agent too.
    init(_ resources: [Resource]) {
        updates = builtInUpdates + resources.flatMap { (try? convert($0)) ?? [] }
    }

    init(updates: [Update]) {
        self.updates = updates
    }
}

/// An expectation of one flow: it passes when policy allows it at every endpoint asked.
struct Check {
    /// How a failure names the flow.
    let label: String
    let questions: [Question]
    let isAllowed: Bool
    var rule: ExpectedRule?
    var isLogged: Bool?

    init(_ label: String, _ questions: [Question], isAllowed: Bool) {
        self.label = label
        self.questions = questions
        self.isAllowed = isAllowed
    }
}

/// The rule that a case says decides; the index is `nil` where the peer numbers its rules apart.
struct ExpectedRule {
    let tier: String
    let owner: RuleName.Owner
    let index: Int?

    func fits(_ rule: RuleName) -> Bool {
        rule.owner == owner && rule.tier == tier && index.map { $0 == rule.index } ?? true
    }
}

/// Asks every engine every question of every scene.
func judge(_ scenes: [Scene], asking engines: [any VerdictEngine]) throws -> Outcome {
    var differences: [String] = []
    for (number, scene) in scenes.enumerated() {
        for engine in engines {
            let answers = try engine.judge(scene.updates, scene.checks.flatMap(\.questions))
            var rest = answers[...]
            for check in scene.checks {
                let own = Array(rest.prefix(check.questions.count))
                rest = rest.dropFirst(own.count)
                guard let difference = check.difference(from: own) else { continue }
                let place = scenes.count > 1 ? "step \(number), " : ""
                differences.append("\(engine.name): \(place)\(check.label): \(difference)")
            }
        }
    }
    return differences.isEmpty ? .passed : .failed(differences)
}

extension Check {
    fileprivate func difference(from answers: [Answer]) -> String? {
        let isAllowed = answers.allSatisfy(\.isAllowed)
        if isAllowed != self.isAllowed {
            let by = answers.compactMap(\.rule).map { "\($0)" }.joined(separator: "; ")
            return "expected \(text(self.isAllowed)), got \(text(isAllowed)) by \(by)"
        }
        if let rule, let decision = answers.last?.rule, !rule.fits(decision) {
            return "expected \(rule) to decide, got \(decision)"
        }
        if let isLogged, let logged = answers.last?.isLogged, logged != isLogged {
            return isLogged ? "expected to be logged, was not" : "was logged, expected not to be"
        }
        return nil
    }

    private func text(_ isAllowed: Bool) -> String { isAllowed ? "allow" : "deny" }
}
