import Glibc

/// How much is tried: enough for every run of the tests, more on request.
enum Effort {
    /// AGREEMENT_EFFORT multiplies the number of worlds; the seeds go on where the smaller run ends.
    private static let factor = getenv("AGREEMENT_EFFORT").flatMap { Int(String(cString: $0)) } ?? 1

    static let worlds = 100 * factor
    static let histories = 40 * factor
    static let kernelWorlds = 60 * factor
    static let largeWorlds = 4 * factor
}
