package import KernelVerdicts
import Model

/// One seeded history after the other, up to the first that goes wrong.
package struct Campaign {
    package struct Failure: Hashable, Sendable {
        package let seed: UInt64
        package let history: History
        package let problem: String

        /// For people: what went wrong, and all that it takes.
        package var report: String { "seed \(seed): \(problem)\n\(history.listing)" }
    }

    private let size: History.Size
    private let kernel: KernelVerdicts?
    private let corpus: Corpus
    /// On which all voices agreed so far.
    package private(set) var cases = 0

    package init(
        _ size: History.Size,
        _ kernel: KernelVerdicts? = nil,
        keepingIn corpus: Corpus = .repository
    ) {
        self.size = size
        self.kernel = kernel
        self.corpus = corpus
    }

    /// Plays the histories of seeds up to the first that goes wrong.
    package mutating func play(seeds: Range<UInt64>) throws -> Failure? {
        for seed in seeds {
            if let failure = try play(seed: seed) { return failure }
        }
        return nil
    }

    /// Plays the history of a seed; one that goes wrong is shrunk and kept.
    package mutating func play(seed: UInt64) throws -> Failure? {
        var world = RandomWorld(seed: seed)
        let history = History(&world, size, .some(seed))
        let findings = history.findings(kernel)
        cases += findings.cases
        guard let problem = findings.problem else { return nil }
        let least = history.minimised { $0.findings(kernel).problem != nil }
        let failure = Failure(
            seed: seed,
            history: least,
            problem: least.findings(kernel).problem ?? problem
        )
        try corpus.keep(least, problem: failure.problem)
        return failure
    }
}
