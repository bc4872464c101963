import Cluster
import Model
import Testing

// Clusters and pods of one family only:
//
//       node1               node2
//     ┌────────────────┐  ┌──────────────┐
//     │ default/client │  │ default/web  │
//     │ default/other  │  │              │
//     └───────┬────────┘  └──────┬───────┘
//             └───── fabric ─────┴── external

extension Topology {
    @Suite("one family only")
    struct FamilyTests {
        @Test("a cluster without IPv6")
        func onlyIPv4() async throws {
            try await withCluster(ipv6: false) { cluster in
                let ends = try await cluster.addPods()
                #expect(cluster.state.pods.allSatisfy { $0.addresses.count == 1 })
                try await cluster.expect(
                    ends,
                    others: ".... .... .... ....",
                    families: [.v4]
                )
                try cluster.apply(fromClients)
                try await cluster.expect(ends, others: Self.table, families: [.v4])
            }
        }

        @Test("pods with IPv6 only, beside one with both")
        func onlyIPv6() async throws {
            try await withCluster { cluster in
                let ends = try await cluster.addPods(
                    annotations: ["cni.projectcalico.org/ipFamilies": #"["IPv6"]"#])
                _ = try await cluster.addPod("default/both", node: "node2")
                #expect(cluster.state.pods.map(\.addresses.count) == [1, 1, 1, 2])
                try cluster.apply(fromClients)
                try await cluster.expect(ends, others: Self.table, families: [.v6])
                let all = cluster.probeEndpoints(external: false)
                try await cluster.expect(all, others: ".... X.XX XX.X XXX.", families: [.v6])
                try await cluster.expect(all, others: "---- ---- ---- ---.", families: [.v4])
            }
        }
    }
}

extension Cluster {
    fileprivate mutating func addPods(
        annotations: [String: String] = [:]
    ) async throws -> [Prober.Endpoint] {
        _ = try await addPod(
            "default/client",
            node: "node1",
            labels: ["role": "client"],
            annotations: annotations
        )
        _ = try await addPod("default/other", node: "node1", annotations: annotations)
        _ = try await addPod("default/web", node: "node2", annotations: annotations)
        return probeEndpoints(external: true)
    }
}

extension Topology.FamilyTests {
    fileprivate static let table = ".... X.X. XX.. XXX."

}
