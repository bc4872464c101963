import Cluster
import Testing

// Pods and the nodes themselves:
//
//       node1 172.30.0.11         node2 172.30.0.12
//     ┌────────────────┐        ┌────────────────┐
//     │ default/a      │        │ default/b      │
//     └───────┬────────┘        └──────┬─────────┘
//             └──────── fabric ────────┘
//
// Rows and columns of a table: node1, default/a, node2, default/b.

extension Topology {
    @Suite("pods and their nodes")
    struct NodeTests {
        @Test("a node reaches its own pods whatever policy says, as kubelet's probes must")
        func probes() async throws {
            try await withCluster { cluster in
                let ends = try await cluster.addPods()
                try cluster.apply(Self.denyAll)
                // Nobody else does; and nodes reach each other, for no policy is theirs.
                try await cluster.expect(ends, others: "...X X.XX .X.. XXX.")
            }
        }

        @Test("defaultEndpointToHostAction decides what a pod may say to its own node")
        func toOwnNode() async throws {
            try await withCluster { cluster in
                let ends = try await cluster.addPods()
                // Its default is Drop; another node is as any other host.
                try await cluster.expect(ends, others: ".... X... .... ..X.")
                #expect(try cluster.drops("endpoint_to_host", on: "node1") > 0)
                #expect(try cluster.drops("endpoint_to_host", on: "node2") > 0)

                try cluster.apply(Self.hostAction("Accept"))
                try await cluster.expect(ends, others: ".... .... .... ....")

                // Accept does not stand above policy.
                try cluster.apply(Self.denyEgress)
                try await cluster.expect(ends, others: ".... X.XX .... XXX.")

                try cluster.caracalctl(["delete", "gnp", "deny-egress"])
                try cluster.apply(Self.hostAction("Drop"))
                try await cluster.expect(ends, others: ".... X... .... ..X.")
            }
        }
    }
}

extension Cluster {
    /// A pod on each node; the ends are node1, its pod, node2, its pod.
    fileprivate mutating func addPods() async throws -> [Prober.Endpoint] {
        let a = try await addPod("default/a", node: "node1")
        let b = try await addPod("default/b", node: "node2")
        return [
            endpoint(try node("node1")), endpoint(a), endpoint(try node("node2")), endpoint(b),
        ]
    }
}

// MARK: - Policies

extension Topology.NodeTests {
    fileprivate static let denyAll = """
        apiVersion: projectcalico.org/v3
        kind: GlobalNetworkPolicy
        metadata: {name: deny-all}
        spec:
          selector: all()
          types: [Ingress, Egress]
          ingress: [{action: Deny}]
          egress: [{action: Deny}]

        """

    fileprivate static let denyEgress = """
        apiVersion: projectcalico.org/v3
        kind: GlobalNetworkPolicy
        metadata: {name: deny-egress}
        spec: {selector: all(), types: [Egress], egress: [{action: Deny}]}

        """

    fileprivate static func hostAction(_ action: String) -> String {
        """
        apiVersion: projectcalico.org/v3
        kind: FelixConfiguration
        metadata: {name: default}
        spec: {defaultEndpointToHostAction: \(action)}

        """
    }
}
