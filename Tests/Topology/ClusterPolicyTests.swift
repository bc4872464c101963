import Cluster
import Testing

// ClusterNetworkPolicy beside NetworkPolicy and Calico's own policies: Admin before all of them, Baseline
// after all of them.
//
// Rows and columns of a table: default/client, default/web, blue/web, external.

extension Topology {
    @Suite("ClusterNetworkPolicy")
    struct ClusterPolicyTests {
        @Test("Admin, NetworkPolicy, Calico's and Baseline policy decide in this order")
        func order() async throws {
            try await withCluster { cluster in
                _ = try await cluster.addPod(
                    "default/client",
                    node: "node1",
                    labels: ["role": "client"]
                )
                _ = try await cluster.addPod("default/web", node: "node1", labels: ["app": "web"])
                _ = try await cluster.addPod("blue/web", node: "node2", labels: ["app": "web"])
                let ends = cluster.probeEndpoints(external: true)
                try await cluster.expect(ends, others: ".... .... .... ....")

                // Baseline alone: no pod reaches those called web.
                try cluster.apply(Self.baselineDeny)
                try await cluster.expect(ends, others: Self.webClosed)

                // A NetworkPolicy that selects default/web takes its place there.
                try cluster.apply(Self.allowClient)
                try await cluster.expect(
                    ends,
                    ["80/TCP": "..X. ..X. .X.. .X.."],
                    others: Self.isolated
                )

                // Admin denies before anything else is asked, and leaves on to it what it passes.
                try cluster.apply(Self.adminDeny)
                try await cluster.expect(ends, others: Self.isolated)
                try cluster.apply(Self.adminPass)
                try await cluster.expect(
                    ends,
                    ["80/TCP": "..X. ..X. .X.. .X.."],
                    others: Self.isolated
                )

                // Nor can a policy of Calico's default tier open what Admin denies.
                try cluster.apply(Self.calicoAllow)
                try await cluster.expect(ends, others: ".... .... .... ....")
                try cluster.caracalctl(["delete", "clusternetworkpolicy", "pass-clients"])
                try await cluster.expect(
                    ends,
                    ["80/TCP": ".X.. .... .... ...."],
                    others: ".... .... .... ...."
                )
                try cluster.caracalctl(["delete", "clusternetworkpolicy", "deny-clients"])
                try await cluster.expect(ends, others: ".... .... .... ....")
            }
        }

        @Test("caracalctl knows the kind, and refuses what it cannot mean")
        func objects() async throws {
            try await withCluster(nodes: 1, ipv6: false) { cluster in
                try cluster.apply(Self.baselineDeny + Self.adminDeny)
                let list = try cluster.caracalctl(["get", "clusternetworkpolicies"])
                #expect(list.contains("deny-clients") && list.contains("deny-web"))
                let yaml = try cluster.caracalctl(["get", "kcnp", "deny-web", "-o", "yaml"])
                #expect(yaml.contains("tier: Baseline"))
                for wrong in ["tier: Middle", "priority: 1001"] {
                    let field = wrong.split(separator: ":")[0]
                    let text = yaml.split(separator: "\n").map { line in
                        line.contains("\(field):") ? "  \(wrong)" : String(line)
                    }
                    #expect(throws: ClusterError.self) {
                        try cluster.apply(text.joined(separator: "\n") + "\n")
                    }
                }
            }
        }

        private static let webClosed = ".XX. ..X. .X.. ...."
        private static let isolated = ".XX. ..X. .X.. .X.."

        private static let baselineDeny = """
            apiVersion: policy.networking.k8s.io/v1alpha2
            kind: ClusterNetworkPolicy
            metadata: {name: deny-web}
            spec:
              tier: Baseline
              priority: 10
              subject: {pods: {podSelector: {matchLabels: {app: web}}}}
              ingress:
                - action: Deny
                  from: [{namespaces: {}}]
            ---

            """

        private static let allowClient = """
            apiVersion: networking.k8s.io/v1
            kind: NetworkPolicy
            metadata: {name: from-client, namespace: default}
            spec:
              podSelector: {matchLabels: {app: web}}
              policyTypes: [Ingress]
              ingress:
                - from: [{podSelector: {matchLabels: {role: client}}}]
                  ports: [{protocol: TCP, port: 80}]
            ---

            """

        private static let adminDeny = """
            apiVersion: policy.networking.k8s.io/v1alpha2
            kind: ClusterNetworkPolicy
            metadata: {name: deny-clients}
            spec:
              tier: Admin
              priority: 10
              subject: {namespaces: {matchLabels: {kubernetes.io/metadata.name: default}}}
              ingress:
                - action: Deny
                  from: [{pods: {podSelector: {matchLabels: {role: client}}}}]
                  protocols: [{tcp: {destinationPort: {number: 80}}}]
            ---

            """

        private static let adminPass =
            adminDeny
            .replacing("deny-clients", with: "pass-clients")
            .replacing("priority: 10", with: "priority: 9")
            .replacing("action: Deny", with: "action: Pass")

        private static let calicoAllow = """
            apiVersion: projectcalico.org/v3
            kind: GlobalNetworkPolicy
            metadata: {name: allow-all}
            spec: {order: 1, selector: all(), types: [Ingress], ingress: [{action: Allow}]}
            ---

            """
    }
}
