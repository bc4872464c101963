import Cluster
import Foundation

/// From the start of `caracalctl apply` until the kernels of three nodes act on it, seen by packets:
/// a datagram a millisecond goes to a pod on each node; the first one that shares the new fate
/// marks the moment.
struct PolicyBench {
    let changes: Int

    func run() async throws -> [Row] {
        try await withCluster(nodes: 3) { cluster in
            _ = try await cluster.addPod(
                "default/client",
                node: "node1",
                labels: ["role": "client"]
            )
            for node in cluster.state.nodes {
                _ = try await cluster.addPod(
                    "default/target-\(node.name)",
                    node: node.name,
                    labels: ["app": "target"]
                )
            }
            let ends = cluster.probeEndpoints(external: false)
            let streams = try ends.dropFirst().map {
                try DatagramStream(from: ends[0], to: $0, port: 6000, every: .milliseconds(1))
            }
            var delays: [Double] = []
            for change in 0..<changes {
                try await Task.sleep(for: .milliseconds(50))
                let isAllowed = change % 2 == 1
                let start = ContinuousClock.now
                try cluster.caracalctl(["apply", "-f", "-"], input: Self.policy(isAllowed))
                delays.append(try await seen(isAllowed, since: start, streams))
            }
            for stream in streams { _ = stream.finish() }
            return [
                .limit(
                    "policy change, apply to packets on 3 nodes, p50",
                    delays.median,
                    atMost: 100,
                    "ms"
                ),
                .limit(
                    "policy change, apply to packets on 3 nodes, p99",
                    delays.percentile(0.99),
                    atMost: 100,
                    "ms"
                ),
            ]
        }
    }

    /// Milliseconds from `start` to the first datagram with the new fate on the slowest node.
    private func seen(
        _ isAllowed: Bool,
        since start: ContinuousClock.Instant,
        _ streams: [DatagramStream]
    ) async throws -> Double {
        // A datagram that was dropped shows only by not having come for a while.
        let settle = Duration.milliseconds(30)
        let deadline = start + .seconds(5)
        while ContinuousClock.now < deadline {
            let times = streams.map { stream in
                stream.snapshot().reversed().prefix { $0.time > start }.reversed().first {
                    datagram in
                    datagram.arrived == isAllowed
                        && (isAllowed || datagram.time.duration(to: .now) > settle)
                }?.time
            }
            if times.allSatisfy({ $0 != nil }) {
                return times.compactMap { $0 }.map { start.duration(to: $0) / .milliseconds(1) }
                    .max() ?? 0
            }
            try await Task.sleep(for: .milliseconds(5))
        }
        throw ClusterError("a policy change did not reach every node within 5 s")
    }

    private static func policy(_ isAllowed: Bool) -> String {
        """
        apiVersion: projectcalico.org/v3
        kind: GlobalNetworkPolicy
        metadata:
          name: toggle
        spec:
          order: 10
          selector: app == 'target'
          types: [Ingress]
          ingress:
            - action: \(isAllowed ? "Allow" : "Deny")
        """
    }
}
