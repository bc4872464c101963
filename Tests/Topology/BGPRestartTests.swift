import Cluster
import Glibc
import Model
import Support
import Testing

// Speakers and agents end and come back under traffic that goes by what they told each other:
//
//     external ── BIRD ──┬── node1: default/client       external to web, client to web:
//                        └── node2: default/web          a datagram every two milliseconds each family

extension Topology {
    @Suite("speakers end and come back")
    struct BGPRestartTests {
        @Test("nothing is lost when speakers and agents restart")
        func restarts() async throws {
            try await withCluster(routing: .bgp) { cluster in
                _ = try await cluster.addPod("default/client", node: "node1")
                _ = try await cluster.addPod("default/web", node: "node2")
                let traffic = try await Streams(cluster, to: "default/web")
                for step in Step.allCases {
                    try await step.perform(&cluster)
                    for node in cluster.state.nodes {
                        try await cluster.waitUntilPeered(node.name)
                    }
                    try await traffic.goOn()
                    #expect(try traffic.lost == 0, "\(step)")
                }
                traffic.finish()
            }
        }

        @Test("a node that is rebooted is back with its pods, and nobody else has lost anything")
        func reboot() async throws {
            try await withCluster(nodes: 2, routing: .bgp) { cluster in
                _ = try await cluster.addPod("default/client", node: "node1")
                _ = try await cluster.addPod("default/web", node: "node2")
                let untouched = try await Streams(cluster, to: "default/client", from: "external")
                let own = try await Streams(cluster, to: "default/web")

                try cluster.crash("node2")
                try await cluster.bringBack("node2")
                for node in cluster.state.nodes { try await cluster.waitUntilPeered(node.name) }
                try await own.resume()
                try await untouched.goOn()
                #expect(try untouched.lost == 0)
                untouched.finish()
                own.finish()
            }
        }
    }
}

/// What happens to the cluster's processes, one after another.
private enum Step: CaseIterable {
    case speakerKilled
    case speakerKilledTwice
    case speakerUpgraded
    case allSpeakersKilled
    case agentKilled

    func perform(_ cluster: inout Cluster) async throws {
        switch self {
        case .speakerKilled: try await restart("node2", SIGKILL, &cluster)
        case .speakerKilledTwice:
            try await restart("node2", SIGKILL, &cluster)
            try await restart("node2", SIGKILL, &cluster)
        case .speakerUpgraded: try await restart("node2", SIGTERM, &cluster)
        case .allSpeakersKilled:
            for node in cluster.state.nodes { try cluster.stopSpeaker(node.name, signal: SIGKILL) }
            for node in cluster.state.nodes { try cluster.startSpeaker(node.name) }
        case .agentKilled:
            try cluster.stopAgent("node2", signal: SIGKILL)
            try cluster.startAgent("node2")
            try await cluster.waitUntilReady("node2")
        }
    }

    private func restart(_ node: String, _ signal: Int32, _ cluster: inout Cluster) async throws {
        try cluster.stopSpeaker(node, signal: signal)
        try cluster.startSpeaker(node)
        // Up with one peer: so that the next end finds it in the middle of things.
        try await eventually(true) {
            (try? cluster.sessions(node))?.contains { $0.state == "Established" } ?? false
        }
    }
}

/// Datagrams of both families to a pod: from beyond the fabric and from every other pod, or from one.
private struct Streams {
    private let streams: [DatagramStream]

    init(_ cluster: Cluster, to name: String, from source: String? = nil) async throws {
        let ends = cluster.probeEndpoints(external: true)
        let target = try #require(ends.first { $0.name == name })
        var streams: [DatagramStream] = []
        for end in ends where end.name != name && (source == nil || end.name == source) {
            for family in Family.allCases {
                streams.append(
                    try DatagramStream(
                        from: end,
                        to: target,
                        port: 5000 + UInt16(streams.count),
                        family,
                        every: pace
                    )
                )
            }
        }
        self.streams = streams
        try await resume()
    }

    func goOn() async throws {
        for stream in streams { try await stream.goOn(for: 200) }
    }

    func resume() async throws {
        let start = ContinuousClock.now
        for stream in streams { _ = try await stream.resumed(after: start) }
    }

    /// Those that did not come though a later one did.
    var lost: Int {
        get throws {
            streams.reduce(0) { sum, stream in
                let all = stream.snapshot()
                let first = all.firstIndex(where: \.arrived) ?? 0
                let last = all.lastIndex(where: \.arrived) ?? 0
                return sum + all[first...last].count { !$0.arrived }
            }
        }
    }

    func finish() {
        for stream in streams { stream.stop() }
        for stream in streams { _ = stream.finish() }
    }
}
