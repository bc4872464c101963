import Agreement
import Compile
import Evaluate
import KernelVerdicts
import Model
import Support
import Testing

/// The XDP program, over the tables that the compiler made, drops what the evaluator says that
/// doNotTrack policy denies, by the same rule, and nothing else.
@Suite(.enabled(if: KernelVerdicts.isPossible), .serialized)
struct UntrackedAgreementTests {
    @Test func `evaluator and XDP agree on untracked policy`() throws {
        var denials = 0
        for seed in 60_000..<60_000 + UInt64(Effort.worlds) / 4 {
            var world = RandomWorld(seed: seed)
            let updates = (0..<60).map { _ in world.update() } + [world.hostUpdate()]
            let flows = (0..<40).map { _ in world.question().flow }
                .filter(KernelVerdicts.isJudged)
            var compiler = PolicyCompiler(localNode: RandomWorld.localNode)
            let xdp = try UntrackedVerdicts()
            try xdp.apply(compiler.apply(updates))
            let facts = PolicyWorld(updates)
            let evaluator = Evaluator(facts)
            for id in facts.endpoints.keys where Self.isHost(id) {
                for flow in flows {
                    let judgement = evaluator.judgeUntracked(flow, atHost: id, .ingress)
                    let isDenied = judgement.map { !$0.isAllowed } ?? false
                    let verdict = try xdp.judge(flow, atHost: id)
                    #expect(verdict.isDenied == isDenied, "seed \(seed): \(flow) at \(id)")
                    guard isDenied else { continue }
                    denials += 1
                    #expect(verdict.rule == judgement?.decision, "seed \(seed): \(flow) at \(id)")
                }
            }
        }
        #expect(denials > 0, "no packet was denied")
    }

    private static func isHost(_ id: EndpointID) -> Bool {
        if case .host(RandomWorld.localNode, _) = id { true } else { false }
    }
}
