import Foundation

/// One measured figure beside what it is compared with.
struct Row: Codable {
    let name: String
    let ours: Double
    /// The peer's or the baseline's figure of the same run; the bar itself where there is no peer.
    let theirs: Double
    let peer: String
    let unit: String
    /// `ours / theirs`.
    let ratio: Double
    /// What must hold, in words a person reads: `≤ 15`, `≥ 1.0 ×`.
    let bar: String
    let ok: Bool

    /// A figure with a limit of its own.
    static func limit(_ name: String, _ ours: Double, atMost bar: Double, _ unit: String) -> Row {
        Row(
            name: name,
            ours: ours,
            theirs: bar,
            peer: "bar",
            unit: unit,
            ratio: ours / max(bar, 1),
            bar: "≤ \(format(bar))",
            ok: ours <= bar
        )
    }

    static func limit(_ name: String, _ ours: Double, atLeast bar: Double, _ unit: String) -> Row {
        Row(
            name: name,
            ours: ours,
            theirs: bar,
            peer: "bar",
            unit: unit,
            ratio: ours / bar,
            bar: "≥ \(format(bar))",
            ok: ours >= bar
        )
    }

    /// A figure that must be at least `bar` times the peer's of the same run.
    static func ratio(
        _ name: String,
        _ ours: Double,
        _ peer: String,
        _ theirs: Double,
        atLeast bar: Double,
        _ unit: String
    ) -> Row {
        Row(
            name: name,
            ours: ours,
            theirs: theirs,
            peer: peer,
            unit: unit,
            ratio: ours / theirs,
            bar: "≥ \(format(bar)) ×",
            ok: ours / theirs >= bar
        )
    }

    /// A cost that must be at most `bar` times the peer's of the same run.
    static func ratio(
        _ name: String,
        _ ours: Double,
        _ peer: String,
        _ theirs: Double,
        atMost bar: Double,
        _ unit: String
    ) -> Row {
        Row(
            name: name,
            ours: ours,
            theirs: theirs,
            peer: peer,
            unit: unit,
            ratio: ours / theirs,
            bar: "≤ \(format(bar)) ×",
            ok: ours / theirs <= bar
        )
    }
}

/// The rows of a run, printed as a table and written as JSON.
struct Report {
    var rows: [Row] = []

    func print() {
        let head = ["name", "ours", "theirs", "peer", "unit", "ratio", "bar", "ok"]
        let lines =
            [head]
            + rows.map { row in
                [
                    row.name, format(row.ours), format(row.theirs), row.peer, row.unit,
                    format(row.ratio), row.bar, row.ok ? "yes" : "NO",
                ]
            }
        let widths = head.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        for line in lines {
            let cells = zip(line, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
            Swift.print(cells.joined(separator: "  "))
        }
    }

    func write(_ path: String) throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        try encoder.encode(rows).write(to: URL(fileURLWithPath: path))
    }
}

/// Three significant digits, without an exponent.
func format(_ value: Double) -> String {
    guard value.isFinite else { return "-" }
    if value == value.rounded(), abs(value) < 1e15 { return String(Int64(value)) }
    let digits = max(0, 2 - Int(log10(max(abs(value), 1e-9)).rounded(.down)))
    return String(format: "%.\(min(digits, 6))f", value)
}

extension [Double] {
    /// The value below which `share` of the values lie; 0 for none.
    func percentile(_ share: Double) -> Double {
        let sorted = sorted()
        guard !sorted.isEmpty else { return 0 }
        return sorted[Swift.min(sorted.count - 1, Int(Double(sorted.count) * share))]
    }

    var median: Double { percentile(0.5) }
}
