import Glibc

/// How much is tried: enough for every run of the tests, more on request.
enum Effort {
    /// AGREEMENT_EFFORT multiplies what is tried; the seeds go on where the smaller run ends.
    private static let factor = getenv("AGREEMENT_EFFORT").flatMap { Int(String(cString: $0)) } ?? 1

    static let worlds = 100 * factor
    static let histories = 40 * factor
    static let largeWorlds = 4 * factor
    /// Each with a verdict of all three voices.
    static let kernelCases = 200_000 * factor
}
