import JSON

/// What came of one case.
enum Outcome {
    case passed
    /// Each difference on a line of its own.
    case failed([String])
    /// Out of this program's scope, and why.
    case skipped(String)
}

/// One kind of vector file and how its cases are run.
protocol VectorFamily: Sendable {
    static func recognises(_ file: VectorFile) -> Bool

    init(_ file: VectorFile) throws

    /// Which group of the tally a case counts for.
    func group(of vector: VectorCase) -> String

    /// Policy cases ask every engine; the others have no use for them.
    func run(_ vector: VectorCase, asking engines: [any VerdictEngine]) async throws -> Outcome
}

extension VectorFamily {
    func group(of vector: VectorCase) -> String { "all" }
}

/// Every family that can be run; the first that recognises a file runs it.
let families: [any VectorFamily.Type] = [
    SelectorVectors.self, ValidationVectors.self, RecipeVectors.self, NetworkPolicyVectors.self,
    PolicyVerdictVectors.self, PolicyResourceVectors.self, ClusterPolicyVectors.self,
    IPAMFamily.self, BGPVectors.self,
]

/// Every way to get a verdict: all must agree with the vectors.
let engines: [any VerdictEngine] = [EvaluatorEngine(), TablesEngine()] + kernelEngines
