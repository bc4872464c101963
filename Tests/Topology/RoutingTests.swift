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
                try cluster.apply(fromClients)
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

        @Test(
            "an address that changes hands takes no connection along",
            arguments: ["node1", "node2", "node3"]
        )
        func inherited(_ heir: String) async throws {
            try await withCluster(nodes: 3) { cluster in
                let addresses = ["10.65.200.7", "fd00:10:65::c8:7"]
                let request = ["cni.projectcalico.org/ipAddrs": Self.list(addresses)]
                let targets = [
                    cluster.endpoint(try await cluster.addPod("default/near", node: "node1")),
                    cluster.endpoint(try await cluster.addPod("default/far", node: "node2")),
                ]
                let client = cluster.endpoint(
                    try await cluster.addPod(
                        "default/client",
                        node: "node1",
                        labels: ["role": "client"],
                        annotations: request
                    )
                )
                try cluster.apply(fromClients)
                for target in targets {
                    for family in Family.allCases {
                        let talk = try Self.talk(from: client, to: target, family)
                        try await eventually(true) { try talk.isAnswered() }
                    }
                }

                try await cluster.removePod("default/client")
                let intruder = cluster.endpoint(
                    try await cluster.addPod("default/heir", node: heir, annotations: request)
                )
                for target in targets {
                    for family in Family.allCases {
                        // The same ports: to the programs it is the same connection.
                        let talk = try Self.talk(from: intruder, to: target, family)
                        #expect(try !talk.isAnswered(), "\(target.name), IPv\(family.rawValue)")
                    }
                }
                // Nor is it closed for good.
                try cluster.caracalctl(["label", "pod", "heir", "role=client"])
                for target in targets {
                    for family in Family.allCases {
                        let talk = try Self.talk(from: intruder, to: target, family)
                        try await eventually(true) { try talk.isAnswered() }
                    }
                }
            }
        }

        private static func talk(
            from source: Prober.Endpoint,
            to destination: Prober.Endpoint,
            _ family: Family
        ) throws -> Echo {
            try Echo(from: source, to: destination, port: 7000, family, sourcePort: 7001)
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
