import Cluster
import Model
import Support
import Testing

// What the store says changes under traffic:
//
//       node1               node2
//     ┌────────────────┐  ┌──────────────┐
//     │ default/client │  │ default/web  │
//     │ default/near   │  │              │     client and keeper talk to web and to near,
//     │ default/keeper │  │              │     which is on their own node
//     └───────┬────────┘  └──────┬───────┘
//             └── fabric ────────┴── external
//
// The packets that are under way say when the change has reached the kernel.

extension Topology {
    @Suite("a change reaches the packets under way")
    struct ChangeTests {
        /// How long a change may take.
        static let limit = Duration.seconds(1)

        @Test("a pod loses a label: what is no longer allowed stops, the rest goes on")
        func label() async throws {
            try await withCluster { cluster in
                let ends = try await cluster.addPods()
                try cluster.apply(denyIngress + Self.allowClients)
                try await cluster.expect(ends, others: "..... ..... XX.X. XXX.. XXXX.")
                let (client, keeper, near, web) = (ends[0], ends[1], ends[2], ends[3])

                let streams = try [near, web].map {
                    try DatagramStream(from: client, to: $0, port: 5000, every: pace)
                }
                let cut = try Transfer(from: client, to: web, port: 5001)
                let cutNear = try Transfer(from: client, to: near, port: 5001, .v6)
                let kept = try Transfer(from: keeper, to: web, port: 5002)
                let undisturbed = try DatagramStream(
                    from: keeper,
                    to: web,
                    port: 5003,
                    .v6,
                    every: pace
                )
                for transfer in [cut, cutNear, kept] { try await transfer.goOn() }
                for stream in streams { try await stream.goOn(for: 50) }

                var start = ContinuousClock.now
                try cluster.caracalctl(["label", "pod", "client", "role", "--remove"])
                for stream in streams {
                    #expect(try await stream.stopped(after: start) < Self.limit)
                }
                for transfer in [cut, cutNear] { try await transfer.stall() }
                try await kept.goOn()

                start = .now
                try cluster.caracalctl(["label", "pod", "client", "role=client"])
                for stream in streams {
                    #expect(try await stream.resumed(after: start) < Self.limit)
                }
                // Its entries were refused, not forgotten.
                for transfer in [cut, cutNear] { try await transfer.goOn() }

                for transfer in [cut, cutNear, kept] {
                    let end = transfer.finish()
                    #expect(end.failure == nil)
                    #expect(end.sent == end.received)
                }
                for stream in streams { _ = stream.finish() }
                #expect(undisturbed.finish().filter { !$0.arrived }.count == 0)
            }
        }

        @Test("a network set gains and loses an address")
        func networkSet() async throws {
            try await withCluster { cluster in
                let ends = try await cluster.addPods()
                let (client, external) = (ends[0], ends[4])
                try cluster.apply(Self.networkSet([]) + Self.denyListed)
                try await cluster.expect(ends, others: "..... ..... ..... ..... .....")
                let stream = try DatagramStream(
                    from: client,
                    to: external,
                    port: 5000,
                    every: pace
                )
                let transfer = try Transfer(from: client, to: external, port: 5001)
                try await transfer.goOn()

                var start = ContinuousClock.now
                try cluster.apply(Self.networkSet(["203.0.113.7/32"]))
                #expect(try await stream.stopped(after: start) < Self.limit)
                try await transfer.stall()
                // Only the address listed: IPv6 stays open. What external opens nobody denies.
                try await cluster.expect(
                    ends,
                    others: "....X ....X ....X ....X .....",
                    families: [.v4]
                )
                try await cluster.expect(
                    ends,
                    others: "..... ..... ..... ..... .....",
                    families: [.v6]
                )

                start = .now
                try cluster.apply(Self.networkSet(["198.51.100.0/24"]))
                #expect(try await stream.resumed(after: start) < Self.limit)
                try await transfer.goOn()
                let end = transfer.finish()
                #expect(end.failure == nil)
                #expect(end.sent == end.received)
                _ = stream.finish()
            }
        }

        @Test(
            "changes of the same pods' policy disturb neither what stays allowed nor what stays denied"
        )
        func neighbours() async throws {
            try await withCluster { cluster in
                let ends = try await cluster.addPods()
                let (client, near, web) = (ends[0], ends[2], ends[3])
                try cluster.apply(denyIngress + Self.allowClients)
                try await cluster.expect(ends, others: "..... ..... XX.X. XXX.. XXXX.")
                let allowed = try [near, web].map {
                    try DatagramStream(from: client, to: $0, port: 5000, every: pace)
                }
                let transfer = try Transfer(from: client, to: web, port: 5001)
                let denied = try [client, near].map {
                    try DatagramStream(from: web, to: $0, port: 5002, every: pace)
                }
                for round in 0..<40 {
                    let rules = (0...(round % 3)).map {
                        "{action: Allow, protocol: TCP, source: {selector: nobody == '\($0)'}}"
                    }
                    try cluster.apply(Self.allowNobody(rules))
                    if round % 8 == 7 { try cluster.caracalctl(["delete", "gnp", "nobody"]) }
                }
                for stream in allowed { try await stream.goOn(for: 100) }
                let end = transfer.finish()
                #expect(end.failure == nil && end.sent == end.received)
                for stream in allowed + denied { stream.stop() }
                #expect(allowed.flatMap { $0.finish() }.filter { !$0.arrived }.count == 0)
                #expect(denied.flatMap { $0.finish() }.filter { $0.arrived }.count == 0)
            }
        }

        @Test("a policy is deleted and comes back")
        func policy() async throws {
            try await withCluster { cluster in
                let ends = try await cluster.addPods()
                let (client, near, web) = (ends[0], ends[2], ends[3])
                try cluster.apply(denyIngress)
                try await cluster.expect(ends, others: Self.closed)
                let streams = try [near, web].flatMap { end in
                    try Family.allCases.map {
                        try DatagramStream(
                            from: client,
                            to: end,
                            port: 5000 + UInt16($0.rawValue),
                            $0,
                            every: pace
                        )
                    }
                }
                for stream in streams { try await stream.goOn(for: 50) }

                var start = ContinuousClock.now
                try cluster.caracalctl(["delete", "gnp", "deny-ingress"])
                for stream in streams {
                    #expect(try await stream.resumed(after: start) < Self.limit)
                }
                start = .now
                try cluster.apply(denyIngress)
                for stream in streams {
                    #expect(try await stream.stopped(after: start) < Self.limit)
                }
                for stream in streams { _ = stream.finish() }
                try await cluster.expect(ends, others: Self.closed)
            }
        }
    }
}

extension Cluster {
    /// client, keeper and near on node1, web on node2; and external.
    fileprivate mutating func addPods() async throws -> [Prober.Endpoint] {
        _ = try await addPod("default/client", node: "node1", labels: ["role": "client"])
        _ = try await addPod("default/keeper", node: "node1", labels: ["role": "client"])
        _ = try await addPod("default/near", node: "node1", labels: ["app": "web"])
        _ = try await addPod("default/web", node: "node2", labels: ["app": "web"])
        return probeEndpoints(external: true)
    }
}

// MARK: - Policies

extension Topology.ChangeTests {
    fileprivate static let closed = ".XXX. X.XX. XX.X. XXX.. XXXX."

    fileprivate static let allowClients = """
        apiVersion: projectcalico.org/v3
        kind: GlobalNetworkPolicy
        metadata: {name: allow-clients}
        spec:
          order: 100
          selector: all()
          types: [Ingress]
          ingress: [{action: Allow, source: {selector: role == 'client'}}]

        """

    /// Rules that match no packet, and make the programs others.
    fileprivate static func allowNobody(_ rules: [String]) -> String {
        """
        apiVersion: projectcalico.org/v3
        kind: GlobalNetworkPolicy
        metadata: {name: nobody}
        spec:
          order: 50
          selector: all()
          types: [Ingress]
          ingress: [\(rules.joined(separator: ", "))]

        """
    }

    fileprivate static func networkSet(_ nets: [String]) -> String {
        """
        apiVersion: projectcalico.org/v3
        kind: GlobalNetworkSet
        metadata: {name: listed, labels: {list: deny}}
        spec: {nets: [\(nets.joined(separator: ", "))]}
        ---

        """
    }

    fileprivate static let denyListed = """
        apiVersion: projectcalico.org/v3
        kind: GlobalNetworkPolicy
        metadata: {name: deny-listed}
        spec:
          order: 10
          selector: all()
          types: [Egress]
          egress:
            - {action: Deny, destination: {selector: list == 'deny'}}
            - {action: Allow}

        """
}
