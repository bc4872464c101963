import Cluster
import Foundation
import Model
import Resources

/// TCP connections a second, pod to pod across nodes, under many policies.
///
/// The last one allows what is measured. Ours, iptables and nftables with the chains that Calico renders for the same policies, and
/// plain routing take turns; the medians count.
struct PolicyConnections {
    let rounds: Int

    private struct Bar {
        let policies: Int
        let iptables: Double
        let nftables: Double
    }

    private static let bars = [
        Bar(policies: 10, iptables: 1.2, nftables: 1.3),
        Bar(policies: 100, iptables: 1.6, nftables: 1.8),
        Bar(policies: 1000, iptables: 5.5, nftables: 6.5),
    ]

    private struct Lab {
        let client: Prober.Endpoint
        let server: Prober.Endpoint
    }

    func run() async throws -> [Row] {
        var rows: [Row] = []
        for bar in Self.bars {
            progress("connections: \(bar.policies) policies")
            rows += try await measure(bar)
        }
        return rows
    }

    private func measure(_ bar: Bar) async throws -> [Row] {
        let number = getpid() % 1000
        let plain = try PlainCluster(creating: "plain\(number)")
        defer { try? plain.down() }
        let iptables = try PlainCluster(creating: "ipt\(number)")
        defer { try? iptables.down() }
        let nftables = try PlainCluster(creating: "nft\(number)")
        defer { try? nftables.down() }
        let peers = try [plain, iptables, nftables].map {
            Lab(client: try $0.endpoint("a"), server: try $0.endpoint("c"))
        }
        let allowed = [peers[0].client, peers[0].server].flatMap { $0.addresses.map(\.description) }
        let policies = PolicyList(count: bar.policies, allowed: allowed)
        try iptables.onNodes(["ipset", "restore"]) { rules(policies, $0).ipsets }
        try iptables.onNodes(["iptables-legacy-restore"]) { rules(policies, $0).iptables }
        try nftables.onNodes(["nft", "-f", "-"]) { rules(policies, $0).nftables }
        return try await withCluster(nodes: 2) { cluster in
            let label = PolicyList.label(bar.policies - 1)
            let ours = try await lab(&cluster, labels: ["svc": label], policies.resources)
            let medians = try await turns([ours] + peers, ports: PolicyList.ports)
            return rows(bar, medians)
        }
    }

    private func rules(_ policies: PolicyList, _ links: [String]) -> PeerRules {
        PeerRules(policies: policies, links: links)
    }

    private func rows(_ bar: Bar, _ medians: [Double]) -> [Row] {
        let name = "connections, \(bar.policies) policies"
        let (ours, plain, iptables, nftables) = (medians[0], medians[1], medians[2], medians[3])
        return [
            .ratio(name, ours, "iptables", iptables, atLeast: bar.iptables, "1/s"),
            .ratio(name, ours, "nftables", nftables, atLeast: bar.nftables, "1/s"),
            // Told, so that what is compared with can be judged.
            .ratio("\(name), iptables", iptables, "plain routing", plain, atLeast: 0, "1/s"),
            .ratio("\(name), nftables", nftables, "plain routing", plain, atLeast: 0, "1/s"),
            .ratio(name, ours, "plain routing", plain, atLeast: 0, "1/s"),
        ]
    }

    /// Ten thousand rules against none, both ours.
    func runManyRules() async throws -> [Row] {
        let set = PolicySet(count: 1000)
        var labels = set.labels(ofPod: set.count - 1)
        labels["role"] = "gateway"
        let number = getpid() % 1000
        return try await withCluster(nodes: 2, named: "none\(number)") { without in
            let none = try await lab(&without, labels: labels, [])
            return try await withCluster(nodes: 2, named: "many\(number)") { with in
                progress("connections: \(set.count * PolicySet.rulesEach) rules")
                let many = try await lab(&with, labels: labels, set.resources + set.podSets)
                // Rule 2 of the last policy allows these.
                let medians = try await turns([many, none], ports: 9100...9110)
                return [
                    .ratio(
                        "connections, 10,000 rules",
                        medians[0],
                        "no policy",
                        medians[1],
                        atLeast: 0.95,
                        "1/s"
                    )
                ]
            }
        }
    }

    /// Two pods on two nodes, under these objects.
    private func lab(
        _ cluster: inout Cluster,
        labels: [String: String],
        _ resources: [Resource]
    ) async throws -> Lab {
        let policies = Policies(store: cluster.openStore())
        for resource in resources { try await policies.apply(resource) }
        for (name, node) in [("client", "node1"), ("server", "node2")] {
            _ = try await cluster.addPod("default/\(name)", node: node, labels: labels)
        }
        let ends = cluster.probeEndpoints(external: false)
        return Lab(client: ends[0], server: ends[1])
    }

    private func turns(_ labs: [Lab], ports: ClosedRange<UInt16>) async throws -> [Double] {
        for lab in labs { try await waitUntilOpen(lab, ports.lowerBound) }
        var rates = labs.map { _ in [Double]() }
        for round in 1...rounds {
            for (index, lab) in labs.enumerated() {
                rates[index].append(
                    try Connections.perSecond(
                        from: lab.client,
                        to: lab.server,
                        port: ports.lowerBound + UInt16(round % ports.count),
                        for: .seconds(1)
                    )
                )
            }
        }
        return rates.map(\.median)
    }

    /// Until the policies of now, the last of which allows it, are in force.
    private func waitUntilOpen(_ lab: Lab, _ port: UInt16) async throws {
        let deadline = ContinuousClock.now + .seconds(30)
        let prober = Prober(endpoints: [lab.client, lab.server])
        while ContinuousClock.now < deadline {
            let tables = try prober.probe([ProbePort(.tcp, port)], .v4)
            if tables.first?.reached(lab.client.name, lab.server.name) == true { return }
        }
        throw ClusterError("\(lab.client.name) does not reach \(lab.server.name) within 30 s")
    }
}
