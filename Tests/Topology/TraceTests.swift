import Cluster
import Datastore
import DatastoreSQLite
import Foundation
import JSON
import Model
import Resources
import Support
import Testing

// The same question to evaluator, compiled tables and the kernels of both nodes:
//
//   caracalctl ──▶ store
//        ├──▶ agent of node1 ──▶ maps   default/client
//        └──▶ agent of node2 ──▶ maps   default/web

extension Topology {
    @Suite("policy trace in the kernel")
    struct TraceTests {
        @Test("all three agree, and the look-ups are told; with another store they differ")
        func compare() async throws {
            try await withCluster { cluster in
                _ = try await cluster.addPod(
                    "default/client",
                    node: "node1",
                    labels: ["role": "client"]
                )
                _ = try await cluster.addPod("default/web", node: "node2", labels: ["app": "web"])
                try cluster.apply(Self.policy)
                let pair = cluster.probeEndpoints(external: false)
                try await cluster.expect(
                    pair,
                    ["80/TCP": ".. X."],
                    others: ".X X.",
                    families: [.v4]
                )

                for (port, verdict) in [("80", "allowed"), ("81", "denied")] {
                    let told = try cluster.caracalctl(Self.question(port, cluster))
                    #expect(
                        told.contains("Egress of default/client: evaluator, tables, kernel agree")
                    )
                    #expect(
                        told.contains("Ingress of default/web: evaluator, tables, kernel agree")
                    )
                    #expect(told.contains("cara_verdicts: program "))
                    #expect(told.contains("Verdict: \(verdict)"))
                }

                // What another store says is not what this kernel holds.
                let path = "\(cluster.paths.folder)/other.db"
                let other = SQLiteDatastore(path: path)
                for item in try await cluster.openStore().snapshot(
                    [.core("Pod"), .core("Namespace")]
                ).items {
                    var copy = item
                    copy.resourceVersion = nil
                    _ = try await other.create(copy)
                }
                let error = try #require(throws: ClusterError.self) {
                    try cluster.caracalctl(Self.question("81", cluster) + ["--store", path])
                }
                #expect("\(error)".contains("exit status 1") || "\(error)".contains("policy trace"))
            }
        }

        @Test("a host endpoint's stages, by its name and by its address")
        func hostEndpoint() async throws {
            try await withCluster { cluster in
                _ = try await cluster.addPod("default/client", node: "node1")
                let node = cluster.state.nodes[1]
                let address = try #require(cluster.endpoint(node).address(.v4))
                try cluster.apply(Self.host(node.name, address))
                let pair = cluster.probeEndpoints(external: false) + [cluster.endpoint(node)]
                try await cluster.expect(
                    pair,
                    ["81/TCP": ".X .."],
                    others: ".. ..",
                    ports: [ProbePort(.tcp, 80), ProbePort(.tcp, 81)],
                    families: [.v4]
                )
                for (end, port, verdict) in [
                    ("node2-host", "80", "allowed"), ("\(address)", "81", "denied"),
                ] {
                    let told = try cluster.caracalctl([
                        "policy", "trace", "default/client", end, "--port", port, "--kernel",
                        "--compare", "--socket", cluster.paths.socket("node1"), "--socket",
                        cluster.paths.socket("node2"),
                    ])
                    #expect(
                        told.contains(
                            "Ingress of node2/node2-host: evaluator, tables, kernel agree"
                        ),
                        "\(told)"
                    )
                    #expect(told.contains("cara_hosts: interface "))
                    #expect(told.contains("Verdict: \(verdict)"))
                }
            }
        }

        private static func host(_ node: String, _ address: Address) -> String {
            """
            apiVersion: projectcalico.org/v3
            kind: HostEndpoint
            metadata: {name: node2-host, labels: {role: edge}}
            spec: {node: \(node), interfaceName: eth0, expectedIPs: ["\(address)"]}
            ---
            apiVersion: projectcalico.org/v3
            kind: GlobalNetworkPolicy
            metadata: {name: before}
            spec:
              order: 20
              selector: role == 'edge'
              preDNAT: true
              applyOnForward: true
              ingress: [{action: Deny, protocol: TCP, destination: {ports: [81]}}]
            ---
            apiVersion: projectcalico.org/v3
            kind: GlobalNetworkPolicy
            metadata: {name: own}
            spec:
              order: 10
              selector: role == 'edge'
              types: [Ingress, Egress]
              ingress: [{action: Allow}]
              egress: [{action: Allow}]
            ---

            """
        }

        private static func question(_ port: String, _ cluster: Cluster) -> [String] {
            [
                "policy", "trace", "default/client", "default/web", "--port", port, "--kernel",
                "--compare", "--socket", cluster.paths.socket("node1"), "--socket",
                cluster.paths.socket("node2"),
            ]
        }

        private static let policy = """
            apiVersion: projectcalico.org/v3
            kind: NetworkPolicy
            metadata: {name: web, namespace: default}
            spec:
              selector: app == 'web'
              types: [Ingress, Egress]
              ingress:
              - action: Allow
                protocol: TCP
                source: {selector: role == 'client'}
                destination: {ports: [80]}
            """
    }
}
