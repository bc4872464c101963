import Cluster
import Foundation
import JSON
import Model
import Support
import Testing

// What people are told is what packets do:
//
//       node1                 node2
//     ┌──────────────────┐  ┌───────────────┐
//     │ default/client   │  │ default/web   │
//     │ default/other    │  │ blue/db       │
//     └───────┬──────────┘  └──────┬────────┘
//             └────── fabric ──────┴── external

extension Topology {
    @Suite("what people are told")
    struct ToldTests {
        @Test("policy trace says of each flow what becomes of its packets")
        func trace() async throws {
            try await withCluster { cluster in
                let ends = try await cluster.addPods()
                try cluster.apply(Self.policy)
                for port in [ProbePort(.tcp, 80), ProbePort(.icmp)] {
                    for family in Family.allCases {
                        let told = try cluster.told(ends, port, family)
                        let cells = told.joined()
                        #expect(Set(cells) == [".", "X"])
                        try await eventually(Tables(rows: [port.description: told])) {
                            try await cluster.tables(ends, [port], family)
                        }
                    }
                }
            }
        }

        @Test("a Log rule writes the packet that it saw, and the drop is counted")
        func log() async throws {
            try await withCluster { cluster in
                let ends = try await cluster.addPods()
                try cluster.apply(Self.logged)
                try await cluster.expect(
                    [ends[0], ends[2]],
                    others: ".X ..",
                    ports: [ProbePort(.tcp, 80)],
                    families: [.v4]
                )
                let (client, web) = (try #require(ends[0].address(.v4)), ends[2].address(.v4))
                try await eventually(true) {
                    let path = cluster.paths.log("node2")
                    let lines = try String(contentsOfFile: path, encoding: .utf8)
                        .split(separator: "\n")
                    return lines.contains { line in
                        ["logged", "source=\(client)", "destination=\(web.map { "\($0)" } ?? "")"]
                            .allSatisfy { line.contains($0) }
                            && line.contains("destinationPort=80")
                    }
                }
                let socket = cluster.paths.socket("node2")
                let drops = try JSONValue(
                    parsing: cluster.caracalctl(["drops", "--socket", socket, "-o", "json"])
                )
                let denied = drops["counters"]?.array?.first {
                    $0["reason"]?.string == "ingress_policy"
                }
                let counted = try cluster.drops("ingress_policy", on: "node2")
                #expect(denied?["packets"]?.int ?? 0 > 0)
                #expect(Double(denied?["packets"]?.int ?? 0) <= counted)
            }
        }
    }
}

extension Topology.ToldTests {
    @Test("a drop is told by the names of its ends and of what denied it")
    func drops() async throws {
        try await withCluster { cluster in
            let ends = try await cluster.addPods()
            try cluster.apply(Self.policy)
            let sockets = cluster.sockets
            // The other pod is no client; the probe's packets are dropped at web's node.
            try await cluster.expect(
                [ends[1], ends[2]],
                others: ".X X.",
                ports: [ProbePort(.tcp, 80)],
                families: [.v4]
            )
            let options = sockets + ["--pod", "default/other", "-o", "json"]
            let answers = try JSONValue(parsing: cluster.caracalctl(["drops"] + options))
            let drop = try #require(
                answers.array?.flatMap { $0["drops"]?.array ?? [] }
                    .last { $0["destination"]?["name"]?.string == "default/web" }
            )
            #expect(drop["node"]?.string == "node2")
            #expect(drop["reason"]?.string == "ingress_policy")
            #expect(drop["protocol"]?.string == "TCP")
            #expect(drop["source"]?["name"]?.string == "default/other")
            #expect(drop["destination"]?["port"]?.int == 80)
            #expect(drop["rule"]?["kind"]?.string == "EndOfTier")
            #expect(
                drop["policies"]?.array?.contains { $0.string?.contains("web") == true } == true
            )
            let text = try cluster.caracalctl(["drops", "--count", "5"] + sockets)
            #expect(text.contains("default/other (\(try #require(ends[1].address(.v4))):"))
            #expect(text.contains("denied at the end of tier default"))
        }
    }

    @Test("a policy and an endpoint are shown with what each rule decided")
    func figures() async throws {
        try await withCluster { cluster in
            let ends = try await cluster.addPods()
            try cluster.apply(Self.policy)
            // A first table can begin before the policy is in force and end after it; all connections
            // of the second are under the policy.
            for _ in 0..<2 {
                try await cluster.expect(
                    [ends[0], ends[2]],
                    others: ".. X.",
                    ports: [ProbePort(.tcp, 80)],
                    families: [.v4]
                )
            }
            let shown = try JSONValue(
                parsing: cluster.caracalctl(
                    ["policy", "show", "web", "-o", "json"] + cluster.sockets
                )
            )
            let side = shown.array?.first?["sides"]?.array?.first
            let connections = side?["rules"]?.array?.first?["count"]?["connections"]?.int
            #expect(connections ?? 0 > 0, "\(shown)")
            let explained = try cluster.caracalctl(
                ["policy", "explain", "default/web"] + cluster.sockets
            )
            #expect(explained.contains("default/web on node2"))
            #expect(explained.contains("at its end: Deny  ["))
        }
    }
}

extension Cluster {
    /// Options that name both nodes' agents.
    fileprivate var sockets: [String] {
        ["node1", "node2"].flatMap { ["--socket", paths.socket($0)] }
    }

    fileprivate mutating func addPods() async throws -> [Prober.Endpoint] {
        _ = try await addPod("default/client", node: "node1", labels: ["role": "client"])
        _ = try await addPod("default/other", node: "node1")
        _ = try await addPod("default/web", node: "node2", labels: ["app": "web"])
        _ = try await addPod("blue/db", node: "node2", labels: ["app": "db"])
        return probeEndpoints(external: true)
    }

    /// The table as `policy trace` has it; it knows flows of pods only.
    fileprivate func told(
        _ ends: [Prober.Endpoint],
        _ port: ProbePort,
        _ family: Family
    ) throws -> [String] {
        try ends.map { source in
            try ends.map { destination in
                guard source.name != destination.name else { return "." }
                let names = [source, destination].map { end in
                    end.name == "external" ? "\(end.address(family) ?? Address(v4: 0))" : end.name
                }
                let flow =
                    port.kind == .icmp
                    ? ["--protocol", family == .v4 ? "ICMP" : "ICMPv6"]
                    : ["--protocol", port.kind.rawValue, "--port", "\(port.port)"]
                let answer = try caracalctl(
                    ["policy", "trace"] + names + flow
                        + ["--ip-version", "\(family.rawValue)", "-o", "json"]
                )
                return try JSONValue(parsing: answer)["verdict"]?.string == "allow" ? "." : "X"
            }
            .joined()
        }
    }
}

// MARK: - Policies

extension Topology.ToldTests {
    /// Allows by selector, namespace and network in both directions, through two tiers.
    fileprivate static let policy = """
        apiVersion: projectcalico.org/v3
        kind: Tier
        metadata: {name: first}
        spec: {order: 10}
        ---
        apiVersion: projectcalico.org/v3
        kind: GlobalNetworkPolicy
        metadata: {name: first.pass}
        spec:
          tier: first
          selector: all()
          types: [Ingress, Egress]
          ingress: [{action: Pass}]
          egress: [{action: Pass}]
        ---
        apiVersion: projectcalico.org/v3
        kind: NetworkPolicy
        metadata: {name: web, namespace: default}
        spec:
          order: 10
          selector: app == 'web'
          types: [Ingress, Egress]
          ingress:
            - action: Allow
              protocol: TCP
              source: {selector: role == 'client'}
              destination: {ports: [80]}
          egress:
            - {action: Allow, destination: {notNets: [10.65.0.0/16], nets: [0.0.0.0/0]}}
            - {action: Allow, destination: {nets: ["2001:db8:113::7/128"]}}
        ---
        apiVersion: projectcalico.org/v3
        kind: GlobalNetworkPolicy
        metadata: {name: db}
        spec:
          order: 20
          namespaceSelector: projectcalico.org/name == 'blue'
          types: [Ingress]
          ingress:
            - action: Deny
              source:
                namespaceSelector: projectcalico.org/name == 'default'
                selector: "!has(role)"
            - {action: Allow, source: {selector: has(role)}}
        ---
        apiVersion: networking.k8s.io/v1
        kind: NetworkPolicy
        metadata: {name: client, namespace: default}
        spec:
          podSelector: {matchLabels: {role: client}}
          policyTypes: [Ingress]
          ingress: []

        """

    fileprivate static let logged = """
        apiVersion: projectcalico.org/v3
        kind: GlobalNetworkPolicy
        metadata: {name: logged}
        spec:
          selector: app == 'web'
          types: [Ingress]
          ingress: [{action: Log}, {action: Deny}]

        """
}
