import Cluster
import Foundation
import Model

/// Packets a second that a deny list of a million prefixes drops, by a real agent's XDP program and by
/// nftables with a set of the same prefixes; the two take turns, the medians count.
struct XDPBench {
    let rounds: Int
    var prefixes = 1_000_000

    private static let framesPerRound = 400_000
    private static let sources = 1 << 20

    func run() async throws -> [Row] {
        progress("xdp: a list of \(prefixes) prefixes")
        let list = DenyList(count: prefixes)
        return try await withCluster(nodes: 1) { cluster in
            try await list.deny(in: cluster.openStore())
            let pins = "/sys/fs/bpf/bench\(getpid() % 1000)"
            let ours = try Flood(
                pinnedIn: "\(pins)-ours",
                list.sources(Self.sources),
                by: "port1",
                in: cluster.paths.fabric
            )
            try await waitUntilInForce(cluster, ours)
            var labs: [NftLab] = []
            defer { for lab in labs { lab.down() } }
            for hook in NftLab.Hook.allCases {
                progress("xdp: \(hook.rawValue)")
                labs.append(try NftLab(hook, denying: list, pass: "\(pins)-ours/flood_pass"))
            }
            return try measure(cluster, ours, labs, list, pins)
        }
    }

    private func measure(
        _ cluster: Cluster,
        _ ours: borrowing Flood,
        _ labs: [NftLab],
        _ list: DenyList,
        _ pins: String
    ) throws -> [Row] {
        var figures: [String: [Double]] = [:]
        for round in 0..<rounds {
            progress("xdp: round \(round + 1) of \(rounds)")
            figures["ours", default: []].append(
                try counted("Caracal", { try dropped(cluster) }) {
                    try ours.send(Self.framesPerRound)
                }
            )
            for lab in labs {
                let flood = try Flood(
                    pinnedIn: "\(pins)-\(lab.hook)",
                    list.sources(Self.sources),
                    by: lab.interface,
                    in: lab.namespace
                )
                var total = 0.0
                let dropped = {
                    total += try lab.droppedSince()
                    return total
                }
                figures[lab.hook.rawValue, default: []].append(
                    try counted(lab.hook.rawValue, dropped) {
                        try flood.send(Self.framesPerRound)
                    }
                )
            }
        }
        let median = figures["ours", default: []].median
        return labs.map { lab in
            .ratio(
                "drops by a list of \(prefixes) prefixes",
                median,
                lab.hook.rawValue,
                figures[lab.hook.rawValue, default: []].median,
                atLeast: 3,
                "1/s"
            )
        }
    }

    /// The rate of what was dropped: all that was sent, or the figure says nothing.
    private func counted(
        _ name: String,
        _ dropped: () throws -> Double,
        _ send: () throws -> Double
    ) throws -> Double {
        let before = try dropped()
        let rate = try send()
        let count = try dropped() - before
        guard count >= 0.999 * Double(Self.framesPerRound) else {
            throw ClusterError("\(name) dropped \(count) of \(Self.framesPerRound) frames")
        }
        return rate
    }

    private func dropped(_ cluster: Cluster) throws -> Double {
        let status = AgentStatus(cluster, node: "node1")
        return try status.metric("caracal_drops_total", "reason=\"untracked_policy\"") ?? 0
    }

    private func waitUntilInForce(_ cluster: Cluster, _ flood: borrowing Flood) async throws {
        let deadline = ContinuousClock.now + .seconds(240)
        let count = 20_000
        while ContinuousClock.now < deadline {
            let before = try dropped(cluster)
            _ = try flood.send(count)
            if try dropped(cluster) - before >= Double(count) { return }
            try await Task.sleep(for: .milliseconds(500))
        }
        throw ClusterError("the list is not in force after 240 s" + cluster.agentErrors())
    }
}
