import Cluster
import Datastore
import Foundation
import JSON
import Resources
import Support
import Testing

// Objects that no tool of ours would have written, and a store that is away:
//
//       node1               node2
//     ┌────────────────┐  ┌──────────────┐
//     │ default/client │  │ default/web  │
//     │ default/other  │  │              │
//     └───────┬────────┘  └──────┬───────┘
//             └───── fabric ─────┘
//
// Rows and columns of a table: default/client, default/other, default/web.

extension Topology {
    @Suite("faults of the store")
    struct StoreFaultTests {
        @Test("an invalid object is treated as absent, named, and disturbs nothing else")
        func invalidObjects() async throws {
            try await withCluster { cluster in
                let ends = try await cluster.addPods()
                try cluster.apply(Self.policy)
                try await cluster.expect(ends, others: Self.table)
                let stream = try DatagramStream(
                    from: ends[0],
                    to: ends[2],
                    port: 5000,
                    every: pace
                )

                let store = cluster.openStore()
                for object in Self.invalid { _ = try await store.create(object) }
                for node in cluster.state.nodes {
                    let status = AgentStatus(cluster, node: node.name)
                    try await eventually([String]()) {
                        let text = try status.readiness().text
                        return Self.invalid.map(\.name).filter { !text.contains($0) }
                    }
                    #expect(try status.readiness().isReady)
                    #expect(try status.readiness().text.contains("degraded"))
                    #expect(
                        try status.metric("caracal_invalid_resources")
                            == Double(Self.invalid.count)
                    )
                }
                try await cluster.expect(ends, others: Self.table)

                // What else is written meanwhile takes effect, and so do pods and restarts.
                try cluster.apply(Self.openOther)
                try await cluster.expect(ends, others: "... X.X XX.")
                _ = try await cluster.addPod("default/late", node: "node2")
                try cluster.stopAgent("node2", signal: 9)
                try cluster.startAgent("node2")
                try await cluster.waitUntilReady("node2")
                try await cluster.expect(
                    cluster.probeEndpoints(external: false),
                    others: "...X X.XX XX.X XXX."
                )

                for object in Self.invalid {
                    _ = try await store.delete(object.key, ifRevision: nil)
                }
                for node in cluster.state.nodes {
                    let status = AgentStatus(cluster, node: node.name)
                    try await eventually(false) {
                        try status.readiness().text.contains("degraded")
                    }
                }
                #expect(stream.finish().filter { !$0.arrived }.count == 0)
            }
        }

        @Test("the store is away: packets flow as before; back again, what changed arrives")
        func away() async throws {
            try await withCluster { cluster in
                let ends = try await cluster.addPods()
                try cluster.apply(Self.policy)
                try await cluster.expect(ends, others: Self.table)
                let stream = try DatagramStream(
                    from: ends[0],
                    to: ends[2],
                    port: 5000,
                    every: pace
                )
                let transfer = try Transfer(from: ends[0], to: ends[2], port: 5001)

                let shelter = "\(cluster.paths.folder)/away"
                try cluster.moveStore(to: shelter)
                let status = AgentStatus(cluster, node: "node1")
                try await eventually(false) { try status.readiness().isReady }
                #expect(try status.readiness().text.contains("store: not ok"))
                let pods = [try ClusterState.Pod(id: "default/early", node: "node1")]
                let refused = try cluster.plugin("node1").ask("ADD", pods[0])
                #expect(refused.code == 11, "\(refused.failure)")
                #expect(try cluster.plugin("node1").ask("STATUS").code == 50)
                try await cluster.expect(ends, others: Self.table)

                // Somebody who still has it changes it.
                try cluster.caracalctl(
                    ["apply", "-f", "-", "--store", "\(shelter)/store.db"],
                    input: Self.openOther
                )
                try await cluster.expect(ends, others: Self.table)

                try cluster.moveStore(from: shelter)
                try await cluster.expect(ends, others: "... X.X XX.")
                try await eventually(true) { try status.readiness().isReady }
                try cluster.caracalctl(["delete", "gnp", "open-other"])
                try await cluster.expect(ends, others: Self.table)
                _ = try await cluster.addPod("default/late", node: "node1")
                try await cluster.expect(
                    cluster.probeEndpoints(external: false),
                    others: ".X.X X.XX XX.X XXX."
                )

                let end = transfer.finish()
                #expect(end.failure == nil)
                #expect(end.sent == end.received)
                #expect(stream.finish().filter { !$0.arrived }.count == 0)
            }
        }

        @Test("an agent that starts while the store is away leaves everything as it is")
        func awayAtStart() async throws {
            try await withCluster { cluster in
                let ends = try await cluster.addPods()
                try cluster.apply(Self.policy)
                try await cluster.expect(ends, others: Self.table)
                let stream = try DatagramStream(
                    from: ends[0],
                    to: ends[2],
                    port: 5000,
                    every: pace
                )

                let shelter = "\(cluster.paths.folder)/away"
                try cluster.moveStore(to: shelter)
                let log = cluster.paths.log("node1")
                let before = try String(contentsOfFile: log, encoding: .utf8).count
                for node in cluster.state.nodes {
                    try cluster.stopAgent(node.name, signal: 9)
                    try cluster.startAgent(node.name)
                }
                try await eventually(true) {
                    try String(contentsOfFile: log, encoding: .utf8).dropFirst(before)
                        .contains("waiting for the store")
                }
                try await cluster.expect(ends, others: Self.table)

                try cluster.moveStore(from: shelter)
                for node in cluster.state.nodes { try await cluster.waitUntilReady(node.name) }
                try await cluster.expect(ends, others: Self.table)
                for node in cluster.state.nodes {
                    let status = AgentStatus(cluster, node: node.name)
                    #expect(try status.metric("caracal_map_writes_total") == 0)
                }
                #expect(stream.finish().filter { !$0.arrived }.count == 0)
            }
        }
    }
}

extension Cluster {
    fileprivate mutating func addPods() async throws -> [Prober.Endpoint] {
        _ = try await addPod("default/client", node: "node1", labels: ["role": "client"])
        _ = try await addPod("default/other", node: "node1", labels: ["role": "other"])
        _ = try await addPod("default/web", node: "node2", labels: ["app": "web"])
        return probeEndpoints(external: false)
    }

    /// The database with its log and index.
    private var storeFiles: [String] {
        ["store.db-shm", "store.db-wal", "store.db"]
    }

    fileprivate func moveStore(to shelter: String) throws {
        try FileManager.default.createDirectory(
            atPath: shelter,
            withIntermediateDirectories: false
        )
        for name in storeFiles {
            try FileManager.default.moveItem(
                atPath: "\(paths.folder)/\(name)",
                toPath: "\(shelter)/\(name)"
            )
        }
    }

    fileprivate func moveStore(from shelter: String) throws {
        for name in storeFiles where FileManager.default.fileExists(atPath: "\(shelter)/\(name)") {
            try FileManager.default.moveItem(
                atPath: "\(shelter)/\(name)",
                toPath: "\(paths.folder)/\(name)"
            )
        }
    }
}

// MARK: - Objects

extension Topology.StoreFaultTests {
    /// Clients reach web, nobody else anybody.
    fileprivate static let table = ".X. X.X XX."

    fileprivate static let policy = """
        apiVersion: projectcalico.org/v3
        kind: GlobalNetworkPolicy
        metadata: {name: deny}
        spec: {order: 2000, selector: all(), types: [Ingress], ingress: [{action: Deny}]}
        ---
        apiVersion: projectcalico.org/v3
        kind: GlobalNetworkPolicy
        metadata: {name: clients}
        spec:
          order: 100
          selector: app == 'web'
          types: [Ingress]
          ingress: [{action: Allow, source: {selector: role == 'client'}}]

        """

    fileprivate static let openOther = """
        apiVersion: projectcalico.org/v3
        kind: GlobalNetworkPolicy
        metadata: {name: open-other}
        spec:
          order: 100
          selector: role == 'other'
          types: [Ingress]
          ingress: [{action: Allow, source: {selector: role == 'client'}}]

        """

    /// Each would change the tables if anything of it were taken.
    fileprivate static let invalid = [
        global("bad-selector", ["selector": "all(", "types": ["Ingress", "Egress"]]),
        global("bad-action", ["selector": "all()", "ingress": [["action": "Maybe"]]]),
        global(
            "bad-net",
            [
                "selector": "all()", "types": ["Egress"],
                "egress": [["action": "Deny", "destination": ["nets": ["10.0.0.0/33"]]]],
            ]
        ),
        Resource(
            .calico("GlobalNetworkSet"),
            version: "v3",
            name: "bad-set",
            labels: ["role": "client"],
            spec: ["nets": ["10.65.0.0/16", "no net"]]
        ),
        Resource(
            ResourceType(group: "networking.k8s.io", kind: "NetworkPolicy"),
            version: "v1",
            namespace: "default",
            name: "bad-peer",
            spec: [
                "podSelector": [:],
                "ingress": [["from": [["ipBlock": ["cidr": "anywhere"]]]]],
            ]
        ),
        Resource(.calico("Tier"), version: "v3", name: "bad-tier", spec: ["order": "first"]),
    ]

    private static func global(_ name: String, _ spec: JSONValue) -> Resource {
        Resource(.calico("GlobalNetworkPolicy"), version: "v3", name: name, spec: spec)
    }
}
