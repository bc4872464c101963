import Cluster
import Foundation
import Model

/// Pod to pod with policy in force, against plain kernel routing and against a program that only
/// redirects; the three take turns, the medians count.
struct ThroughputBench {
    let rounds: Int

    private struct Lab {
        let name: String
        let a: Prober.Endpoint
        let b: Prober.Endpoint
        let c: Prober.Endpoint
    }

    func run() async throws -> [Row] {
        let plain = try PlainCluster(creating: "plain\(getpid() % 1000)")
        defer { try? plain.down() }
        let limit = try PlainCluster(creating: "limit\(getpid() % 1000)")
        defer { try? limit.down() }
        try limit.redirectOnly("bpf/test/limit.bpf.o")

        return try await withCluster(nodes: 2) { cluster in
            try await Policies(store: cluster.openStore()).applyUsual()
            for (name, node) in [("a", "node1"), ("b", "node1"), ("c", "node2")] {
                _ = try await cluster.addPod(
                    "default/\(name)",
                    node: node,
                    labels: ["role": "client", "app": "web"]
                )
            }
            let ends = cluster.probeEndpoints(external: false)
            let labs = [
                Lab(name: "caracal", a: ends[0], b: ends[1], c: ends[2]),
                Lab(
                    name: "plain routing",
                    a: try plain.endpoint("a"),
                    b: try plain.endpoint("b"),
                    c: try plain.endpoint("c")
                ),
                Lab(
                    name: "redirect only",
                    a: try limit.endpoint("a"),
                    b: try limit.endpoint("b"),
                    c: try limit.endpoint("c")
                ),
            ]
            return try measure(labs)
        }
    }

    private func measure(_ labs: [Lab]) throws -> [Row] {
        var figures: [String: [[Double]]] = [:]
        for round in 0..<rounds {
            progress("throughput: round \(round + 1) of \(rounds)")
            for (index, lab) in labs.enumerated() {
                for (place, target) in [("same node", lab.b), ("across nodes", lab.c)] {
                    let port = UInt16(7000 + round)
                    try note(&figures, "TCP stream, \(place)", index, stream(lab.a, target, port))
                    try note(
                        &figures,
                        "TCP stream, \(place), one processor",
                        index,
                        stream(lab.a, target, port, pinning: ["taskset", "1"])
                    )
                    try note(
                        &figures,
                        "TCP connections, \(place)",
                        index,
                        Connections.perSecond(from: lab.a, to: target, port: port + 1000)
                    )
                }
            }
        }
        return figures.sorted { $0.key < $1.key }.flatMap { name, values in
            let medians = values.map(\.median)
            let unit = name.hasPrefix("TCP stream") ? "Gb/s" : "1/s"
            return [
                Row.ratio(name, medians[0], labs[1].name, medians[1], atLeast: 1, unit),
                // The limit is told, not asked for here.
                Row.ratio(name, medians[0], labs[2].name, medians[2], atLeast: 0, unit),
            ]
        }
    }

    private func note(
        _ figures: inout [String: [[Double]]],
        _ name: String,
        _ lab: Int,
        _ value: Double
    ) {
        figures[name, default: [[], [], []]][lab].append(value)
    }

    /// One TCP stream with cubic, in gigabits a second.
    ///
    /// With both ends pinned to one processor it tells what a byte costs; without, where the scheduler
    /// put them counts as much.
    private func stream(
        _ source: Prober.Endpoint,
        _ destination: Prober.Endpoint,
        _ port: UInt16,
        pinning: [String] = []
    ) throws -> Double {
        guard let address = destination.address(.v4) else {
            throw ClusterError("\(destination.name) has no IPv4 address")
        }
        let server = Process()
        server.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        server.arguments =
            ["nsenter", "--net=\(destination.namespace)"] + pinning
            + ["iperf3", "-s", "-1", "-p", "\(port)"]
        server.standardOutput = FileHandle.nullDevice
        try server.run()
        defer { server.waitUntilExit() }
        var failure: (any Error)?
        // The server needs a moment to listen.
        for _ in 0..<100 {
            do {
                let output = try Command.run(
                    ["nsenter", "--net=\(source.namespace)"] + pinning
                        + ["iperf3", "-c", "\(address)", "-p", "\(port)"]
                        + ["-C", "cubic", "-t", "2", "-J"]
                )
                return try bitsPerSecond(output) / 1e9
            } catch {
                failure = error
                usleep(20_000)
            }
        }
        server.terminate()
        throw failure ?? ClusterError("iperf3 did not run")
    }

    private func bitsPerSecond(_ output: Data) throws -> Double {
        guard let report = try JSONSerialization.jsonObject(with: output) as? [String: Any],
            let end = report["end"] as? [String: Any],
            let received = end["sum_received"] as? [String: Any],
            let value = received["bits_per_second"] as? Double
        else { throw ClusterError("iperf3's report has no sum_received") }
        return value
    }
}
