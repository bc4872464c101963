import Cluster
import Testing

// Who reaches whom under each kind of policy, over every protocol and both families:
//
//       node1              node2             node3
//     ┌───────────────┐  ┌──────────────┐  ┌───────────────┐
//     │ default/client│  │ default/db   │  │ blue/client   │
//     │ default/web   │  │ blue/web     │  │               │
//     └───────┬───────┘  └──────┬───────┘  └───────┬───────┘
//             └─────────────────┴──────────────────┘
//                            fabric ── external 203.0.113.7, 2001:db8:113::7
//
// Rows and columns of a table: default/client, default/web, default/db, blue/web, blue/client,
// external.

extension Topology {
    @Suite("policy decides who reaches whom")
    struct PolicyTests {
        @Test("each kind of policy, alone and on top of the others")
        func allKinds() async throws {
            try await withCluster(nodes: 3) { cluster in
                _ = try await cluster.addPod(
                    "default/client",
                    node: "node1",
                    labels: ["role": "client"]
                )
                _ = try await cluster.addPod("default/web", node: "node1", labels: ["app": "web"])
                _ = try await cluster.addPod("default/db", node: "node2", labels: ["app": "db"])
                _ = try await cluster.addPod("blue/web", node: "node2", labels: ["app": "web"])
                _ = try await cluster.addPod(
                    "blue/client",
                    node: "node3",
                    labels: ["role": "client"]
                )
                let ends = cluster.probeEndpoints(external: true)

                try await cluster.expect(ends, others: Self.open)

                try cluster.apply(denyIngress + Self.allowWeb)
                try await cluster.expect(ends, ["80/TCP": Self.web], others: Self.closed)
                #expect(try cluster.drops("ingress_policy", on: "node2") > 0)
                #expect(try cluster.drops("egress_policy", on: "node1") == 0)

                try cluster.apply(Self.kubernetes)
                try await cluster.expect(
                    ends,
                    ["80/TCP": Self.web, "53/UDP": Self.blueWeb, "9/SCTP": Self.blueWeb],
                    others: Self.closed
                )

                try cluster.apply(Self.denyList)
                try await cluster.expect(
                    ends,
                    [
                        "80/TCP": Self.web.cutOff, "53/UDP": Self.blueWeb.cutOff,
                        "9/SCTP": Self.blueWeb.cutOff,
                    ],
                    others: Self.closed.cutOff
                )
                #expect(try cluster.drops("egress_policy", on: "node1") > 0)
                #expect(try cluster.drops("egress_policy", on: "node2") == 0)

                try cluster.caracalctl(["delete", "gnp", "deny-listed"])
                try cluster.apply(Self.tier)
                try await cluster.expect(
                    ends,
                    [
                        "80/TCP": Self.web, "53/UDP": Self.blueWeb, "9/SCTP": Self.blueWeb,
                        "icmp": Self.database,
                    ],
                    others: Self.closed
                )

                try cluster.apply(Self.fromOutside)
                try await cluster.expect(
                    ends,
                    [
                        "80/TCP": Self.webFromOutside, "53/UDP": Self.blueWeb,
                        "9/SCTP": Self.blueWeb, "icmp": Self.database,
                    ],
                    others: Self.closed
                )

                let all = ["deny-ingress", "security.database", "allow-ping", "from-outside"]
                try cluster.caracalctl(["delete", "gnp"] + all)
                try cluster.caracalctl(["delete", "networkpolicy", "allow-web"])
                try cluster.caracalctl(
                    ["delete", "networkpolicy.networking.k8s.io", "from-clients", "-n", "blue"])
                try await cluster.expect(ends, others: Self.open)
            }
        }
    }
}

// MARK: - Tables

extension Topology.PolicyTests {
    fileprivate static let open = "...... ...... ...... ...... ...... ......"
    fileprivate static let closed = ".XXXX. X.XXX. XX.XX. XXX.X. XXXX.. XXXXX."
    fileprivate static let web = "..XXX. X.XXX. XX.XX. XXX.X. XXXX.. XXXXX."
    fileprivate static let blueWeb = ".XX.X. X.XXX. XX.XX. XXX.X. XXXX.. XXXXX."
    fileprivate static let database = ".X.XX. X.XXX. XX.XX. XXX.X. XX.X.. XXXXX."
    fileprivate static let webFromOutside = "..XXX. X.XXX. XX.XX. XXX.X. XXXX.. X.X.X."
}

extension String {
    /// The same table when clients reach nobody outside.
    fileprivate var cutOff: String {
        var rows = split(separator: " ").map(String.init)
        for client in [0, 4] { rows[client] = rows[client].dropLast() + "X" }
        return rows.joined(separator: " ")
    }
}

// MARK: - Policies

extension Topology.PolicyTests {
    fileprivate static let allowWeb = """
        apiVersion: projectcalico.org/v3
        kind: NetworkPolicy
        metadata: {name: allow-web, namespace: default}
        spec:
          order: 100
          selector: app == 'web'
          types: [Ingress]
          ingress:
            - action: Allow
              protocol: TCP
              source: {selector: role == 'client'}
              destination: {ports: [80]}

        """

    /// Of Kubernetes: two protocols, from the pods of another namespace.
    fileprivate static let kubernetes = """
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: from-clients, namespace: blue}
        spec:
          podSelector: {matchLabels: {app: web}}
          policyTypes: [Ingress]
          ingress:
            - from:
                - namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: default}}
                  podSelector: {matchLabels: {role: client}}
              ports: [{protocol: UDP, port: 53}, {protocol: SCTP, port: 9}]

        """

    fileprivate static let denyList = """
        apiVersion: projectcalico.org/v3
        kind: GlobalNetworkSet
        metadata: {name: deny-list, labels: {list: deny}}
        spec: {nets: [203.0.113.0/24, "2001:db8:113::/48"]}
        ---
        apiVersion: projectcalico.org/v3
        kind: GlobalNetworkPolicy
        metadata: {name: deny-listed}
        spec:
          order: 10
          selector: role == 'client'
          types: [Egress]
          egress:
            - {action: Deny, destination: {selector: list == 'deny'}}
            - {action: Allow}

        """

    /// A tier before the others: it passes clients on to what the default tier says of the database,
    /// and denies everybody else whatever that is.
    fileprivate static let tier = """
        apiVersion: projectcalico.org/v3
        kind: Tier
        metadata: {name: security}
        spec: {order: 100}
        ---
        apiVersion: projectcalico.org/v3
        kind: GlobalNetworkPolicy
        metadata: {name: security.database}
        spec:
          tier: security
          order: 1
          selector: app == 'db'
          types: [Ingress]
          ingress:
            - {action: Pass, source: {selector: role == 'client'}}
        ---
        apiVersion: projectcalico.org/v3
        kind: GlobalNetworkPolicy
        metadata: {name: allow-ping}
        spec:
          order: 20
          selector: app == 'db'
          types: [Ingress]
          ingress:
            - {action: Allow, protocol: ICMP}
            - {action: Allow, protocol: ICMPv6}

        """

    fileprivate static let fromOutside = """
        apiVersion: projectcalico.org/v3
        kind: GlobalNetworkPolicy
        metadata: {name: from-outside}
        spec:
          order: 30
          selector: app == 'web'
          types: [Ingress]
          ingress:
            - action: Allow
              protocol: TCP
              source: {nets: [203.0.113.7/32]}
              destination: {ports: [80]}
            - action: Allow
              protocol: TCP
              source: {nets: ["2001:db8:113::7/128"]}
              destination: {ports: [80]}

        """
}
