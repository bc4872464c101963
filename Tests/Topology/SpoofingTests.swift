import Cluster
import Glibc
import Linux
import Model
import Support
import Testing

// A pod sends packets with the address of another as their source:
//
//       node1                 node2
//     ┌──────────────────┐  ┌──────────────┐
//     │ default/client   │  │ default/web  │     thief claims to be client, towards near on
//     │ default/thief    │  │              │     its own node and web on another
//     │ default/near     │  │              │
//     └───────┬──────────┘  └──────┬───────┘
//             └────── fabric ──────┘

extension Topology {
    @Suite("forged source addresses")
    struct SpoofingTests {
        @Test("a pod that claims to be another is not heard, and counted")
        func forged() async throws {
            try await withCluster { cluster in
                let pods = try await cluster.addPods()
                let (client, thief, near, web) = (pods[0], pods[1], pods[2], pods[3])
                let stranger = Prober.Endpoint(
                    name: "stranger",
                    namespace: thief.namespace,
                    addresses: ["192.0.2.1", "2001:db8::1"].compactMap { Address($0) }
                )
                let copies = 20
                for family in Family.allCases {
                    for target in [near, web] {
                        for claimed in [client, target, stranger] {
                            let before = try cluster.drops("spoofed_source", on: "node1")
                            let inbox = try Inbox(target, family)
                            for _ in 0..<copies {
                                try forge(from: thief, as: claimed, to: target, family)
                            }
                            try await eventually(before + Double(copies)) {
                                try cluster.drops("spoofed_source", on: "node1")
                            }
                            // What the same socket sends in its own name arrives, and comes after.
                            try forge(from: thief, as: thief, to: target, family)
                            try await eventually(thief.address(family)) { inbox.next() }
                        }
                    }
                }
            }
        }

        @Test("what a pod may use as its source when its annotation and the node allow it")
        func allowed() async throws {
            try await withCluster { cluster in
                let pods = try await cluster.addPods()
                let (client, thief, near) = (pods[0], pods[1], pods[2])
                try cluster.caracalctl([
                    "patch", "pod", "thief", "-p",
                    #"""
                    {"metadata": {"annotations":
                      {"cni.projectcalico.org/allowedSourcePrefixes": "[\"192.0.2.0/24\"]"}}}
                    """#,
                ])
                try cluster.apply(
                    """
                    apiVersion: projectcalico.org/v3
                    kind: FelixConfiguration
                    metadata: {name: default}
                    spec: {workloadSourceSpoofing: Any}
                    """
                )
                // That takes a new process; whoever supervises it starts it again.
                for node in cluster.state.nodes {
                    try await eventually(false) { node.agent.map(Cluster.isAgent) ?? false }
                    try cluster.startAgent(node.name)
                    try await cluster.waitUntilReady(node.name)
                }
                let borrowed = Prober.Endpoint(
                    name: "borrowed",
                    namespace: thief.namespace,
                    addresses: [Address("192.0.2.1")].compactMap(\.self)
                )
                let inbox = try Inbox(near, .v4)
                try await eventually(Address("192.0.2.1")) {
                    try forge(from: thief, as: borrowed, to: near, .v4)
                    return inbox.next()
                }
                // Another pod's address stays that pod's.
                let before = try cluster.drops("spoofed_source", on: "node1")
                try forge(from: thief, as: client, to: near, .v4)
                try await eventually(before + 1) {
                    try cluster.drops("spoofed_source", on: "node1")
                }
            }
        }
    }
}

extension Cluster {
    fileprivate mutating func addPods() async throws -> [Prober.Endpoint] {
        for name in ["client", "thief", "near"] {
            _ = try await addPod("default/\(name)", node: "node1")
        }
        _ = try await addPod("default/web", node: "node2")
        return probeEndpoints(external: false)
    }
}

private let port: UInt16 = 7000

/// Sends a UDP datagram with an IP header of its own making out of a pod.
private func forge(
    from source: Prober.Endpoint,
    as claimed: Prober.Endpoint,
    to destination: Prober.Endpoint,
    _ family: Family
) throws {
    guard let own = claimed.address(family) else { return }
    let address = try #require(destination.address(family))
    let payload = Array("forged".utf8)
    let length = UInt16(8 + payload.count)
    var udp = port.bigEndianBytes + port.bigEndianBytes + length.bigEndianBytes + [0, 0] + payload
    if family == .v6 {
        // IPv4 does without a checksum (RFC 768), IPv6 does not (RFC 8200 §8.1).
        udp.replaceSubrange(6..<8, with: checksum(own, address, udp).bigEndianBytes)
    }
    let header: [UInt8] =
        family == .v4
        ? [0x45, 0] + (20 + length).bigEndianBytes + [0, 0, 0, 0, 64, 17, 0, 0]
        : [0x60, 0, 0, 0] + length.bigEndianBytes + [17, 64]
    let packet = header + own.familyBytes + address.familyBytes + udp
    // A raw socket of this number takes packets with their header (raw(7)).
    let socket = try NetworkNamespace(path: source.namespace).run {
        try Socket.open(family, .raw, protocol: Int32(IPPROTO_RAW))
    }
    try #require(socket.send(packet, to: address, 0))
}

/// The sum over pseudo-header and datagram (RFC 8200 §8.1).
private func checksum(_ source: Address, _ destination: Address, _ udp: [UInt8]) -> UInt16 {
    let pseudo = source.familyBytes + destination.familyBytes + [0, 0, 0, UInt8(udp.count)]
    let bytes = pseudo + [0, 0, 0, 17] + udp + (udp.count % 2 == 0 ? [] : [0])
    var sum: UInt32 = 0
    for index in stride(from: 0, to: bytes.count, by: 2) {
        sum += UInt32(bytes[index]) << 8 | UInt32(bytes[index + 1])
    }
    while sum > 0xffff { sum = (sum & 0xffff) + (sum >> 16) }
    let result = ~UInt16(sum)
    return result == 0 ? 0xffff : result
}

extension UInt16 {
    fileprivate var bigEndianBytes: [UInt8] { [UInt8(self >> 8), UInt8(self & 0xff)] }
}

/// Datagrams that reach an end.
private struct Inbox {
    private let socket: Socket

    init(_ endpoint: Prober.Endpoint, _ family: Family) throws {
        let address = try #require(endpoint.address(family))
        socket = try NetworkNamespace(path: endpoint.namespace).run {
            let socket = try Socket.open(family, .datagram, protocol: Int32(IPPROTO_UDP))
            try socket.bind(address, port)
            return socket
        }
    }

    /// Who sent the next one; `nil` when there is none yet.
    func next() -> Address? { socket.receive()?.source }
}
