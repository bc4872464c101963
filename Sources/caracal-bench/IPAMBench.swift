import Cluster
import Datastore
import DatastoreSQLite
import Foundation
import IPAM
import JSON
import Resources

/// Allocations a second of one node on the embedded store: one address a call with a handle of its
/// own, as pods ask for them; five fresh stores.
struct IPAMBench {
    private let perRound = 1000

    func run() async throws -> [Row] {
        var rates: [Double] = []
        for _ in 0..<5 {
            let folder = FileManager.default.temporaryDirectory
                .appendingPathComponent("caracal-ipam-\(UUID().uuidString)").path
            try FileManager.default.createDirectory(
                atPath: folder,
                withIntermediateDirectories: true
            )
            rates.append(try await rate(storePath: folder + "/store.db"))
            try FileManager.default.removeItem(atPath: folder)
        }
        return [.limit("IPAM, one node, SQLite", rates.median, atLeast: 2000, "allocations/s")]
    }

    private func rate(storePath: String) async throws -> Double {
        let store = SQLiteDatastore(path: storePath)
        let pool = Resource(
            .calico("IPPool"),
            version: "v3",
            name: "default-ipv4-ippool",
            spec: [
                "cidr": "10.65.0.0/16", "blockSize": 26, "nodeSelector": "all()",
                "allowedUses": ["Workload", "Tunnel"], "assignmentMode": "Automatic",
            ]
        )
        _ = try await store.create(pool)
        let node = Resource(.calico("Node"), version: "v3", name: "node1", spec: [:])
        _ = try await store.create(node)
        let ipam = IPAM(store: store)
        let start = ContinuousClock.now
        for index in 0..<perRound {
            let request = AssignRequest(node: "node1", num4: 1, handle: "bench.\(index)")
            let assignment = await ipam.autoAssign(
                request,
                now: Timestamp(seconds: Int64(Date().timeIntervalSince1970))
            )
            guard assignment.addresses4.count == 1 else {
                throw ClusterError("allocation \(index) gave no address")
            }
        }
        return Double(perRound) / (start.duration(to: .now) / .seconds(1))
    }
}
