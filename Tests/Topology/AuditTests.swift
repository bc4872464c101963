import Cluster
import Foundation
import JSON
import Model
import Support
import Testing

// Somebody writes into the maps behind the agent's back:
//
//       node1                      node2
//     ┌──────────────────┐       ┌───────────────┐
//     │ default/client   │──tcp──│ default/web   │◀── cara_verdicts emptied
//     └──────────────────┘       └───────────────┘

extension Topology {
    @Suite("maps that were damaged")
    struct AuditTests {
        @Test("verdicts that are gone deny, and the agent puts them back unasked")
        func emptied() async throws {
            try await withCluster { cluster in
                for (name, node) in [("client", "node1"), ("web", "node2")] {
                    let labels = ["app": name, "role": name]
                    _ = try await cluster.addPod("default/\(name)", node: node, labels: labels)
                }
                let pair = cluster.probeEndpoints(external: false)
                try cluster.apply(Self.policy)
                try await cluster.expect(pair, others: ".. ..", families: [.v4])
                let socket = cluster.paths.socket("node2")
                let clean = try cluster.caracalctl(["node", "audit", "--socket", socket])
                #expect(clean.hasSuffix("maps hold what they should\n"))

                // The agent stands still, so that a packet meets what is left.
                let agent = try #require(try cluster.node("node2").agent)
                kill(agent, SIGSTOP)
                let map = "\(cluster.paths.bpfRoot("node2"))/maps/cara_verdicts"
                let keys = try Self.keys(of: map)
                #expect(!keys.isEmpty)
                for key in keys {
                    try Command.run(["bpftool", "map", "delete", "pinned", map, "key"] + key)
                }
                // What the pod sends has no verdict either; what was allowed before lives on.
                let fresh = [ProbePort(.tcp, 80), ProbePort(.udp, 53)]
                try await cluster.expect(pair, others: ".X X.", ports: fresh, families: [.v4])
                kill(agent, SIGCONT)

                try await cluster.expect(pair, others: ".. ..", families: [.v4])
                try await eventually(true) {
                    let log = try String(
                        contentsOfFile: cluster.paths.log("node2"),
                        encoding: .utf8
                    )
                    return log.contains("cara_verdicts, program")
                        && log.contains("missing, should be")
                }
                try await eventually(Set(keys)) { Set(try Self.keys(of: map)) }
            }
        }

        /// Each key as the words of a `bpftool` command.
        private static func keys(of map: String) throws -> [[String]] {
            let dump = try Command.run(["bpftool", "-j", "map", "dump", "pinned", map])
            let entries = try JSONValue(parsing: Array(dump)).array ?? []
            return entries.compactMap { entry in
                entry["key"]?.array?.compactMap(\.string)
            }
        }

        private static let policy = """
            apiVersion: projectcalico.org/v3
            kind: NetworkPolicy
            metadata: {name: web, namespace: default}
            spec:
              selector: app == 'web'
              types: [Ingress]
              ingress:
              - {action: Allow, source: {selector: role == 'client'}}
            """
    }
}
