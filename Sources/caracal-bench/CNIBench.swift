import Cluster
import Foundation

/// ADD with policy live, the plugin started as a process each time, as a container runtime does.
struct CNIBench {
    let cycles: Int

    func run() async throws -> [Row] {
        try await withCluster(nodes: 1) { cluster in
            try await Policies(store: cluster.openStore()).applyUsual()
            let pods = try await cluster.preparePods(100, node: "node1")
            let plugin = cluster.plugin("node1")
            // The first round claims the node's blocks, which stay affine to it.
            for pod in pods { _ = try plugin.add(pod) }
            for pod in pods { try plugin.delete(pod) }
            let before = try leftovers(cluster)

            var times: [Double] = []
            for pod in pods {
                times.append(try milliseconds { _ = try plugin.add(pod) })
            }
            for pod in pods { try plugin.delete(pod) }

            let atOnce = try milliseconds { try inParallel(pods) { _ = try plugin.add($0) } }
            try inParallel(pods) { try plugin.delete($0) }

            let started = ContinuousClock.now
            // All pods at once, as a node that is drained and filled again sees it.
            for cycle in stride(from: 0, to: cycles, by: pods.count) {
                if cycle % 1000 == 0 { progress("cni: cycle \(cycle) of \(cycles)") }
                try inParallel(pods) { _ = try plugin.add($0) }
                try inParallel(pods) { try plugin.delete($0) }
            }
            progress("cni: \(cycles) cycles took \(started.duration(to: .now))")
            let after = try leftovers(cluster)
            try await cluster.discardPods(pods)
            if before != after { progress("cni: before \(before), after \(after)") }
            return [
                .limit("CNI ADD, p50", times.median, atMost: 15, "ms"),
                .limit("CNI ADD, p99", times.percentile(0.99), atMost: 30, "ms"),
                .limit("100 ADDs at once", atOnce / 1000, atMost: 3, "s"),
                .limit(
                    "left behind by \(cycles) ADD/DEL cycles (veths, routes, map entries, addresses)",
                    Double(zip(before, after).map { max(0, $1 - $0) }.reduce(0, +)),
                    atMost: 0,
                    "objects"
                ),
            ]
        }
    }

    private func milliseconds(_ body: () throws -> Void) rethrows -> Double {
        let start = ContinuousClock.now
        try body()
        return start.duration(to: .now) / .milliseconds(1)
    }

    private func inParallel(
        _ pods: [ClusterState.Pod],
        _ body: @escaping @Sendable (ClusterState.Pod) throws -> Void
    ) throws {
        let queue = OperationQueue()
        queue.maxConcurrentOperationCount = pods.count
        let failures = Failures()
        for pod in pods {
            queue.addOperation {
                do { try body(pod) } catch { failures.add("\(error)") }
            }
        }
        queue.waitUntilAllOperationsAreFinished()
        if let first = failures.first { throw ClusterError(first) }
    }

    /// Counts of what pods make: links, routes, endpoint and interface entries, allocations.
    private func leftovers(_ cluster: Cluster) throws -> [Int] {
        let node = cluster.paths.namespace(ofNode: "node1")
        let maps = cluster.paths.bpfRoot("node1") + "/maps"
        func lines(_ arguments: [String]) throws -> Int {
            let output = try Command.run(arguments)
            return String(decoding: output, as: UTF8.self).split(separator: "\n").count
        }
        func entries(_ map: String) throws -> Int {
            let output = try Command.run([
                "bpftool", "-j", "map", "dump", "pinned", "\(maps)/\(map)",
            ])
            return (try JSONSerialization.jsonObject(with: output) as? [Any])?.count ?? 0
        }
        let utilization = try Command.run(
            [try Command.sibling("caracalctl"), "get", "ipamhandle", "-o", "name"],
            environment: ["CARACAL_STORE": cluster.paths.store]
        )
        return [
            try lines(["ip", "-n", node, "-o", "link"]),
            try lines(["ip", "-n", node, "-o", "route", "show", "table", "all"]),
            try entries("cara_endpoints"), try entries("cara_ifaces"), try entries("cara_spoof"),
            String(decoding: utilization, as: UTF8.self).split(separator: "\n").count,
        ]
    }
}

/// Errors of several threads.
private final class Failures: @unchecked Sendable {
    // Guarded by `lock` in both members.
    private let lock = NSLock()
    private var all: [String] = []

    func add(_ failure: String) { lock.withLock { all.append(failure) } }
    var first: String? { lock.withLock { all.first } }
}
