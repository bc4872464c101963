import Agreement
import ArgumentParser
import Foundation
import KernelVerdicts

/// Random worlds until the time is over: evaluator, compiled tables and kernel must agree on each.
@main
struct AgreementCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agreement",
        abstract: "Ask evaluator, tables and kernel about random worlds; exit 1 when they differ.",
        discussion: "A case on which they differ is shrunk, printed, and kept in the folder."
    )
    @Option(help: "How long to go on.") var minutes = 10.0
    @Option(help: "The first seed; by default another one each time.")
    var seed = UInt64.random(in: 1 << 32..<1 << 62)
    @Option(help: "Where failing cases are kept.") var corpus = Corpus.repository.folder.path

    func run() throws {
        let kernel = try KernelVerdicts()
        let corpus = Corpus(folder: URL(fileURLWithPath: corpus))
        var campaigns = [History.Size.dense, .bulk, .long].map {
            Campaign($0, kernel, keepingIn: corpus)
        }
        let deadline = ContinuousClock.now + .seconds(minutes * 60)
        var seed = seed
        var failures = 0
        while ContinuousClock.now < deadline {
            for index in campaigns.indices {
                guard let failure = try campaigns[index].play(seed: seed) else { continue }
                print(failure.report)
                failures += 1
            }
            seed += 1
        }
        let cases = campaigns.reduce(0) { $0 + $1.cases }
        print("agreement: \(cases) cases, seeds \(self.seed) to \(seed - 1), \(failures) differ")
        if failures > 0 { throw ExitCode.failure }
    }
}
