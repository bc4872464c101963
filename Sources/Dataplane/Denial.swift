import BPF
import CBPFABI
package import Model

/// A flow that policy denied at one of its ends.
package struct Denial: Hashable, Sendable {
    package var source: Address
    package var destination: Address
    package var `protocol`: IPProtocol
    /// The destination's; type and code for ICMP, 0 for protocols without ports.
    package var port: UInt16
    /// Of the last packet.
    package var sourcePort: UInt16
    package var direction: Direction
    package var packets: UInt64
    /// Nanoseconds of the monotonic clock.
    package var seen: UInt64
    /// The rule that denied it, `nil` for none.
    package var rule: UInt32?
    /// What staged policies would do at that end, `nil` where nothing is staged.
    package var pending: Pending?

    init(_ key: cara_denial_key, _ value: cara_denial) {
        source = Address(key.src)
        destination = Address(key.dst)
        `protocol` = IPProtocol(rawValue: key.proto)
        port = UInt16(bigEndian: key.port)
        sourcePort = UInt16(bigEndian: value.sport)
        direction = UInt32(key.direction) == CARA_INGRESS.rawValue ? .ingress : .egress
        packets = value.packets
        seen = value.seen
        rule = value.rule == 0 ? nil : value.rule
        pending = Pending(value.pending, rule: value.pending_rule)
    }
}

/// The pinned table of denied flows.
struct Denials: ~Copyable {
    private let map: BPF.Map<cara_denial_key, cara_denial>

    init(pinnedAt path: String) throws(DataplaneError) {
        map = try wrapping(.denials, path) { () throws(BPFError) in
            try BPF.Map<cara_denial_key, cara_denial>(pinned: path)
        }
    }

    borrowing func list() throws(DataplaneError) -> [Denial] {
        do throws(BPFError) {
            return try map.entries().map { Denial($0.key, $0.value) }
        } catch {
            throw .map(.denials, object: "all entries", reason: "\(error)")
        }
    }
}
