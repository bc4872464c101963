internal import Logging

/// How long the steps of one request took, for the log.
struct Stopwatch {
    private var last = ContinuousClock.now
    private var laps: [(step: String, duration: Duration)] = []

    mutating func lap(_ step: String) {
        let now = ContinuousClock.now
        laps.append((step, now - last))
        last = now
    }

    /// In milliseconds, by step.
    func metadata(_ workload: String) -> Logger.Metadata {
        var metadata: Logger.Metadata = ["workload": "\(workload)"]
        for (step, duration) in laps {
            let hundredths = Int(duration / .microseconds(10))
            metadata[step] = "\(Double(hundredths) / 100)ms"
        }
        return metadata
    }
}
