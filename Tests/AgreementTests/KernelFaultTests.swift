import Agreement
import CBPFABI
import Compile
import KernelVerdicts
import Model
import Support
import Testing

/// What a packet meets while an entry of the kernel's tables is lost or overwritten, until the audit puts
/// it right: the verdict that there was, or a denial.
@Suite(.enabled(if: KernelVerdicts.isPossible), .serialized)
struct KernelFaultTests {
    @Test func `a table with a fault allows nothing that it did not allow`() throws {
        let kernel = try KernelVerdicts()
        var (faults, denials) = (0, 0)
        for seed in 50_000..<50_008 as Range<UInt64> {
            var world = RandomWorld(seed: seed)
            var compiler = History.Bounds.some(seed).compiler
            try kernel.apply(compiler.apply((0..<60).map { _ in world.update() }))
            let questions = (0..<60).map { _ in world.question() }
                .filter { KernelVerdicts.isJudged($0.flow) }
            for tables in kernel.tables.programs.values {
                let known = try questions.map { try isAllowed(kernel, $0, tables.id) }
                let chosen = KernelVerdicts.faults(of: tables).shuffled(using: &world.random)
                for fault in chosen.prefix(20) {
                    faults += 1
                    try kernel.with(fault, in: tables) {
                        for (question, before) in zip(questions, known) {
                            let after = try isAllowed(kernel, question, tables.id)
                            if before, !after { denials += 1 }
                            #expect(before || !after, "seed \(seed), \(fault): \(question)")
                        }
                    }
                }
                let again = try questions.map { try isAllowed(kernel, $0, tables.id) }
                #expect(again == known)
            }
            try kernel.reset()
        }
        #expect(faults > 500)
        #expect(denials > 500)
    }

    /// Tables that do not know the packet's groups deny it for a reason of their own.
    private func isAllowed(
        _ kernel: KernelVerdicts,
        _ question: Case,
        _ program: UInt32
    ) throws -> Bool {
        do {
            return try kernel.judge(
                question.flow,
                question.direction,
                program: program,
                through: .fromWorkload
            ).isAllowed
        } catch KernelVerdictError.otherReason(CARA_DROP_NO_VERDICT.rawValue) {
            return false
        }
    }
}
