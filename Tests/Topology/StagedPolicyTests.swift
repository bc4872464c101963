import Cluster
import JSON
import Model
import Support
import Testing

// Staged policies and previews, beside the packets that they speak of:
//
//       node1               node2
//     ┌────────────────┐  ┌─────────────┐
//     │ default/client │  │ default/web │
//     └───────┬────────┘  └──────┬──────┘
//             └──── fabric ──────┘

extension Topology {
    @Suite("staged policies and previews")
    struct StagedPolicyTests {
        private static let web = [ProbePort(.tcp, 80)]

        @Test(
            "a staged policy stops nothing, and the agent says what it would stop and let through"
        )
        func staged() async throws {
            try await withCluster { cluster in
                let (client, web) = try await cluster.addPods()
                try cluster.apply(Self.policy("StagedGlobalNetworkPolicy", "closed", "Deny"))
                try await eventually("Deny by StagedGlobalNetworkPolicy closed, rule 0") {
                    _ = try await cluster.tables([client, web], Self.web, .v4)
                    return try cluster.pending(from: client, to: web, was: "Allow")
                }
                try await cluster.expect([client, web], others: ".. ..", ports: Self.web)

                // The other way round: denied now, allowed by what is staged before it.
                try cluster.apply(
                    Self.policy("GlobalNetworkPolicy", "locked", "Deny")
                        + Self.policy("StagedGlobalNetworkPolicy", "closed", "Allow")
                )
                try await cluster.expect([client, web], others: ".X ..", ports: Self.web)
                try await eventually("Allow by StagedGlobalNetworkPolicy closed, rule 0") {
                    _ = try await cluster.tables([client, web], Self.web, .v4)
                    return try cluster.pending(from: client, to: web, was: "Deny")
                }
                let listed = try cluster.caracalctl(
                    ["flows", "--pending", "--socket", cluster.paths.socket("node2")]
                )
                #expect(listed.contains("GlobalNetworkPolicy locked, rule 0"))
                #expect(listed.contains("StagedGlobalNetworkPolicy closed, rule 0"))
            }
        }

        @Test("a preview names the flows and pairs that a change would cut, and cuts none")
        func preview() async throws {
            try await withCluster { cluster in
                let (client, web) = try await cluster.addPods()
                try await cluster.expect([client, web], others: ".. ..", ports: Self.web)
                let sockets = ["node1", "node2"].flatMap { ["--socket", cluster.paths.socket($0)] }
                let closed = Self.policy("GlobalNetworkPolicy", "closed", "Deny")
                let ask =
                    ["policy", "preview", "-f", "-", "-o", "json", "--port", "80/TCP"] + sockets
                let told = try JSONValue(parsing: cluster.caracalctl(ask, input: closed))
                let flows = told["flows"]?["changes"]?.array ?? []
                let toWeb = flows.first { $0["destination"] == "default/web" }
                #expect(toWeb?["source"] == "default/client")
                #expect(toWeb?["before"] == "allow" && toWeb?["after"] == "deny")
                #expect(flows.allSatisfy { $0["destination"] == "default/web" })
                // Both families of one pair.
                #expect(told["pairs"]?["changed"] == 2)
                #expect(told["pairs"]?["judged"] == 4)
                try await cluster.expect([client, web], others: ".. ..", ports: Self.web)

                // Once it is in force, taking it away is the change, and denied flows are known.
                try cluster.apply(closed)
                try await cluster.expect([client, web], others: ".X ..", ports: Self.web)
                let back = try JSONValue(
                    parsing: cluster.caracalctl(ask + ["--delete"], input: closed)
                )
                let again = back["flows"]?["changes"]?.array ?? []
                #expect(again.contains { $0["before"] == "deny" && $0["after"] == "allow" })
                #expect(back["pairs"]?["changed"] == 2)
                let nothing = try JSONValue(parsing: cluster.caracalctl(ask, input: closed))
                #expect(nothing["flows"]?["changed"] == 0 && nothing["pairs"]?["changed"] == 0)
            }
        }

        private static func policy(_ kind: String, _ name: String, _ action: String) -> String {
            """
            apiVersion: projectcalico.org/v3
            kind: \(kind)
            metadata: {name: \(name)}
            spec:
              order: \(name == "closed" ? 10 : 20)
              selector: app == 'web'
              types: [Ingress]
              ingress: [{action: \(action), protocol: TCP, destination: {ports: [80]}}]
            ---

            """
        }
    }
}

extension Cluster {
    fileprivate mutating func addPods() async throws -> (
        client: Prober.Endpoint, web: Prober.Endpoint
    ) {
        _ = try await addPod("default/client", node: "node1", labels: ["role": "client"])
        _ = try await addPod("default/web", node: "node2", labels: ["app": "web"])
        let ends = probeEndpoints(external: false)
        return (ends[0], ends[1])
    }

    /// What node2 says staged policies would do to a flow with that verdict.
    func pending(
        from source: Prober.Endpoint,
        to destination: Prober.Endpoint,
        was verdict: String
    ) throws -> String {
        let output = try caracalctl(
            ["flows", "-o", "json", "--socket", paths.socket("node2")]
        )
        let flows = try JSONValue(parsing: output).array ?? []
        let flow = flows.first { flow in
            flow["source"]?.string == source.address(.v4).map { "\($0)" }
                && flow["destination"]?.string == destination.address(.v4).map { "\($0)" }
                && flow["destinationPort"] == 80
        }
        guard let flow, flow["verdict"]?.string == verdict else { return "not seen" }
        let rule = flow["ingress"]?["pendingRule"]?.string ?? ""
        return "\(flow["pending"]?.string ?? "nothing") by \(rule)"
    }
}
