import Cluster
import Glibc
import Linux
import Model
import Support
import Testing

// Datagrams and segments larger than a link carries:
//
//       node1              node2
//     ┌───────────────┐  ┌──────────────┐
//     │ default/a     │  │ default/far  │
//     │ default/near  │  │              │          ┌─────────────────────┐
//     └───────┬───────┘  └──────┬───────┘          │ beyond 198.51.100.2 │
//             │ eth0            │                  └──────────┬──────────┘
//             └───── fabric ────┴────── MTU 1300 ─────────────┘

extension Topology {
    @Suite("packets larger than a link")
    struct PacketSizeTests {
        @Test("fragments of a datagram share the fate that its ports decide")
        func fragments() async throws {
            try await withCluster { cluster in
                let a = cluster.endpoint(try await cluster.addPod("default/a", node: "node1"))
                let others = [
                    cluster.endpoint(try await cluster.addPod("default/near", node: "node1")),
                    cluster.endpoint(try await cluster.addPod("default/far", node: "node2")),
                ]
                try cluster.apply(Self.onlyPort7000)
                for other in others {
                    for family in Family.allCases {
                        let comment = Comment("\(other.name), IPv\(family.rawValue)")
                        let echo = try Echo(from: a, to: other, port: 7000, family)
                        try await eventually(true) { try echo.isAnswered(bytes: 8000) }
                        let closed = try Echo(from: a, to: other, port: 7001, family)
                        #expect(try !closed.isAnswered(bytes: 8000), comment)
                    }
                }
                #expect(try cluster.drops("ingress_policy", on: "node2") > 0)
            }
        }

        @Test("a node's link shrinks: its pods are told, and TCP goes on")
        func smallerLink() async throws {
            try await withCluster { cluster in
                let a = cluster.endpoint(try await cluster.addPod("default/a", node: "node1"))
                let far = cluster.endpoint(try await cluster.addPod("default/far", node: "node2"))
                let before = try Family.allCases.map {
                    try Transfer(from: a, to: far, port: 5000 + UInt16($0.rawValue), $0)
                }
                for transfer in before { try await transfer.goOn() }
                try Command.run([
                    "ip", "-n", cluster.paths.namespace(ofNode: "node1"), "link", "set", "eth0",
                    "mtu", "1400",
                ])
                // By what the connections send that are under way, and nothing else.
                for family in Family.allCases {
                    try await eventually(true) {
                        try learned(from: a, to: far, family).contains("mtu 1400")
                    }
                }
                for transfer in before { try await transfer.goOn() }
                try await cluster.expectPathMTU(1400, from: a, to: far)
                try finish(before)
            }
        }

        @Test("a router on the way has a smaller link: its word reaches the pod, policy or not")
        func smallerPath() async throws {
            try await withCluster { cluster in
                let a = cluster.endpoint(try await cluster.addPod("default/a", node: "node1"))
                let beyond = try cluster.addBeyond()
                // Nobody may speak to the pod; the answers to what it says are no one's speech.
                try cluster.apply(denyIngress)
                let transfers = try Family.allCases.map {
                    try Transfer(from: a, to: beyond, port: 5000 + UInt16($0.rawValue), $0)
                }
                for transfer in transfers { try await transfer.goOn() }
                try await cluster.expectPathMTU(1300, from: a, to: beyond)
                try finish(transfers)
                try Command.run(["ip", "netns", "del", "\(cluster.paths.name)-beyond"])
            }
        }

        /// What a pod knows of its way to another end.
        private func learned(
            from source: Prober.Endpoint,
            to destination: Prober.Endpoint,
            _ family: Family
        ) throws -> String {
            let address = try #require(destination.address(family))
            let answer = try Command.run([
                "nsenter", "--net=\(source.namespace)", "ip", "route", "get", "\(address)",
            ])
            return String(decoding: answer, as: UTF8.self)
        }

        private func finish(_ transfers: [Transfer]) throws {
            for transfer in transfers { transfer.stop() }
            for transfer in transfers {
                let end = transfer.finish()
                #expect(end.failure == nil)
                #expect(end.sent == end.received)
            }
        }
    }
}

extension Cluster {
    /// Waits until a pod that sends large datagrams which may not be cut has been told how large they
    /// may be.
    fileprivate func expectPathMTU(
        _ mtu: Int32,
        from source: Prober.Endpoint,
        to destination: Prober.Endpoint,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        for family in Family.allCases {
            let address = try #require(destination.address(family))
            let socket = try NetworkNamespace(path: source.namespace).run {
                let socket = try Socket.open(family, .datagram, protocol: Int32(IPPROTO_UDP))
                if family == .v4 {
                    try socket.set(Int32(IPPROTO_IP), IP_MTU_DISCOVER, IP_PMTUDISC_DO)
                } else {
                    try socket.set(Int32(IPPROTO_IPV6), IPV6_MTU_DISCOVER, IPV6_PMTUDISC_DO)
                }
                socket.connect(address, 4000)
                return socket
            }
            let overhead = family == .v4 ? 28 : 48
            try await eventually(mtu, sourceLocation: sourceLocation) {
                socket.send([UInt8](repeating: 1, count: 1500 - overhead), to: address, 4000)
                return socket.pathMTU()
            }
        }
    }

    /// A host behind the fabric, over a link with an MTU of 1300 that it knows nothing of: it offers
    /// to take segments for 1500.
    fileprivate func addBeyond() throws -> Prober.Endpoint {
        let name = "\(paths.name)-beyond"
        for line in [
            "netns add \(name)",
            "-n \(name) link set lo up",
            "-n \(name) link add eth0 type veth peer name beyond netns \(paths.fabric)",
            "-n \(name) link set eth0 up",
            "-n \(name) addr add 198.51.100.2/24 dev eth0",
            "-n \(name) addr add 2001:db8:51::2/64 dev eth0 nodad",
            "-n \(paths.fabric) link set beyond mtu 1300 up",
            "-n \(paths.fabric) addr add 198.51.100.1/24 dev beyond",
            "-n \(paths.fabric) addr add 2001:db8:51::1/64 dev beyond nodad",
            "-n \(name) route add default via 198.51.100.1",
            "-n \(name) route add default via 2001:db8:51::1",
        ] {
            try Command.run(["ip"] + line.split(separator: " ").map(String.init))
        }
        return Prober.Endpoint(
            name: "beyond",
            namespace: ClusterPaths.netns(name),
            addresses: ["198.51.100.2", "2001:db8:51::2"].compactMap { Address($0) }
        )
    }
}

extension Socket {
    /// What the kernel thinks the way to the other end carries.
    fileprivate func pathMTU() -> Int32 {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        let (level, option) =
            family == .v4
            ? (Int32(IPPROTO_IP), IP_MTU) : (Int32(IPPROTO_IPV6), IPV6_MTU)
        getsockopt(descriptor, level, option, &value, &length)
        return value
    }
}

// MARK: - Policies

extension Topology.PacketSizeTests {
    fileprivate static let onlyPort7000 = """
        apiVersion: projectcalico.org/v3
        kind: GlobalNetworkPolicy
        metadata: {name: port-7000}
        spec:
          selector: all()
          types: [Ingress]
          ingress: [{action: Allow, protocol: UDP, destination: {ports: [7000]}}]

        """

}
