import BPF
import CBPFABI
package import Model

/// What one rule decided, over all CPUs.
package struct RuleCount: Hashable, Sendable {
    /// Connections that it let begin.
    package var connections: UInt64
    /// Of its connections, both ways; or denied, or logged.
    package var packets: UInt64
    /// Whole frames, Ethernet header included.
    package var bytes: UInt64

    package init(connections: UInt64 = 0, packets: UInt64 = 0, bytes: UInt64 = 0) {
        self.connections = connections
        self.packets = packets
        self.bytes = bytes
    }

    package static func + (left: Self, right: Self) -> Self {
        Self(
            connections: left.connections &+ right.connections,
            packets: left.packets &+ right.packets,
            bytes: left.bytes &+ right.bytes
        )
    }
}

/// A rule of the kernel's tables in the direction that it is judged in.
package struct RuleKey: Hashable, Sendable {
    /// No tier and no profile decided: the packet is denied by no rule.
    package static let none: UInt32 = UInt32(CARA_RULE_NONE)
    /// All rules that the map had no room for.
    package static let other: UInt32 = UInt32(CARA_RULE_OTHER)

    package var id: UInt32
    package var direction: Direction

    package init(id: UInt32, direction: Direction) {
        self.id = id
        self.direction = direction
    }
}

/// The pinned counters of rules, one value for each CPU.
struct RuleCounters: ~Copyable {
    private let map: BPF.Map<cara_rule_key, cara_rule_count>

    init(pinnedIn directory: String) throws(DataplaneError) {
        let path = "\(directory)/\(MapName.rules.rawValue)"
        map = try wrapping(.rules, path) { () throws(BPFError) in
            let map = try BPF.Map<cara_rule_key, cara_rule_count>(pinned: path)
            // It takes what there is no room for, so it must be there first.
            for direction in Direction.allCases {
                let other = RuleKey(id: RuleKey.other, direction: direction)
                try map.setPerCPUZero(cara_rule_key(other))
            }
            return map
        }
    }

    /// The counters of a rule; all zero when nothing has met it yet.
    borrowing func read(_ key: RuleKey) throws(DataplaneError) -> RuleCount {
        try reading("rule \(key.id)") { map throws(BPFError) in
            let values = try map.perCPUIfPresent(cara_rule_key(key)) ?? []
            return values.reduce(RuleCount()) { $0 + RuleCount($1) }
        }
    }

    /// All rules that something has met.
    borrowing func keys() throws(DataplaneError) -> [RuleKey] {
        try reading("all entries") { map throws(BPFError) in
            try map.keys().map { RuleKey($0) }
        }
    }

    /// Removes the counters of rules that are no more.
    borrowing func remove(_ keys: [RuleKey]) throws(DataplaneError) {
        try reading("rules that are no more") { map throws(BPFError) in
            for key in keys { try map.delete(cara_rule_key(key)) }
        }
    }

    private borrowing func reading<R>(
        _ object: String,
        _ body: (borrowing BPF.Map<cara_rule_key, cara_rule_count>) throws(BPFError) -> R
    ) throws(DataplaneError) -> R {
        do throws(BPFError) {
            return try body(map)
        } catch {
            throw .map(.rules, object: object, reason: "\(error)")
        }
    }
}

extension cara_rule_key {
    fileprivate init(_ key: RuleKey) {
        let direction = key.direction == .ingress ? CARA_INGRESS : CARA_EGRESS
        self.init(rule: key.id, direction: direction.rawValue)
    }
}

extension RuleKey {
    fileprivate init(_ key: cara_rule_key) {
        let isIngress = key.direction == CARA_INGRESS.rawValue
        self.init(id: key.rule, direction: isIngress ? .ingress : .egress)
    }
}

extension RuleCount {
    fileprivate init(_ count: cara_rule_count) {
        self.init(connections: count.connections, packets: count.packets, bytes: count.bytes)
    }
}
