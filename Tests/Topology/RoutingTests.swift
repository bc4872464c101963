import Cluster
import Model
import Support
import Testing

// Addresses that are not where their block is, and that move:
//
//       node1               node2                  node3
//     ┌───────────────┐   ┌────────────────────┐ ┌──────────────────┐
//     │ default/a     │   │ default/guest,     │ │ default/c        │
//     │               │   │ of node1's block   │ │ then guest again │
//     └───────┬───────┘   └──────┬─────────────┘ └───────┬──────────┘
//             └──────────────────┴───────────────────────┘
//                            fabric ── external

extension Topology {
    @Suite("routes to pods")
    struct RoutingTests {
        @Test("an address out of another node's block is reached, and followed where it goes")
        func borrowed() async throws {
            try await withCluster(nodes: 3) { cluster in
                let a = try await cluster.addPod(
                    "default/a",
                    node: "node1",
                    labels: ["role": "client"]
                )
                let c = try await cluster.addPod("default/c", node: "node3")
                let wanted = try a.addresses.map { try Self.neighbour(of: $0) }
                let request = ["cni.projectcalico.org/ipAddrs": Self.list(wanted)]

                var guest = try await cluster.addPod(
                    "default/guest",
                    node: "node2",
                    annotations: request
                )
                #expect(Set(guest.addresses) == Set(wanted))
                try await cluster.expect(
                    cluster.probeEndpoints(external: true),
                    others: ".... .... .... ...."
                )
                try cluster.apply(Self.policy)
                try await cluster.expect(
                    cluster.probeEndpoints(external: true),
                    others: ".... X.X. XX.. XXX."
                )
                let ends = [a, c, guest].map { cluster.endpoint($0) }
                let streams = try Family.allCases.map {
                    try DatagramStream(
                        from: ends[0],
                        to: ends[2],
                        port: 5000 + UInt16($0.rawValue),
                        $0,
                        every: pace
                    )
                }
                let denied = try Family.allCases.map {
                    try DatagramStream(
                        from: ends[1],
                        to: ends[2],
                        port: 6000 + UInt16($0.rawValue),
                        $0,
                        every: pace
                    )
                }
                for stream in streams { _ = try await stream.resumed(after: .now) }

                // It moves beside c, to whom the way is now a local one.
                try await cluster.removePod("default/guest")
                guest = try await cluster.addPod(
                    "default/guest",
                    node: "node3",
                    annotations: request
                )
                #expect(Set(guest.addresses) == Set(wanted))
                try await cluster.expect(
                    cluster.probeEndpoints(external: true),
                    others: ".... X.X. XX.. XXX."
                )
                // The same connections, as its new node sees them.
                for stream in streams + denied { try stream.listen(at: cluster.endpoint(guest)) }
                for stream in streams { _ = try await stream.resumed(after: .now) }
                for stream in streams + denied { stream.stop() }
                for stream in streams { _ = stream.finish() }
                #expect(denied.flatMap { $0.finish() }.filter(\.arrived).count == 0)

                // Home, at last: its address is of node1's block.
                try await cluster.removePod("default/guest")
                _ = try await cluster.addPod(
                    "default/guest",
                    node: "node1",
                    annotations: request
                )
                try await cluster.expect(
                    cluster.probeEndpoints(external: true),
                    others: ".... X.X. XX.. XXX."
                )
                try await cluster.removePod("default/guest")
                try await cluster.expect(
                    cluster.probeEndpoints(external: true),
                    others: "... X.. XX."
                )
            }
        }

        /// Another address of the same block: a pod's first neighbours are still free.
        private static func neighbour(of text: String) throws -> String {
            let address = try #require(Address(text))
            return "\(Address(high: address.high, low: address.low + 9))"
        }

        private static func list(_ addresses: [String]) -> String {
            "[" + addresses.map { "\"\($0)\"" }.joined(separator: ",") + "]"
        }
    }
}

extension Topology.RoutingTests {
    /// Clients reach everybody, others nobody but external.
    fileprivate static let policy = """
        apiVersion: projectcalico.org/v3
        kind: GlobalNetworkPolicy
        metadata: {name: from-clients}
        spec:
          selector: all()
          types: [Ingress]
          ingress: [{action: Allow, source: {selector: role == 'client'}}]

        """
}
