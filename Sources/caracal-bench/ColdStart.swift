import Cluster
import Foundation

/// From all objects of a cluster in memory to the last entry of the kernel's maps.
///
/// Each start is a process of its own, `bench-coldstart`, which holds the policy engine and the
/// dataplane and nothing else of the agent, so that the peak of its memory is theirs.
struct ColdStart {
    /// What one such process found.
    struct Finding: Codable {
        let seconds: Double
        let compileSeconds: Double
        let writes: Double
        let peakMegabytes: Double
        let idleMegabytes: Double
        let objectsMegabytes: Double
    }

    private struct Bar {
        let shape: String
        let seconds: Double
        let megabytes: Double
    }

    private static let bars = [
        Bar(shape: "a", seconds: 3.5, megabytes: 250), Bar(shape: "b", seconds: 0.5, megabytes: 80),
        Bar(shape: "c", seconds: 6, megabytes: 400), Bar(shape: "d", seconds: 0.2, megabytes: 50),
    ]

    /// `nil` is all of them.
    let shape: String?
    let rounds: Int

    func run() async throws -> [Row] {
        var rows: [Row] = []
        for bar in Self.bars where shape == nil || bar.shape == shape {
            let name = "cold start (\(bar.shape))"
            var findings: [Finding] = []
            for _ in 0..<rounds {
                findings.append(try Self.measure(["start", bar.shape]))
                progress("\(name): \(findings[findings.count - 1])")
            }
            let seconds = findings.map(\.seconds).median
            let peak = findings.map(\.peakMegabytes).median
            rows.append(.limit("\(name), to the last map write", seconds, atMost: bar.seconds, "s"))
            rows.append(.limit("\(name), peak resident", peak, atMost: bar.megabytes, "MB"))
        }
        if shape == nil || shape == "a" { rows += try labelChanges() }
        return rows
    }

    /// One endpoint of the largest cluster changes its labels, a thousand times.
    private func labelChanges() throws -> [Row] {
        let milliseconds: [Double] = try Self.measure(["changes", "1000"])
        progress("label change in cluster (a): p50 \(format(milliseconds.median)) ms")
        return [
            .limit(
                "label change in cluster (a), to the last map write, p99",
                milliseconds.percentile(0.99),
                atMost: 5,
                "ms"
            )
        ]
    }

    /// Runs the executable beside this one, which prints JSON.
    private static func measure<Result: Decodable>(_ arguments: [String]) throws -> Result {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let process = Process()
        process.executableURL = URL(fileURLWithPath: own).deletingLastPathComponent()
            .appending(path: "bench-coldstart")
        process.arguments = arguments
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            throw ClusterError("bench-coldstart ended with \(process.terminationStatus)")
        }
        return try JSONDecoder().decode(Result.self, from: output)
    }
}
