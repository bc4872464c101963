import Cluster
import JSON
import Model
import Support
import Testing

// What staged policies would do to a node's own traffic, and what its host endpoint denied:
//
//     ┌────────────────┐        node2 ◀─ HostEndpoint
//     │ default/client │ ──────▶ :80
//     └────────────────┘
//       node1

extension Topology {
    @Suite("staged policies and records of denials at host endpoints")
    struct StagedHostTests {
        @Test("the agent says what a staged policy would stop and let through, and stops as before")
        func staged() async throws {
            try await withCluster { cluster in
                _ = try await cluster.addPod("default/client", node: "node1")
                let node = cluster.endpoint(cluster.state.nodes[1])
                let ends = cluster.probeEndpoints(external: false) + [node]
                let web = [ProbePort(.tcp, 80)]
                try cluster.apply(
                    Self.host + Self.policy("GlobalNetworkPolicy", "open", "Allow")
                        + Self.policy("StagedGlobalNetworkPolicy", "first", "Deny")
                )
                try await eventually("Deny by StagedGlobalNetworkPolicy first, rule 0") {
                    _ = try await cluster.tables(ends, web, .v4)
                    return try cluster.pending(from: ends[0], to: node, was: "Allow")
                }
                try await cluster.expect(ends, others: ".. ..", ports: web)

                // The other way round, and the denied flow is on record.
                try cluster.apply(
                    Self.policy("GlobalNetworkPolicy", "open", "Deny")
                        + Self.policy("StagedGlobalNetworkPolicy", "first", "Allow")
                )
                try await cluster.expect(ends, others: ".X ..", ports: web)
                try await eventually("Allow by StagedGlobalNetworkPolicy first, rule 0") {
                    _ = try await cluster.tables(ends, web, .v4)
                    return try cluster.pending(from: ends[0], to: node, was: "Deny")
                }
            }
        }

        private static let host = """
            apiVersion: projectcalico.org/v3
            kind: HostEndpoint
            metadata: {name: node2-host, labels: {role: edge}}
            spec: {node: node2, interfaceName: eth0}
            ---

            """

        private static func policy(_ kind: String, _ name: String, _ action: String) -> String {
            """
            apiVersion: projectcalico.org/v3
            kind: \(kind)
            metadata: {name: \(name)}
            spec:
              order: \(name == "first" ? 10 : 20)
              selector: role == 'edge'
              types: [Ingress]
              ingress:
              - {action: \(action), protocol: TCP, destination: {ports: [80]}}
              - {action: Allow}
            ---
            apiVersion: projectcalico.org/v3
            kind: GlobalNetworkPolicy
            metadata: {name: answers}
            spec:
              order: 30
              selector: role == 'edge'
              types: [Egress]
              egress: [{action: Allow}]
            ---

            """
        }
    }
}
