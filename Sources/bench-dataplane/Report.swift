import Glibc
import JSON

/// One measured figure beside the peer's.
struct Row {
    let name: String
    /// Nanoseconds a packet.
    let ours: Double
    /// Of Calico's programs on the same machine.
    let theirs: Double?
    let bar: Double
    /// A goal is shown but does not fail the run.
    var isGoal = false

    var limit: String { "\(isGoal ? "goal " : "")≤ \(Int(bar))" }

    var isOK: Bool { ours <= bar }

    var json: JSONValue {
        .object(
            JSONObject([
                ("name", .string(name)),
                ("ours", .double(ours)),
                ("theirs", theirs.map { .double($0) } ?? .null),
                ("peer", "Calico's eBPF programs"),
                ("unit", "ns"),
                ("ratio", theirs.map { .double(ours / $0) } ?? .null),
                ("bar", .string(limit)),
                ("ok", .bool(isOK)),
            ])
        )
    }
}

/// The rows of a run, printed as a table and written as JSON.
struct Report {
    let rows: [Row]

    func print() {
        let head = ["name", "ours", "theirs", "unit", "ratio", "bar", "ok"]
        let lines =
            [head]
            + rows.map { row in
                [
                    row.name, tenths(row.ours), row.theirs.map(tenths) ?? "-", "ns",
                    row.theirs.map { tenths(row.ours / $0 * 100) + " %" } ?? "-",
                    row.limit, row.isOK ? "yes" : "NO",
                ]
            }
        let widths = head.indices.map { column in lines.map { $0[column].count }.max() ?? 0 }
        for line in lines {
            let cells = zip(line, widths).map { $0 + String(repeating: " ", count: $1 - $0.count) }
            Swift.print(cells.joined(separator: "  "))
        }
    }

    func write(to path: String) throws {
        let text = JSONValue.array(rows.map(\.json)).text(indentation: 2) + "\n"
        guard let file = fopen(path, "w") else { throw Unwritable(path: path) }
        fputs(text, file)
        fclose(file)
    }

    private func tenths(_ value: Double) -> String {
        String(Double(Int((value * 10).rounded())) / 10)
    }
}

/// A report's file that could not be opened.
struct Unwritable: Error, CustomStringConvertible {
    let path: String

    var description: String { "cannot write \(path)" }
}
