import Agreement
import Compile
import KernelVerdicts
import Model
import Testing

/// The real programs, over the tables that the compiler made, say what the evaluator says.
@Suite(.enabled(if: KernelVerdicts.isPossible), .serialized)
struct KernelAgreementTests {
    @Test func `evaluator, tables and kernel agree while a world changes`() throws {
        let kernel = try KernelVerdicts()
        var campaign = Campaign(.dense, kernel)
        var seed: UInt64 = 20_000
        while campaign.cases < Effort.kernelCases {
            if let failure = try campaign.play(seed: seed) {
                Issue.record("\(failure.report)")
                return
            }
            seed += 1
        }
        print("three voices agreed on \(campaign.cases) cases, seeds 20000 to \(seed - 1)")
    }

    /// Thousands of rules in several tiers, so that bitmaps have many chunks, and Log and Pass lead from
    /// one to another.
    @Test func `evaluator, tables and kernel agree on programs of thousands of rules`() throws {
        let kernel = try KernelVerdicts()
        var clauses = 0
        for seed in 40_000..<40_000 + UInt64(Effort.largeWorlds) {
            var world = RandomWorld(seed: seed)
            let updates = (0..<60).map { _ in world.update() } + world.largePolicies(rules: 700)
            let questions = (0..<200).map { _ in world.question() }
            let history = History(batches: [updates], questions: questions, .init(limit: 0))
            #expect(history.findings(kernel).problem == nil, "seed \(seed)")
            clauses = max(clauses, kernel.tables.programs.values.map(\.clauses.count).max() ?? 0)
        }
        #expect(clauses > 1024, "one chunk is enough for all")
    }

    @Test func `cases that failed once do not fail again`() throws {
        let kernel = try KernelVerdicts()
        for (name, history) in try Corpus.repository.rows() {
            #expect(history.findings(kernel).problem == nil, "\(name)")
        }
    }
}
