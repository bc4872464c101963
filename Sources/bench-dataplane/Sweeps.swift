import BPF
import BPFSupport
import CBPFABI
import Model

/// The agent's walk over a full table of connections: nanoseconds an entry.
struct Sweeps {
    let name: String
    /// Whether each connection has counted packets since the last walk, which its two rules get then.
    let hasNews: Bool

    static let all = [
        Sweeps(name: "sweep, a connection with nothing new", hasNews: false),
        Sweeps(name: "sweep, a connection with packets for its rules", hasNews: true),
    ]

    /// What one walk may cost a connection: a million of them in a second of one core.
    static let bar = 1000.0
    private static let count = 500_000
    private static let rules: UInt32 = 1000

    /// Fills the table; entries that are there are written over.
    private func fill(_ node: TestNode) throws {
        var key = cara_conn_key(6, .podA, 1024, .podC, 80)
        for chunk in stride(from: 0, to: Self.count, by: 50_000) {
            var keys: [cara_conn_key] = []
            var values: [cara_conn] = []
            for number in chunk..<chunk + 50_000 {
                key.aport = UInt16(number & 0xffff).bigEndian
                key.pad.0 = UInt8(number >> 16)
                keys.append(key)
                values.append(entry(number))
            }
            try node.maps.connections.set(keys, to: values)
        }
    }

    private func entry(_ number: Int) -> cara_conn {
        var entry = cara_conn()
        entry.seen = UInt64(Int64.max / 2)
        entry.egress_rule = UInt32(number) % Self.rules + 1
        entry.ingress_rule = entry.egress_rule + Self.rules
        entry.leg.0.packets = 10
        entry.leg.0.bytes = 1000
        if !hasNews {
            entry.accounted_packets = 10
            entry.accounted_bytes = 1000
        }
        return entry
    }

    /// Nanoseconds a connection that one walk met.
    func sample(_ node: TestNode) throws -> Double {
        try fill(node)
        let walk = try node.timeSweep()
        return walk.nanoseconds / Double(walk.seen)
    }
}
