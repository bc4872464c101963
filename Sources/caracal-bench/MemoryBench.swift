import Cluster
import Foundation

/// Resident memory of an agent with many pods and policies.
struct MemoryBench {
    func run() async throws -> [Row] {
        try await withCluster(nodes: 1) { cluster in
            try await Policies(store: cluster.openStore()).applyMany(1000)
            for index in 0..<110 {
                _ = try await cluster.addPod(
                    "default/pod-\(index)",
                    node: "node1",
                    labels: ["app": "web", "n": "\(index)"]
                )
            }
            try await Task.sleep(for: .seconds(2))
            guard let pid = cluster.state.nodes[0].agent,
                let status = FileManager.default.contents(atPath: "/proc/\(pid)/status"),
                let line = String(decoding: status, as: UTF8.self).split(separator: "\n")
                    .first(where: { $0.hasPrefix("VmRSS:") }),
                let kibibytes = line.split(separator: " ").dropFirst().first.flatMap({ Double($0) })
            else { throw ClusterError("the agent's memory cannot be read from /proc") }
            return [
                .limit(
                    "agent resident, 110 pods, 1,000 policies",
                    kibibytes / 1024,
                    atMost: 60,
                    "MiB"
                )
            ]
        }
    }
}
