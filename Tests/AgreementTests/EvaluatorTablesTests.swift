import Agreement
import Compile
import Model
import Support
import Testing

/// Evaluator and compiled tables on random worlds: verdict, deciding rule and logged rule are the same.
@Suite struct EvaluatorTablesTests {
    @Test func `evaluator and tables agree on a world applied at once`() throws {
        var campaign = Campaign(.bulk)
        let failure = try campaign.play(seeds: 1..<UInt64(Effort.worlds) + 1)
        #expect(failure == nil, "\(failure?.report ?? "")")
        #expect(campaign.cases > Effort.worlds * 80 || failure != nil)
    }

    @Test func `updates in any order and with repeats end in the tables of one bulk update`() throws
    {
        var campaign = Campaign(.long)
        let failure = try campaign.play(seeds: 10_000..<UInt64(Effort.histories) + 10_000)
        #expect(failure == nil, "\(failure?.report ?? "")")
        #expect(campaign.cases > Effort.histories * 150 || failure != nil)
    }

    @Test func `the same objects again change nothing`() {
        var world = RandomWorld(seed: 77)
        let updates = (0..<80).map { _ in world.update() }
        var compiler = PolicyCompiler(localNode: RandomWorld.localNode)
        _ = compiler.apply(updates)
        while compiler.needsSettling { _ = compiler.apply([]) }
        var present: [String: Update] = [:]
        for update in updates { present[update.key] = update }
        for _ in 0..<3 {
            let change = compiler.apply(present.values.shuffled(using: &world.random))
            #expect(change.isEmpty, "\(change)")
        }
    }
}
