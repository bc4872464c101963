import Cluster
import Foundation
import Model
import Support
import Testing

// What an agent finds, or does not, on its machine:
//
//       node1               node2
//     ┌────────────────┐  ┌──────────────┐
//     │ default/client │  │ default/web  │
//     └───────┬────────┘  └──────┬───────┘
//             └───── fabric ─────┘

extension Topology {
    @Suite("faults of the machine")
    struct MachineFaultTests {
        @Test(
            "without a capability the agent ends with one line that names it",
            arguments: [
                ("-net_admin", "CAP_NET_ADMIN"), ("-bpf,-sys_admin", "CAP_SYS_ADMIN"),
            ]
        )
        func capability(_ dropped: String, _ name: String) async throws {
            try await withCluster { cluster in
                try cluster.stopAgent("node1")
                let log = cluster.paths.log("node1")
                let before = try String(contentsOfFile: log, encoding: .utf8)
                try cluster.startAgent(
                    "node1",
                    under: ["setpriv", "--bounding-set", dropped, "--inh-caps", dropped]
                )
                let agent = try #require(try cluster.node("node1").agent)
                try await eventually(false) { Cluster.isAgent(agent) }

                let text = try String(contentsOfFile: log, encoding: .utf8)
                let lines = text.dropFirst(before.count).split(separator: "\n")
                #expect(lines.count == 1, "\(lines)")
                #expect(lines.first?.contains(name) == true, "\(lines)")
                #expect(lines.first?.contains("level=critical") == true, "\(lines)")
            }
        }

        @Test("bpffs is not mounted: the agent mounts it")
        func withoutBPFFileSystem() async throws {
            try await withCluster { cluster in
                try cluster.stopAgent("node1")
                try cluster.startAgent(
                    "node1",
                    under: [
                        "unshare", "--mount", "--propagation", "slave", "sh", "-c",
                        #"umount -l /sys/fs/bpf; exec "$@""#, "sh",
                    ]
                )
                try await cluster.waitUntilReady("node1")
                let agent = try #require(try cluster.node("node1").agent)
                let mounts = try String(contentsOfFile: "/proc/\(agent)/mounts", encoding: .utf8)
                #expect(mounts.contains(" /sys/fs/bpf bpf "))

                _ = try await cluster.addPod(
                    "default/client",
                    node: "node1",
                    labels: ["role": "client"]
                )
                _ = try await cluster.addPod("default/web", node: "node2")
                let ends = cluster.probeEndpoints(external: false)
                try await cluster.expect(ends, others: ".. ..")
                try cluster.apply(fromClients)
                try await cluster.expect(ends, others: ".. X.")
                // Before its mount namespace goes, for only that can reach the pins.
                try await cluster.removePod("default/client")
            }
        }

        @Test("node and fabric lose each other for a while")
        func linkDown() async throws {
            try await withCluster { cluster in
                _ = try await cluster.addPod(
                    "default/client",
                    node: "node1",
                    labels: ["role": "client"]
                )
                _ = try await cluster.addPod("default/near", node: "node1")
                _ = try await cluster.addPod("default/web", node: "node2")
                let ends = cluster.probeEndpoints(external: false)
                try cluster.apply(fromClients)
                try await cluster.expect(ends, others: "... X.X XX.")

                let link = ["ip", "-n", cluster.paths.namespace(ofNode: "node1"), "link", "set"]
                try Command.run(link + ["eth0", "down"])
                try await cluster.expect(ends, others: "..X X.X XX.")
                // The kernel forgot the routes over it, and the node's IPv6 address with them.
                try Command.run(link + ["eth0", "up"])
                try await cluster.expect(ends, others: "... X.X XX.", families: [.v4])
            }
        }
    }
}
