internal import Synchronization

/// The agent's metrics, and their text in Prometheus' exposition format 0.0.4.
package final class Metrics: Sendable {
    private struct Sample {
        var value = 0.0
        var count = 0
    }

    /// Sorted label text, `{map="x"}` or empty, to the sample.
    private typealias Samples = [String: Sample]

    private let samples = Mutex<[Metric: Samples]>([:])

    package init() {}

    /// Sets a gauge, or a counter that is counted elsewhere.
    package func set(_ metric: Metric, _ value: Double, _ labels: [String: String] = [:]) {
        let key = Self.text(labels)
        samples.withLock { $0[metric, default: [:]][key] = Sample(value: value) }
    }

    /// Sets all samples of a metric; those that are not among them are no more.
    package func replace(_ metric: Metric, _ rows: [(labels: [String: String], value: Double)]) {
        var fresh: Samples = [:]
        for (labels, value) in rows { fresh[Self.text(labels)] = Sample(value: value) }
        samples.withLock { $0[metric] = fresh.isEmpty ? nil : fresh }
    }

    /// Adds to a counter.
    package func add(_ metric: Metric, _ amount: Double = 1, _ labels: [String: String] = [:]) {
        let key = Self.text(labels)
        samples.withLock { $0[metric, default: [:]][key, default: Sample()].value += amount }
    }

    /// Adds an observation to a summary.
    package func observe(_ metric: Metric, _ value: Double, _ labels: [String: String] = [:]) {
        let key = Self.text(labels)
        samples.withLock { samples in
            var sample = samples[metric]?[key] ?? Sample()
            sample.value += value
            sample.count += 1
            samples[metric, default: [:]][key] = sample
        }
    }

    package func observe(
        _ metric: Metric,
        _ duration: Duration,
        _ labels: [String: String] = [:]
    ) {
        let (seconds, attoseconds) = duration.components
        observe(metric, Double(seconds) + Double(attoseconds) / 1e18, labels)
    }

    /// The sum of a metric's samples: for tests and for the status command.
    package func total(_ metric: Metric) -> Double {
        samples.withLock { ($0[metric] ?? [:]).values.reduce(0) { $0 + $1.value } }
    }

    /// All metrics, by name.
    package func text() -> String {
        let all = samples.withLock { $0 }
        var lines: [String] = []
        for (metric, samples) in all.sorted(by: { $0.key.name < $1.key.name }) {
            lines.append("# HELP \(metric.name) \(metric.help)")
            lines.append("# TYPE \(metric.name) \(metric.kind.rawValue)")
            for (labels, sample) in samples.sorted(by: { $0.key < $1.key }) {
                if metric.kind == .summary {
                    lines.append("\(metric.name)_sum\(labels) \(sample.value)")
                    lines.append("\(metric.name)_count\(labels) \(sample.count)")
                } else {
                    lines.append("\(metric.name)\(labels) \(Self.text(sample.value))")
                }
            }
        }
        return lines.joined(separator: "\n") + "\n"
    }

    private static func text(_ value: Double) -> String {
        Int64(exactly: value).map(String.init) ?? "\(value)"
    }

    private static func text(_ labels: [String: String]) -> String {
        guard !labels.isEmpty else { return "" }
        let pairs = labels.sorted { $0.key < $1.key }.map { "\($0.key)=\"\(escaped($0.value))\"" }
        return "{\(pairs.joined(separator: ","))}"
    }

    private static func escaped(_ text: String) -> String {
        var result = ""
        for character in text {
            switch character {
            case "\\": result += "\\\\"
            case "\"": result += "\\\""
            case "\n": result += "\\n"
            default: result.append(character)
            }
        }
        return result
    }
}
