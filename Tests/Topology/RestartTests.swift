import Cluster
import Glibc
import Model
import Support
import Testing

// Agents end and come back under traffic:
//
//       node1               node2
//     ┌────────────────┐  ┌───────────────┐
//     │ default/client │  │ default/web   │     client to web: a datagram every two
//     │ default/near   │  │ default/other │     milliseconds and a TCP transfer each family;
//     └───────┬────────┘  └──────┬────────┘     client to near: the same on one node
//             └───── fabric ─────┘
//
// other may reach nobody, near neither. That stays so with no agent there.

extension Topology {
    @Suite("agents end and come back")
    struct RestartTests {
        @Test(
            "nothing is lost, policy holds, nothing is written again",
            arguments: [SIGKILL, SIGTERM]
        )
        func restart(_ signal: Int32) async throws {
            try await withCluster { cluster in
                _ = try await cluster.addPod(
                    "default/client",
                    node: "node1",
                    labels: ["role": "client"]
                )
                _ = try await cluster.addPod("default/near", node: "node1")
                _ = try await cluster.addPod("default/web", node: "node2")
                _ = try await cluster.addPod("default/other", node: "node2")
                let ends = cluster.probeEndpoints(external: false)
                try cluster.apply(fromClients)
                try await cluster.expect(ends, others: Self.table)
                let traffic = try Traffic(from: ends[0], to: [ends[1], ends[2]])
                try await traffic.goOn()

                for node in cluster.state.nodes {
                    try cluster.stopAgent(node.name, signal: signal)
                }
                try await traffic.goOn()
                try await cluster.expect(ends, others: Self.table)

                for node in cluster.state.nodes { try cluster.startAgent(node.name) }
                for node in cluster.state.nodes { try await cluster.waitUntilReady(node.name) }
                try await traffic.goOn()
                for node in cluster.state.nodes {
                    let status = AgentStatus(cluster, node: node.name)
                    #expect(try status.metric("caracal_map_writes_total") == 0)
                    #expect(try status.metric("caracal_route_writes_total") ?? 0 == 0)
                }
                #expect(traffic.finish() == Traffic.Loss())

                // The next pods are like those before: on both nodes, in both roles.
                _ = try await cluster.addPod(
                    "default/client2",
                    node: "node2",
                    labels: ["role": "client"]
                )
                _ = try await cluster.addPod("default/web2", node: "node1")
                try await cluster.expect(
                    cluster.probeEndpoints(external: false),
                    others: "...... X.XXXX XX.XXX XXX.XX ...... XXXXX."
                )
            }
        }

        @Test("an agent that was away learns what changed meanwhile")
        func changedMeanwhile() async throws {
            try await withCluster { cluster in
                _ = try await cluster.addPod(
                    "default/client",
                    node: "node1",
                    labels: ["role": "client"]
                )
                _ = try await cluster.addPod("default/gone", node: "node1")
                _ = try await cluster.addPod("default/web", node: "node2")
                let all = cluster.probeEndpoints(external: false)
                try await cluster.expect(all, others: "... ... ...")
                // client to web and to its neighbour will be denied, web to client allowed.
                let cut = try [(all[0], all[2]), (all[0], all[1])].map { source, destination in
                    try Transfer(from: source, to: destination, port: 5001)
                }
                let cutStream = try DatagramStream(
                    from: all[0],
                    to: all[2],
                    port: 5002,
                    .v6,
                    every: pace
                )
                let kept = try Transfer(from: all[2], to: all[0], port: 5003)
                for transfer in cut + [kept] { try await transfer.goOn() }

                for node in cluster.state.nodes {
                    try cluster.stopAgent(node.name, signal: SIGKILL)
                }
                try cluster.apply(fromClients)
                try cluster.caracalctl(["label", "pod", "client", "role", "--remove"])
                try cluster.caracalctl(["label", "pod", "web", "role=client"])
                try cluster.caracalctl(["delete", "pod", "gone"])
                // With nobody there to do it, nothing of that is in force.
                try await cluster.expect(all, others: "... ... ...")

                for node in cluster.state.nodes { try cluster.startAgent(node.name) }
                for node in cluster.state.nodes { try await cluster.waitUntilReady(node.name) }
                // A pod whose object is gone reaches nobody and is reached by nobody.
                try await cluster.expect(all, others: ".XX X.X .X.")
                for transfer in cut { try await transfer.stall() }
                _ = try await cutStream.stopped(after: .now)
                try await kept.goOn()
                let end = kept.finish()
                #expect(end.failure == nil && end.sent == end.received)
                for transfer in cut { transfer.stop() }
                for transfer in cut { _ = transfer.finish() }
                _ = cutStream.finish()
            }
        }
    }
}

/// Datagrams and transfers from one end to others, over both families.
private struct Traffic {
    struct Loss: Equatable {
        var datagrams = 0
        var bytes = 0
        var failures: [String] = []
    }

    private var streams: [DatagramStream] = []
    private var transfers: [Transfer] = []

    init(from source: Prober.Endpoint, to destinations: [Prober.Endpoint]) throws {
        for destination in destinations {
            for family in Family.allCases {
                let port = 5000 + UInt16(family.rawValue)
                streams.append(
                    try DatagramStream(
                        from: source,
                        to: destination,
                        port: port,
                        family,
                        every: pace
                    )
                )
                transfers.append(
                    try Transfer(from: source, to: destination, port: port + 100, family)
                )
            }
        }
    }

    func goOn() async throws {
        // Side by side: it is the same time that they go through.
        let sent = streams.map { $0.snapshot().count }
        let received = transfers.map { $0.snapshot().received }
        try await eventually(true) {
            zip(streams, sent).allSatisfy { $0.snapshot().count >= $1 + 200 }
                && zip(transfers, received).allSatisfy { $0.snapshot().received > $1 }
        }
    }

    func finish() -> Loss {
        var loss = Loss()
        for stream in streams { stream.stop() }
        for transfer in transfers { transfer.stop() }
        for transfer in transfers {
            let end = transfer.finish()
            loss.bytes += end.sent - end.received
            if let failure = end.failure { loss.failures.append(failure) }
        }
        for stream in streams { loss.datagrams += stream.finish().filter { !$0.arrived }.count }
        return loss
    }
}

// MARK: - Policy

extension Topology.RestartTests {
    fileprivate static let table = ".... X.XX XX.X XXX."

}
