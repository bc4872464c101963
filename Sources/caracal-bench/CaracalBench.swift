import ArgumentParser
import Cluster
import Foundation

/// Measures the whole of Caracal: real agents, real pods, real packets.
@main
struct CaracalBench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench",
        abstract: "Measure Caracal beside a baseline of the same run."
    )

    @Argument(
        help: "policy, restart, throughput, xdp, cni, ipam, memory, all, or a part of policy."
    )
    var name: String
    @Option(help: "Write the rows to this file.")
    var json: String?
    @Option(help: "cni: ADD/DEL cycles that must leave nothing behind.")
    var cycles = 10_000
    @Option(help: "policy: only this part of it.")
    var only: String?
    @Option(help: "apply: how many changes.")
    var changes = 200
    @Option(help: "Rounds of which the median counts.")
    var rounds = 5
    @Option(help: "agent: how long endpoint updates come.")
    var seconds = 60
    @Option(help: "coldstart: only this shape of cluster, a to d.")
    var shape: String?

    private var benches: [(String, () async throws -> [Row])] {
        [
            ("ipam", { try await IPAMBench().run() }),
            ("cni", { try await CNIBench(cycles: cycles).run() }),
            ("apply", { try await PolicyBench(changes: changes).run() }),
            ("first-packet", { try FirstPacketBench(rounds: rounds).run() }),
            ("connections", { try await PolicyConnections(rounds: rounds).run() }),
            ("many-rules", { try await PolicyConnections(rounds: rounds).runManyRules() }),
            ("coldstart", { try await ColdStart(shape: shape, rounds: rounds).run() }),
            ("agent", { try await AgentBench(seconds: seconds).run() }),
            ("restart", { try await RestartBench().run() }),
            ("memory", { try await MemoryBench().run() }),
            ("xdp", { try await XDPBench(rounds: rounds).run() }),
            ("throughput", { try await ThroughputBench(rounds: rounds).run() }),
        ]
    }

    /// What `policy` stands for.
    private static let policyBenches = [
        "apply", "first-packet", "connections", "many-rules", "coldstart", "agent",
    ]

    private func isChosen(_ bench: String) -> Bool {
        guard name == "policy" else { return name == "all" || name == bench }
        return Self.policyBenches.contains(bench) && (only ?? bench) == bench
    }

    func run() async throws {
        let chosen = benches.filter { isChosen($0.0) }
        guard !chosen.isEmpty else {
            throw ValidationError(
                "no bench '\(only ?? name)'; there are dataplane, policy, "
                    + benches.map(\.0).joined(separator: ", ") + " and all; policy has "
                    + Self.policyBenches.joined(separator: ", ")
            )
        }
        var report = Report()
        for (name, run) in chosen {
            progress("\(name) …")
            report.rows += try await run()
        }
        report.print()
        if let json { try report.write(json) }
        if report.rows.contains(where: { !$0.ok }) { throw ExitCode(1) }
    }
}

/// Tells a person what is going on without getting into the figures.
func progress(_ text: String) {
    FileHandle.standardError.write(Data("bench: \(text)\n".utf8))
}

/// Runs `body` with a cluster of its own and takes it down whatever happens.
func withCluster<R>(
    nodes: Int,
    routing: ClusterRouting = .direct,
    named name: String = "bench\(getpid() % 1000)",
    _ body: (inout Cluster) async throws -> R
) async throws -> R {
    var cluster = try await Cluster.up(
        name: name,
        nodes: nodes,
        hasIPv6: false,
        routing: routing,
        progress: { progress($0) }
    )
    do {
        let result = try await body(&cluster)
        try await cluster.down()
        return result
    } catch {
        try await cluster.down()
        throw error
    }
}
