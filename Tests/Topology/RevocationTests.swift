import Cluster
import Glibc
import Linux
import Model
import Support
import Testing

// A policy that takes back what it allowed, under connections:
//
//       node1               node2
//     ┌────────────────┐  ┌─────────────┐
//     │ default/client │  │ default/web │     client talks to web, and to near on its own node
//     │ default/near   │  │             │
//     └───────┬────────┘  └──────┬──────┘
//             └──── fabric ──────┘

extension Topology {
    @Suite("revokedFlowAction")
    struct RevocationTests {
        @Test("Reset: read() fails with ECONNRESET at both ends, whichever speaks first")
        func reset() async throws {
            try await withCluster { cluster in
                let (client, near, web) = try await cluster.addPods()
                try cluster.apply(Self.configuration("Reset") + fromClients)
                var idle: [Conversation] = []
                for (server, family) in [(near, Family.v4), (near, .v6), (web, .v4), (web, .v6)] {
                    for speaker in Conversation.Speaker.allCases {
                        idle.append(
                            try await Conversation(from: client, to: server, family, speaker)
                        )
                    }
                }
                // Super-packets, whose sums are left to the device.
                let bulk = try [near, web].map { try Transfer(from: client, to: $0, port: 5001) }
                for transfer in bulk { try await transfer.goOn() }

                try cluster.caracalctl(["label", "pod", "client", "role", "--remove"])
                for conversation in idle {
                    try await eventually("\(conversation): \([ECONNRESET, ECONNRESET])") {
                        conversation.speak()
                        return "\(conversation): \(conversation.errors())"
                    }
                }
                for transfer in bulk {
                    try await eventually(String(cString: strerror(ECONNRESET))) {
                        transfer.snapshot().failure
                    }
                    _ = transfer.finish()
                }

                // What is allowed again begins anew.
                try cluster.caracalctl(["label", "pod", "client", "role=client"])
                let again = try await Conversation(from: client, to: web, .v4, .client)
                #expect(again.errors() == [0, 0])
            }
        }

        @Test("Reset: connections of a node itself, that its host endpoint revokes")
        func resetOfHost() async throws {
            try await withCluster { cluster in
                _ = try await cluster.addPod("default/client", node: "node1")
                let client = try #require(cluster.probeEndpoints(external: false).first)
                let node = cluster.endpoint(cluster.state.nodes[1])
                try cluster.apply(Self.configuration("Reset") + Self.host("Allow"))
                // In force, which a denied datagram shows: a connection that is older is not known.
                try await cluster.expect(
                    [client, node],
                    others: ".X ..",
                    ports: [ProbePort(.udp, 53)]
                )
                var idle: [Conversation] = []
                for family in Family.allCases {
                    for speaker in Conversation.Speaker.allCases {
                        idle.append(try await Conversation(from: client, to: node, family, speaker))
                    }
                }
                let bulk = try Transfer(from: client, to: node, port: 5001)
                try await bulk.goOn()

                try cluster.apply(Self.host("Deny"))
                for conversation in idle {
                    try await eventually("\(conversation): \([ECONNRESET, ECONNRESET])") {
                        conversation.speak()
                        return "\(conversation): \(conversation.errors())"
                    }
                }
                try await eventually(String(cString: strerror(ECONNRESET))) {
                    bulk.snapshot().failure
                }
                _ = bulk.finish()
            }
        }

        private static func host(_ action: String) -> String {
            """
            apiVersion: projectcalico.org/v3
            kind: GlobalNetworkPolicy
            metadata: {name: host}
            spec:
              selector: role == 'edge'
              types: [Ingress, Egress]
              ingress: [{action: \(action), protocol: TCP}]
              egress: [{action: Allow}]
            ---
            apiVersion: projectcalico.org/v3
            kind: HostEndpoint
            metadata: {name: node2-host, labels: {role: edge}}
            spec: {node: node2, interfaceName: eth0}
            ---

            """
        }

        @Test("Allow: connections live on, new ones are denied; set back, they stop")
        func allow() async throws {
            try await withCluster { cluster in
                let (client, near, web) = try await cluster.addPods()
                try cluster.apply(Self.configuration("Allow") + fromClients)
                let old = try [near, web].map { try Transfer(from: client, to: $0, port: 5001) }
                for transfer in old { try await transfer.goOn() }

                try cluster.caracalctl(["label", "pod", "client", "role", "--remove"])
                // In force for what begins now; a datagram sent too early would be a connection, too.
                try await cluster.expect(
                    [client, near, web],
                    others: ".XX X.X XX.",
                    ports: [ProbePort(.tcp, 80)]
                )
                for transfer in old { try await transfer.goOn() }

                try cluster.apply(Self.configuration("Drop"))
                for transfer in old { try await transfer.stall() }
                for transfer in old { _ = transfer.finish() }
            }
        }

        fileprivate static func configuration(_ action: String) -> String {
            """
            apiVersion: projectcalico.org/v3
            kind: FelixConfiguration
            metadata: {name: default}
            spec: {revokedFlowAction: \(action)}
            ---

            """
        }
    }
}

extension Cluster {
    fileprivate mutating func addPods() async throws -> (
        client: Prober.Endpoint, near: Prober.Endpoint, web: Prober.Endpoint
    ) {
        _ = try await addPod("default/client", node: "node1", labels: ["role": "client"])
        _ = try await addPod("default/near", node: "node1")
        _ = try await addPod("default/web", node: "node2")
        let ends = probeEndpoints(external: false)
        return (ends[0], ends[1], ends[2])
    }
}

/// A TCP connection of which one end says a byte now and then.
private final class Conversation: CustomStringConvertible {
    enum Speaker: CaseIterable {
        case client
        case server
    }

    let description: String
    private let speaker: Speaker
    private let server: Int32
    private let ends: [Int32]
    private var known: [Int32] = [0, 0]

    /// Connects and exchanges a byte each way, once policy allows it.
    init(
        from source: Prober.Endpoint,
        to destination: Prober.Endpoint,
        _ family: Family,
        _ speaker: Speaker
    ) async throws {
        description = "\(speaker) of \(source.name) to \(destination.name), \(family)"
        self.speaker = speaker
        // Above the failsafe ports, which no host endpoint revokes.
        let port = UInt16.random(in: 7000..<30000)
        let address = try #require(destination.address(family))
        let server = try listener(destination, port, family)
        self.server = server
        let client = try NetworkNamespace(path: source.namespace).run {
            try Socket.open(family, .stream, protocol: Int32(IPPROTO_TCP)).blockingCopy()
        }
        let peer = try await offPool {
            if let reason = connectBlocking(client, address, port) { throw ClusterError(reason) }
            return accept(server, nil, nil)
        }
        ends = [client, peer]
        for (one, other) in [(client, peer), (peer, client)] {
            var byte: UInt8 = 1
            let counts = [send(one, &byte, 1, Int32(MSG_NOSIGNAL)), recv(other, &byte, 1, 0)]
            try #require(counts == [1, 1])
        }
    }

    deinit { for descriptor in ends + [server] { close(descriptor) } }

    func speak() {
        var byte: UInt8 = 2
        let flags = Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
        let end = speaker == .client ? 0 : 1
        // Whoever writes first learns it first; the other end must learn it by reading.
        if known[end] == 0, send(ends[end], &byte, 1, flags) < 0 { known[end] = errno }
    }

    /// What read() said last at client and server; 0 while there is no error.
    func errors() -> [Int32] {
        for (index, descriptor) in ends.enumerated() where known[index] == 0 {
            var buffer = [UInt8](repeating: 0, count: 1024)
            let count = recv(descriptor, &buffer, buffer.count, Int32(MSG_DONTWAIT))
            if count < 0, errno != EAGAIN { known[index] = errno }
            if count == 0 { known[index] = ENODATA }
        }
        return known
    }
}
