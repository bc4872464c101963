import Cluster
import Model
import Support
import Testing

// A pod begins under fire, and talks before it can:
//
//       node1                               node2
//     ┌─────────────────────────────────┐  ┌──────────────┐
//     │ default/near ◀──▶ bench/pod-0   │  │ default/far  │
//     │                   10.65.200.7   │  │              │
//     └─────────────┬───────────────────┘  └──────┬───────┘
//                   └────────── fabric ───────────┘
//
// Policy denies what near and far say to the pod, and all that the pod says itself.

extension Topology {
    @Suite("a pod is closed until its policy is in force")
    struct OpeningTests {
        private static let addresses = ["10.65.200.7", "fd00:10:65::c8:7"]

        @Test("no packet passes before policy is there, whoever begins")
        func opening() async throws {
            try await withCluster { cluster in
                let others = [
                    cluster.endpoint(try await cluster.addPod("default/near", node: "node1")),
                    cluster.endpoint(try await cluster.addPod("default/far", node: "node2")),
                ]
                let plugin = cluster.plugin("node1")
                // On the same addresses again and again: what is left of one must not open the next.
                for round in 0..<4 {
                    try cluster.apply(Self.closed)
                    var pod = try await cluster.preparePods(
                        1,
                        node: "node1",
                        annotations: [
                            "cni.projectcalico.org/ipAddrs": "\(Self.addresses)"
                        ]
                    )[0]
                    pod.addresses = Self.addresses
                    let streams = try Self.streams(between: cluster.endpoint(pod), and: others)
                    for stream in streams { try await stream.goOn(for: 20) }

                    let answer = try plugin.ask("ADD", pod)
                    #expect(Set(answer.addresses) == Set(Self.addresses), "\(answer.failure)")
                    for stream in streams { try await stream.goOn(for: 50) }
                    let passed = streams.flatMap { $0.snapshot() }.filter(\.arrived).count
                    #expect(passed == 0, "round \(round)")

                    // It is policy that holds them, and nothing else.
                    let start = ContinuousClock.now
                    try cluster.caracalctl(["delete", "gnp", "closed"])
                    for stream in streams { _ = try await stream.resumed(after: start) }
                    for stream in streams { stream.stop() }
                    for stream in streams { _ = stream.finish() }
                    #expect(try plugin.ask("DEL", pod).isSuccess)
                    try await cluster.discardPods([pod])
                }
            }
        }

        /// Each way between the pod and the others, over both families.
        private static func streams(
            between pod: Prober.Endpoint,
            and others: [Prober.Endpoint]
        ) throws -> [DatagramStream] {
            var streams: [DatagramStream] = []
            for (index, other) in others.enumerated() {
                for family in Family.allCases {
                    for (source, destination) in [(pod, other), (other, pod)] {
                        streams.append(
                            try DatagramStream(
                                from: source,
                                to: destination,
                                port: 5000 + UInt16(index),
                                family,
                                every: pace,
                                isEarly: true
                            )
                        )
                    }
                }
            }
            return streams
        }
    }
}

extension Topology.OpeningTests {
    fileprivate static let closed = """
        apiVersion: projectcalico.org/v3
        kind: GlobalNetworkPolicy
        metadata: {name: closed}
        spec:
          selector: app == 'web'
          types: [Ingress, Egress]
          ingress: [{action: Deny}]
          egress: [{action: Deny}]

        """
}
