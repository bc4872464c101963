import Compile
import Model
import Support
import Testing

/// Evaluator and compiled tables on random worlds: verdict, deciding rule and logged rule are the same.
@Suite struct EvaluatorTablesTests {
    private static let flowsPerWorld = 150

    @Test(arguments: 0..<Effort.worlds)
    func `evaluator and tables agree on a world applied at once`(_ number: Int) {
        let seed = UInt64(number) + 1
        var world = RandomWorld(seed: seed)
        let updates = (0..<60).map { _ in world.update() }
        let questions = History.questions(&world, Self.flowsPerWorld)
        let bounds = History.Bounds.some(number)
        guard let difference = disagreement(updates, questions, bounds) else { return }
        let least = minimised(updates) { disagreement($0, questions, bounds) != nil }
        let about = disagreement(least, questions, bounds) ?? difference
        Issue.record("seed \(seed), \(bounds): \(about)\n  world:\n\(listing(least))")
    }

    @Test(arguments: 0..<Effort.histories)
    func `updates in any order and with repeats end in the tables of one bulk update`(
        _ number: Int
    ) {
        let seed = UInt64(number) + 10_000
        var world = RandomWorld(seed: seed)
        let bounds = History.Bounds.some(number)
        let history = History(&world, batches: 30, questions: 20, bounds)
        guard history.problem != nil else { return }
        let least = history.minimised
        Issue.record("seed \(seed), \(bounds): \(least.problem ?? "")\n\(least.listing)")
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
