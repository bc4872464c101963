import Compile
import Evaluate
import KernelVerdicts
import Model
import Support
import Testing

/// The real programs, over the tables that the compiler made, say what the evaluator says.
@Suite(.enabled(if: KernelVerdicts.isPossible), .serialized)
struct KernelAgreementTests {
    private static let batches = 8
    private static let flowsPerBatch = 40

    @Test func `evaluator, tables and kernel agree while a world changes`() throws {
        let kernel = try KernelVerdicts()
        var cases = 0
        for number in 0..<Effort.kernelWorlds {
            let seed = UInt64(number) + 20_000
            var world = RandomWorld(seed: seed)
            var compiler = History.Bounds.some(number).compiler
            var updates: [Update] = []
            for batch in 0..<Self.batches {
                let fresh = (0..<8).map { _ in world.update() }
                updates += fresh
                try kernel.apply(compiler.apply(fresh))
                let questions = History.questions(&world, Self.flowsPerBatch)
                    .filter { KernelVerdicts.isJudged($0.flow) }
                let evaluator = Evaluator(PolicyWorld(updates))
                for question in questions {
                    guard let difference = try Self.difference(evaluator, kernel, question) else {
                        cases += 1
                        continue
                    }
                    Issue.record("seed \(seed), batch \(batch): \(difference)")
                    return
                }
            }
            try kernel.reset()
        }
        print("three voices agreed on \(cases) cases, seeds from 20000")
        #expect(cases > 20_000)
    }

    /// Thousands of rules in several tiers, so that bitmaps have many chunks, and Log and Pass lead from
    /// one to another.
    @Test func `evaluator, tables and kernel agree on programs of thousands of rules`() throws {
        let kernel = try KernelVerdicts()
        var clauses = 0
        for seed in 40_000..<40_000 + UInt64(Effort.largeWorlds) {
            var world = RandomWorld(seed: seed)
            let updates = (0..<60).map { _ in world.update() } + world.largePolicies(rules: 700)
            var compiler = History.Bounds(limit: 0).compiler
            try kernel.apply(compiler.apply(updates))
            clauses = max(clauses, kernel.tables.programs.values.map(\.clauses.count).max() ?? 0)
            let evaluator = Evaluator(PolicyWorld(updates))
            for question in History.questions(&world, 100)
            where KernelVerdicts.isJudged(question.flow) {
                guard let difference = try Self.difference(evaluator, kernel, question) else {
                    continue
                }
                Issue.record("seed \(seed): \(difference)")
                return
            }
            try kernel.reset()
        }
        #expect(clauses > 1024, "one chunk is enough for all")
    }

    /// Through every program that may judge the direction.
    private static func difference(
        _ evaluator: Evaluator,
        _ kernel: KernelVerdicts,
        _ question: Case
    ) throws -> String? {
        let expected = evaluate(evaluator, question)
        let told = interpret(kernel.tables, question)
        guard expected == told else { return "\(question)\n  \(text(expected))\n  \(text(told))" }
        let isStaged = question.isStaged
        let hooks: [KernelVerdicts.Hook] =
            question.direction == .ingress
            ? KernelVerdicts.Hook.allCases : [.fromWorkload, .toWorkload]
        for hook in hooks {
            do {
                let verdict = try kernel.judge(question.flow, question.direction, through: hook)
                let voice = verdict.map { verdict in
                    isStaged
                        ? Voice(pendingOf: verdict, else: expected)
                        : Voice(verdict, else: expected?.rule)
                }
                guard voice != expected else { continue }
                return "\(question)\n  evaluator: \(text(expected))\n  \(hook): \(text(voice))"
            } catch let error as KernelVerdictError {
                return "\(question)\n  evaluator: \(text(expected))\n  \(hook): \(error)"
            }
        }
        return nil
    }

    private static func text(_ voice: Voice?) -> String { voice.map(\.description) ?? "not local" }
}

extension Voice {
    /// Where the kernel keeps no rule, the expected one is taken for said.
    init(_ verdict: KernelVerdict, else rule: RuleName?) {
        self.init(
            isAllowed: verdict.isAllowed,
            rule: verdict.tellsRule ? verdict.rule : rule,
            logRule: verdict.logRule
        )
    }

    /// What staged policies would do: the same as is done where the kernel was told of none.
    ///
    /// Log rules stay silent there, so that the expected one is taken for said.
    init(pendingOf verdict: KernelVerdict, else expected: Voice?) {
        let logRule = expected?.logRule
        if let pending = verdict.pending {
            self.init(isAllowed: pending.isAllowed, rule: pending.rule, logRule: logRule)
        } else if verdict.tellsRule {
            self.init(isAllowed: verdict.isAllowed, rule: verdict.rule, logRule: logRule)
        } else {
            let isAllowed = expected?.isAllowed ?? verdict.isAllowed
            self.init(isAllowed: isAllowed, rule: expected?.rule, logRule: logRule)
        }
    }
}
