import Cluster
import Glibc
import Linux
import Model
import Support
import Testing

// What the network answers to packets that cannot be delivered:
//
//       node1               node2
//     ┌────────────────┐  ┌──────────────┐
//     │ default/client │  │ default/far  │     ports where nobody listens;
//     │ default/near   │  │              │     packets with too few hops
//     └───────┬────────┘  └──────┬───────┘
//             └───── fabric ─────┴── external

extension Topology {
    @Suite("errors about packets reach their sender")
    struct ErrorTests {
        @Test("nobody listens: refused at once, by TCP's reset and by ICMP, whatever may come in")
        func refused() async throws {
            try await withCluster { cluster in
                let ends = try await cluster.addPods()
                try cluster.apply(fromClients)
                try await cluster.expect(ends, others: ".... X.X. XX.. XXX.")
                for target in ends.dropFirst() {
                    for family in Family.allCases {
                        let comment = Comment("\(target.name), IPv\(family.rawValue)")
                        let tcp = try Attempt(from: ends[0], to: target, family, .stream)
                        #expect(try await tcp.error() == ECONNREFUSED, comment)
                        let udp = try Attempt(from: ends[0], to: target, family, .datagram)
                        #expect(try await udp.error() == ECONNREFUSED, comment)
                    }
                }
                // From where policy stops the question there is no answer of either kind.
                for kind in [Socket.Kind.stream, .datagram] {
                    let attempt = try Attempt(from: ends[1], to: ends[0], .v4, kind)
                    #expect(try attempt.errorNow(after: .milliseconds(300)) == 0)
                }
            }
        }

        @Test("too few hops: each router on the way says so")
        func hops() async throws {
            try await withCluster { cluster in
                let ends = try await cluster.addPods()
                try cluster.apply(fromClients)
                try await cluster.expect(ends, others: ".... X.X. XX.. XXX.")
                // One router for each node on the way; beyond the fabric it is the fabric's own.
                for (target, routers) in [(ends[1], 1), (ends[2], 2), (ends[3], 1)] {
                    for family in Family.allCases {
                        for hops in 1...routers {
                            let comment = Comment("\(target.name), IPv\(family.rawValue), \(hops)")
                            let attempt = try Attempt(
                                from: ends[0],
                                to: target,
                                family,
                                .datagram,
                                hops: Int32(hops)
                            )
                            #expect(try await attempt.error() == EHOSTUNREACH, comment)
                        }
                        let attempt = try Attempt(
                            from: ends[0],
                            to: target,
                            family,
                            .datagram,
                            hops: Int32(routers + 1)
                        )
                        #expect(try await attempt.error() == ECONNREFUSED, "\(target.name)")
                    }
                }
            }
        }
    }
}

/// A connection to a port where nobody listens.
private struct Attempt {
    private let socket: Socket
    private let kind: Socket.Kind

    init(
        from source: Prober.Endpoint,
        to destination: Prober.Endpoint,
        _ family: Family,
        _ kind: Socket.Kind,
        hops: Int32 = 64
    ) throws {
        let address = try #require(destination.address(family))
        self.kind = kind
        socket = try NetworkNamespace(path: source.namespace).run {
            let number = kind == .stream ? IPPROTO_TCP : IPPROTO_UDP
            let socket = try Socket.open(family, kind, protocol: Int32(number))
            if family == .v4 {
                try socket.set(Int32(IPPROTO_IP), IP_TTL, hops)
                try socket.set(Int32(IPPROTO_IP), IP_RECVERR, 1)
            } else {
                try socket.set(Int32(IPPROTO_IPV6), IPV6_UNICAST_HOPS, hops)
                try socket.set(Int32(IPPROTO_IPV6), IPV6_RECVERR, 1)
            }
            socket.connect(address, 9999)
            return socket
        }
    }

    /// What the network answered.
    func error() async throws -> Int32 {
        var error: Int32 = 0
        try await eventually(true) {
            if kind == .datagram {
                var byte: UInt8 = 1
                // Fails with the error that is waiting, and is then none the wiser of it.
                if send(socket.descriptor, &byte, 1, Int32(MSG_NOSIGNAL)) < 0 { error = errno }
            }
            if error == 0 { error = socket.pendingError() }
            return error != 0
        }
        return error
    }

    func errorNow(after wait: Duration) throws -> Int32 {
        var byte: UInt8 = 1
        if kind == .datagram { send(socket.descriptor, &byte, 1, Int32(MSG_NOSIGNAL)) }
        var waiting = pollfd(fd: socket.descriptor, events: Int16(POLLIN), revents: 0)
        poll(&waiting, 1, Int32(wait / .milliseconds(1)))
        return socket.pendingError()
    }
}

extension Cluster {
    fileprivate mutating func addPods() async throws -> [Prober.Endpoint] {
        _ = try await addPod("default/client", node: "node1", labels: ["role": "client"])
        _ = try await addPod("default/near", node: "node1")
        _ = try await addPod("default/far", node: "node2")
        return probeEndpoints(external: true)
    }
}
