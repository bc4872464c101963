import BPFSupport
import Glibc
import JSON

/// Measures the eBPF programs by `BPF_PROG_TEST_RUN`: nanoseconds a packet above a program that
/// only returns, beside what Calico's programs cost on the same machine.
///
/// `--json FILE` writes the rows.
@main
struct BenchDataplane {
    private static let rounds = 7

    static func main() throws {
        let arguments = CommandLine.arguments.dropFirst()
        guard arguments.isEmpty || arguments.count == 2 && arguments.first == "--json" else {
            print("usage: bench-dataplane [--json FILE]")
            exit(2)
        }
        let rows = try establishedRows() + firstPacketRows() + sweepRows()
        Report(rows: rows).print()
        if let file = arguments.last { try Report(rows: rows).write(to: file) }
        exit(rows.allSatisfy { $0.isOK || $0.isGoal } ? 0 : 1)
    }

    private static func establishedRows() throws -> [Row] {
        let node = try TestNode { _ in }
        let scenarios = Scenario.established(node.topology)
        return try scenarios.map { scenario in
            try scenario.prepare(node)
            var samples: [Double] = []
            var empty: [Double] = []
            for _ in 0..<rounds {
                empty.append(try scenario.sampleEmpty(node))
                samples.append(try scenario.sample(node))
            }
            return Row(
                name: scenario.name,
                ours: median(samples) - median(empty),
                theirs: scenario.theirs,
                bar: scenario.bar
            )
        }
    }

    private static func sweepRows() throws -> [Row] {
        let node = try TestNode { _ in }
        return try Sweeps.all.map { sweep in
            let samples = try (0..<rounds).map { _ in try sweep.sample(node) }
            return Row(name: sweep.name, ours: median(samples), theirs: nil, bar: Sweeps.bar)
        }
    }

    private static func firstPacketRows() throws -> [Row] {
        let node = try TestNode { _ in }
        try FirstPackets.fillTables(node)
        return try FirstPackets.all(node.topology).map { first in
            var samples: [Double] = []
            var empty: [Double] = []
            for round in 0..<rounds {
                empty.append(try first.sampleEmpty(node))
                samples.append(try first.sample(node, round: round))
            }
            return Row(
                name: first.name,
                ours: median(samples) - median(empty),
                // Calico at 10 rules, as measured on this machine.
                theirs: 2000,
                bar: first.bar,
                isGoal: true
            )
        }
    }
}
