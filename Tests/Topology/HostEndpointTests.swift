import Cluster
import Glibc
import Support
import Testing

// A host endpoint on a node's interface to the fabric:
//
//       node1 ◀─ HostEndpoint   node2
//     ┌────────────────┐      ┌─────────────┐
//     │ default/client │      │ default/web │
//     └───────┬────────┘      └──────┬──────┘
//             └────────fabric────────┘── external
//
// Rows and columns of a table: default/client, default/web, node1, node2, external. A pod may not reach
// its own node: defaultEndpointToHostAction is Drop.

extension Topology {
    @Suite("host endpoints guard a node")
    struct HostEndpointTests {
        /// Nobody listens for these elsewhere; 22 is a failsafe port in, 53 one out, 179 both.
        private static let ports = [
            ProbePort(.tcp, 80), ProbePort(.tcp, 22), ProbePort(.udp, 53), ProbePort(.tcp, 179),
        ]

        @Test(
            "own traffic, failsafe ports, traffic that passes through, and an agent that is killed"
        )
        func named() async throws {
            try await withCluster { cluster in
                let ends = try await Self.ends(&cluster)
                try await cluster.expect(ends, others: Self.open, ports: Self.ports)

                try cluster.apply(Self.endpoint("eth0"))
                try await cluster.expect(
                    ends,
                    Self.closedButFailsafe,
                    others: Self.open,
                    ports: Self.ports
                )
                #expect(try cluster.drops("host_ingress_policy", on: "node1") > 0)
                #expect(try cluster.drops("host_egress_policy", on: "node1") > 0)
                #expect(try cluster.drops("host_ingress_policy", on: "node2") == 0)

                try cluster.apply(Self.allowWeb)
                try await cluster.expect(ends, Self.webOnly, others: Self.open, ports: Self.ports)

                try cluster.apply(Self.denyThrough)
                let throughDenied = Self.webOnly.mapValues { $0.cutOff }
                try await cluster.expect(
                    ends,
                    throughDenied,
                    others: Self.open.cutOff,
                    ports: Self.ports
                )

                try cluster.stopAgent("node1", signal: SIGKILL)
                try await cluster.expect(
                    ends,
                    throughDenied,
                    others: Self.open.cutOff,
                    ports: Self.ports
                )
                try cluster.startAgent("node1")
                try await cluster.waitUntilReady("node1")
                let status = AgentStatus(cluster, node: "node1")
                #expect(try status.metric("caracal_map_writes_total") == 0)
                try await cluster.expect(
                    ends,
                    throughDenied,
                    others: Self.open.cutOff,
                    ports: Self.ports
                )

                try cluster.caracalctl(["delete", "hostendpoint", "node1-host"])
                try await cluster.expect(ends, others: Self.open, ports: Self.ports)
            }
        }

        @Test("all interfaces: own traffic of the node, pre-DNAT policy for pods too")
        func allInterfaces() async throws {
            try await withCluster { cluster in
                let ends = try await Self.ends(&cluster)
                try cluster.apply(Self.endpoint("*"))
                try await cluster.expect(
                    ends,
                    Self.closedButFailsafe,
                    others: Self.open,
                    ports: Self.ports
                )

                try cluster.apply(Self.denyExternalBeforeDNAT)
                // The pod is cut off from outside but for failsafe ports, and what it asks is answered.
                var tables = Self.closedButFailsafe
                for port in ["80/TCP", "53/UDP"] { tables[port] = tables[port]?.externalCutOff }
                try await cluster.expect(ends, tables, others: Self.open, ports: Self.ports)
            }
        }

        private static func ends(_ cluster: inout Cluster) async throws -> [Prober.Endpoint] {
            _ = try await cluster.addPod("default/client", node: "node1")
            _ = try await cluster.addPod("default/web", node: "node2", labels: ["app": "web"])
            let pods = cluster.probeEndpoints(external: true)
            return pods.dropLast() + cluster.state.nodes.map { cluster.endpoint($0) }
                + pods.suffix(1)
        }

        // MARK: Tables

        private static let open = "..X.. ...X. ..... ..... ....."
        private static let closedButFailsafe = [
            "80/TCP": "..X.. ..XX. .X.XX ..X.. ..X..",
            "22/TCP": "..X.. ...X. .X.XX ..... .....",
            "53/UDP": "..X.. ..XX. ..... ..X.. ..X..",
        ]
        private static let webOnly = [
            "80/TCP": "..X.. ...X. ..... ..X.. ..X..",
            "22/TCP": "..X.. ...X. ..... ..... .....",
            "53/UDP": "..X.. ..XX. ..... ..X.. ..X..",
        ]

        // MARK: Objects

        private static func endpoint(_ interface: String) -> String {
            """
            apiVersion: projectcalico.org/v3
            kind: HostEndpoint
            metadata: {name: node1-host, labels: {host: node1}}
            spec: {node: node1, interfaceName: "\(interface)"}
            ---

            """
        }

        private static let allowWeb = """
            apiVersion: projectcalico.org/v3
            kind: GlobalNetworkPolicy
            metadata: {name: host-web}
            spec:
              order: 100
              selector: host == 'node1'
              types: [Ingress, Egress]
              ingress:
              - {action: Allow, protocol: TCP, source: {selector: app == 'web'}, destination: {ports: [80]}}
              egress: [{action: Allow}]
            ---

            """

        private static let denyThrough = """
            apiVersion: projectcalico.org/v3
            kind: GlobalNetworkPolicy
            metadata: {name: nothing-outside}
            spec:
              order: 10
              selector: host == 'node1'
              applyOnForward: true
              types: [Egress]
              egress:
              - action: Deny
                source: {nets: [10.65.0.0/16]}
                destination: {nets: [203.0.113.0/24]}
              - action: Deny
                source: {nets: ["fd00:10:65::/64"]}
                destination: {nets: ["2001:db8:113::/48"]}
              - {action: Allow}
            ---

            """

        private static let denyExternalBeforeDNAT = """
            apiVersion: projectcalico.org/v3
            kind: GlobalNetworkPolicy
            metadata: {name: no-external}
            spec:
              order: 10
              selector: host == 'node1'
              preDNAT: true
              applyOnForward: true
              types: [Ingress]
              ingress:
              - {action: Deny, source: {nets: [203.0.113.0/24]}}
              - {action: Deny, source: {nets: ["2001:db8:113::/48"]}}
            ---

            """
    }
}

extension String {
    /// The same when the client reaches nobody outside.
    fileprivate var cutOff: String {
        var rows = split(separator: " ").map(String.init)
        rows[0] = rows[0].dropLast() + "X"
        return rows.joined(separator: " ")
    }

    /// The same when nobody outside reaches the client.
    fileprivate var externalCutOff: String {
        var rows = split(separator: " ").map(String.init)
        rows[4] = "X" + rows[4].dropFirst()
        return rows.joined(separator: " ")
    }
}
