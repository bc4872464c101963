import Agreement
import Compile
import Evaluate
import Model
import Support
import Testing

/// Evaluator and compiled tables on host endpoints of random worlds: verdict, deciding rule and
/// logged rule are the same in every stage, for addresses of anyone at both ends.
@Suite struct HostTablesTests {
    @Test(arguments: 0..<Effort.worlds)
    func `evaluator and tables agree on host endpoints`(_ number: Int) {
        let seed = UInt64(number) + 40_000
        var world = RandomWorld(seed: seed)
        let updates = (0..<60).map { _ in world.update() } + [world.hostUpdate()]
        let flows = (0..<40).map { _ in world.question().flow }
        var compiler = PolicyCompiler(localNode: RandomWorld.localNode)
        var tables = TableInterpreter()
        tables.apply(compiler.apply(updates))
        let difference = hostDisagreement(PolicyWorld(updates), tables, nil, flows)
        #expect(difference == nil, "seed \(seed): \(difference ?? "")")
    }
}
