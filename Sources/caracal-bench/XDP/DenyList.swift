import Cluster
import Datastore
import Foundation
import JSON
import Model
import Resources

/// A long list of prefixes that the world must not reach the node from, the same in every run.
struct DenyList {
    let prefixes: [Prefix]

    /// Three quarters IPv4, of which 60 % are single hosts, 25 % /24 and the rest /17 to /31; a quarter
    /// IPv6: 40 % /64, 30 % /48, 20 % hosts, 10 % /32.
    init(count: Int) {
        var random = Mixer(state: 1)
        var seen: Set<Prefix> = []
        while seen.count < count {
            let isV4 = !random.next().isMultiple(of: 4)
            if let prefix = isV4 ? Self.v4(&random) : Self.v6(&random) { seen.insert(prefix) }
        }
        prefixes = seen.sorted()
    }

    private static func v4(_ random: inout Mixer) -> Prefix? {
        let address = 0x0100_0000 + UInt32(random.next() % 0xde00_0000)
        let kind = random.next() % 100
        let length = kind < 60 ? 32 : kind < 85 ? 24 : 17 + Int(random.next() % 15)
        // What is the machine's own is no part of the world.
        guard ![10, 127, 172].contains(address >> 24) else { return nil }
        return Prefix(Address(v4: address), length: length)
    }

    private static func v6(_ random: inout Mixer) -> Prefix? {
        let high = 0x2000_0000_0000_0000 | random.next() >> 3
        let kind = random.next() % 100
        let length = kind < 40 ? 64 : kind < 70 ? 48 : kind < 90 ? 128 : 32
        return Prefix(Address(high: high, low: random.next()), length: length)
    }

    /// Addresses on the list, each of a prefix by chance.
    func sources(_ count: Int) -> [Address] {
        var random = Mixer(state: 2)
        return (0..<count).map { _ in
            let prefix = prefixes[Int(random.next() % UInt64(prefixes.count))]
            let bits = 128 - prefix.mappedLength
            let (high, low) = (random.next(), random.next())
            let mask = (
                high: bits > 64 ? ~UInt64(0) >> UInt64(128 - bits) : 0,
                low: bits >= 64 ? ~UInt64(0) : bits == 0 ? 0 : ~UInt64(0) >> UInt64(64 - bits)
            )
            return Address(
                high: prefix.address.high | high & mask.high,
                low: prefix.address.low | low & mask.low
            )
        }
    }

    /// Enters the list, in network sets of ten thousand, and the policy and host endpoint under which it
    /// is in force on node1's eth0.
    func deny(in store: any Datastore) async throws {
        let step = 10_000
        for (index, start) in stride(from: 0, to: prefixes.count, by: step).enumerated() {
            let nets = prefixes[start..<min(start + step, prefixes.count)]
            let set = Resource(
                .calico("GlobalNetworkSet"),
                version: "v3",
                name: "deny-\(index)",
                labels: ["feed": "deny"],
                spec: ["nets": .array(nets.map { .string($0.description) })]
            )
            _ = try await store.create(set)
        }
        let endpoint = Resource(
            .calico("HostEndpoint"),
            version: "v3",
            name: "node1-eth0",
            labels: ["role": "edge"],
            spec: ["node": "node1", "interfaceName": "eth0"]
        )
        _ = try await store.create(endpoint)
        let policy = Resource(
            .calico("GlobalNetworkPolicy"),
            version: "v3",
            name: "default.deny-list",
            spec: [
                "tier": "default", "selector": "role == 'edge'", "types": ["Ingress"],
                "doNotTrack": true, "applyOnForward": true,
                "ingress": [["action": "Deny", "source": ["selector": "feed == 'deny'"]]],
            ]
        )
        _ = try await store.create(policy)
    }
}

/// A generator of which the same numbers come everywhere (Steele, Lea, Flood 2014).
private struct Mixer {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }
}
