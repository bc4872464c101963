import Cluster
import Datastore
import JSON
import Model
import Resources
import Support
import Testing

// Two claim one address:
//
//       node1                             node2
//     ┌──────────────────────────────┐  ┌────────────────┐
//     │ default/web      10.65.x.y   │  │ default/client │
//     │ rogue (object only) 10.65.x.y│  │                │
//     └───────┬──────────────────────┘  └──────┬─────────┘
//             └──────────── fabric ────────────┘
//
// Rows and columns of a table: default/web, default/client.

extension Topology {
    @Suite("two pods with one address")
    struct AddressConflictTests {
        @Test("a pod that asks for another's address is refused")
        func requested() async throws {
            try await withCluster { cluster in
                let web = try await cluster.addPod("default/web", node: "node1")
                let pods = try await cluster.preparePods(1, node: "node2")
                let before = try await Inventory(cluster, node: "node2")
                let texts = web.addresses.map { #"\"\#($0)\""# }.joined(separator: ",")
                try cluster.caracalctl([
                    "patch", "pod", pods[0].name, "-n", pods[0].namespace, "-p",
                    #"{"metadata":{"annotations":{"cni.projectcalico.org/ipAddrs":"[\#(texts)]"}}}"#,
                ])

                let answer = try cluster.plugin("node2").ask("ADD", pods[0])
                #expect(!answer.isSuccess)
                #expect(answer.failure.contains(web.addresses[0]), "\(answer.failure)")
                try await eventually(before) { try await Inventory(cluster, node: "node2") }

                try await cluster.discardPods(pods)
                _ = try await cluster.addPod("default/client", node: "node2")
                try await cluster.expect(cluster.probeEndpoints(external: false), others: ".. ..")
            }
        }

        @Test("an endpoint that comes second is reported, and the first keeps address and policy")
        func secondEndpoint() async throws {
            try await withCluster { cluster in
                let web = try await cluster.addPod(
                    "default/web",
                    node: "node1",
                    labels: ["app": "web"]
                )
                _ = try await cluster.addPod("default/client", node: "node2")
                let ends = cluster.probeEndpoints(external: false)
                try cluster.apply(Self.openOnlyRogue)
                try await cluster.expect(ends, others: ".X X.")

                try Command.run([
                    "ip", "-n", cluster.paths.namespace(ofNode: "node1"), "link", "add",
                    "cali0123456789a", "type", "veth", "peer", "name", "rogue",
                ])
                let rogue = Self.rogue(web.addresses)
                _ = try await cluster.openStore().create(rogue)
                let status = AgentStatus(cluster, node: "node1")
                try await eventually(true) {
                    let readiness = try status.readiness()
                    return readiness.isReady && readiness.text.contains("degraded")
                        && readiness.text.contains("rogue")
                        && readiness.text.contains(web.addresses[0])
                }
                try await cluster.expect(ends, others: ".X X.")

                // Its policy goes on changing.
                try cluster.apply(Self.openWeb)
                try await cluster.expect(ends, others: ".X ..")
                try cluster.caracalctl(["delete", "gnp", "open-web"])
                try await cluster.expect(ends, others: ".X X.")

                // A restart does not make the second the first.
                try cluster.stopAgent("node1", signal: 9)
                try cluster.startAgent("node1")
                try await cluster.waitUntilReady("node1")
                try await cluster.expect(ends, others: ".X X.")

                _ = try await cluster.openStore().delete(rogue.key, ifRevision: nil)
                try await eventually(false) {
                    try status.readiness().text.contains("degraded")
                }
                try await cluster.expect(ends, others: ".X X.")
            }
        }
    }
}

extension Topology.AddressConflictTests {
    fileprivate static func rogue(_ addresses: [String]) -> Resource {
        Resource(
            .calico("WorkloadEndpoint"),
            version: "v3",
            namespace: "default",
            name: "node1-cni-rogue-eth0",
            labels: ["app": "rogue"],
            spec: [
                "orchestrator": "cni", "node": "node1", "workload": "rogue",
                "containerID": "rogue", "endpoint": "eth0",
                "ipNetworks": .array(
                    addresses.map { .string($0 + ($0.contains(":") ? "/128" : "/32")) }
                ),
                "interfaceName": "cali0123456789a", "mac": "02:00:00:00:00:01",
                "profiles": ["kns.default"],
            ]
        )
    }

    fileprivate static let openOnlyRogue = """
        apiVersion: projectcalico.org/v3
        kind: GlobalNetworkPolicy
        metadata: {name: deny}
        spec: {order: 2000, selector: all(), types: [Ingress], ingress: [{action: Deny}]}
        ---
        apiVersion: projectcalico.org/v3
        kind: GlobalNetworkPolicy
        metadata: {name: open-rogue}
        spec: {order: 10, selector: app == 'rogue', types: [Ingress], ingress: [{action: Allow}]}

        """

    fileprivate static let openWeb = """
        apiVersion: projectcalico.org/v3
        kind: GlobalNetworkPolicy
        metadata: {name: open-web}
        spec: {order: 20, selector: app == 'web', types: [Ingress], ingress: [{action: Allow}]}

        """
}
