import Foundation

/// What a figure must be, next to which daemons.
private enum Bar {
    /// At most so many times BIRD's, and less than the others'.
    case birdAndOthers(Double)
    /// Less than each other's.
    case leastOfAll
    /// At most so many times BIRD's.
    case bird(Double)
    /// At most this.
    case limit(Double)
    case none
}

extension Metric {
    fileprivate var bar: Bar {
        switch self {
        case .passSeconds, .passMemory, .fanInSeconds, .fanInMemory: .birdAndOthers(1.5)
        case .upSeconds, .restartSeconds: .leastOfAll
        case .kernelSeconds: .bird(1)
        case .crowdLosses: .limit(0)
        case .flapGrowth: .limit(1.1)
        // A third of the hold time, and one of our slices on a busy machine.
        case .flapSilence: .limit(3.5)
        case .passCPU, .crowdMemory, .flapMemory, .flapLag: .none
        }
    }
}

/// All figures of a run.
struct ResultTable {
    private var values: [Metric: [Contender: [Double]]] = [:]
    private var failures: [String] = []

    /// Runs all contenders in turn, so many times; the slow ones once.
    mutating func measure(
        _ scenario: Scenario,
        _ contenders: [Contender],
        _ scale: Scale,
        rounds: Int
    ) {
        let rounds = scenario == .flaps ? 1 : rounds
        var finished: Set<Contender> = []
        for round in 0..<rounds {
            for contender in contenders where !finished.contains(contender) {
                progress("\(scenario.rawValue), \(contender.title), \(round + 1) of \(rounds)")
                let start = ContinuousClock.now
                do {
                    let reading = try Run(scenario: scenario, contender: contender, scale: scale)
                        .reading()
                    for (metric, value) in reading.values {
                        values[metric, default: [:]][contender, default: []].append(value)
                    }
                    if reading.losses > 0 {
                        failures.append(
                            "\(scenario.rawValue), \(contender.title): \(reading.losses) sessions "
                                + "lost, \(reading.lossReason)"
                        )
                    }
                } catch {
                    failures.append("\(scenario.rawValue): \(error)")
                    finished.insert(contender)
                }
                if (ContinuousClock.now - start).seconds > 10 { finished.insert(contender) }
            }
        }
    }

    private func median(_ metric: Metric, _ contender: Contender) -> Double? {
        let sorted = values[metric]?[contender]?.sorted() ?? []
        return sorted.isEmpty ? nil : sorted[sorted.count / 2]
    }

    // MARK: Judgement

    /// The bar in words and whether it is met; `nil` where nothing can be said.
    private func verdict(_ metric: Metric) -> (bar: String, isMet: Bool?) {
        guard let ours = median(metric, .caracal) else { return ("", nil) }
        func within(_ factor: Double, _ other: Contender) -> Bool? {
            median(metric, other).map { ours <= $0 * factor }
        }
        func all(_ verdicts: [Bool?]) -> Bool? {
            let known = verdicts.compactMap { $0 }
            return known.isEmpty ? nil : known.allSatisfy { $0 }
        }
        let others: [Contender] = [.frr, .gobgp, .openbgpd]
        switch metric.bar {
        case .birdAndOthers(let factor):
            return (
                "≤ \(format(factor)) × BIRD, < others",
                all([within(factor, .bird)] + others.map { within(1, $0) })
            )
        case .leastOfAll:
            return ("< each", all((others + [.bird]).map { within(1, $0) }))
        case .bird(let factor): return ("≤ \(format(factor)) × BIRD", within(factor, .bird))
        case .limit(let limit): return ("≤ \(format(limit))", ours <= limit)
        case .none: return ("–", nil)
        }
    }

    var hasMissed: Bool { Metric.allCases.contains { verdict($0).isMet == false } }

    // MARK: Output

    func print() {
        let measured = Contender.allCases.filter { one in values.values.contains { $0[one] != nil }
        }
        var lines = [["what", ""] + measured.map(\.title) + ["to BIRD", "bar", ""]]
        for metric in Metric.allCases where values[metric] != nil {
            let (bar, isMet) = verdict(metric)
            let ratio = median(metric, .caracal).flatMap { ours in
                median(metric, .bird).map { $0 > 0 ? "\(format(ours / $0)) ×" : "–" }
            }
            lines.append(
                [metric.rawValue, metric.unit]
                    + measured.map { cell(metric, $0) }
                    + [ratio ?? "–", bar, isMet.map { $0 ? "met" : "MISSED" } ?? ""]
            )
        }
        let widths = lines[0].indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        for line in lines {
            Swift.print(
                zip(line, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
                    .joined(separator: "  ")
            )
        }
        Swift.print("Medians of several rounds; * one round only.")
        for failure in failures { Swift.print("failed: \(failure)") }
    }

    private func cell(_ metric: Metric, _ contender: Contender) -> String {
        guard let value = median(metric, contender) else { return "–" }
        return format(value) + (values[metric]?[contender]?.count == 1 ? "*" : "")
    }

    private struct Line: Encodable {
        let what: String
        let unit: String
        /// Every round's.
        let rounds: [String: [Double]]
        let medians: [String: Double]
        let bar: String
        let isMet: Bool?
    }

    func write(_ path: String) throws {
        let lines = Metric.allCases.compactMap { metric -> Line? in
            guard let found = values[metric] else { return nil }
            let (bar, isMet) = verdict(metric)
            let pairs = found.map { ($0.key.rawValue, $0.value) }
            let medians = found.keys.compactMap { one in
                median(metric, one).map { (one.rawValue, $0) }
            }
            return Line(
                what: metric.rawValue,
                unit: metric.unit,
                rounds: Dictionary(uniqueKeysWithValues: pairs),
                medians: Dictionary(uniqueKeysWithValues: medians),
                bar: bar,
                isMet: isMet
            )
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try encoder.encode(lines).write(to: URL(fileURLWithPath: path))
    }
}

/// Tells a person what is going on without getting into the figures.
func progress(_ text: String) {
    FileHandle.standardError.write(Data("bench-bgp: \(text)\n".utf8))
}

/// Three significant digits, without an exponent.
private func format(_ value: Double) -> String {
    if value == value.rounded(), abs(value) < 1e9 { return String(Int(value)) }
    let digits = max(0, 2 - Int(log10(max(abs(value), 1e-9)).rounded(.down)))
    return String(format: "%.\(min(digits, 3))f", value)
}
