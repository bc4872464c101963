import Cluster
import Foundation
import Glibc
import Testing

// A cluster is taken down from whatever state it is in:
//
//       node1                node2                 node3
//     ┌──────────────────┐ ┌───────────────────┐ ┌──────────────────┐
//     │ default/a        │ │ default/b         │ │ default/c        │
//     │ agent runs       │ │ agent was killed  │ │ namespace gone   │
//     └───────┬──────────┘ └──────┬────────────┘ └──────────────────┘
//             └────── fabric ─────┘

extension Topology {
    @Suite("down leaves nothing")
    struct DownTests {
        @Test("no namespace, process, link, pinned object or file")
        func down() async throws {
            let links = try hostLinks()
            try await withCluster(nodes: 3) { cluster in
                _ = try await cluster.addPod("default/a", node: "node1")
                _ = try await cluster.addPod("default/b", node: "node2")
                let c = try await cluster.addPod("default/c", node: "node3")
                try #require(try leftovers(of: cluster.paths).count > 8)
                try cluster.stopAgent("node2", signal: SIGKILL)
                try Command.run(["ip", "netns", "del", cluster.paths.namespace(ofPod: c)])
                try Command.run(["ip", "netns", "del", cluster.paths.namespace(ofNode: "node3")])
            }
            #expect(try hostLinks() == links)
        }

        @Test("a pod that is removed leaves nothing on its node, whatever else runs")
        func pods() async throws {
            try await withCluster { cluster in
                _ = try await cluster.addPod("default/stays", node: "node1")
                let before = try await Inventory(cluster, node: "node1")
                for round in 0..<3 {
                    let ids = (0..<5).map { "default/pod\(round)-\($0)" }
                    for id in ids { _ = try await cluster.addPod(id, node: "node1") }
                    for id in ids { try await cluster.removePod(id) }
                }
                #expect(try await Inventory(cluster, node: "node1") == before)
            }
        }

        private func hostLinks() throws -> String {
            String(decoding: try Command.run(["ip", "-br", "link"]), as: UTF8.self)
        }
    }
}
