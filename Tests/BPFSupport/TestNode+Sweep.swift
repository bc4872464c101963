import BPF
package import CBPFABI
import CBPFPrograms

/// What one rule has decided, as a test writes it down.
package struct RuleTally: Hashable, Sendable {
    package var connections: UInt64
    package var packets: UInt64
    package var bytes: UInt64

    package init(_ connections: UInt64, _ packets: UInt64, _ bytes: UInt64) {
        self.connections = connections
        self.packets = packets
        self.bytes = bytes
    }
}

extension TestNode {
    /// Walks over the connections as the agent does; the keys of those that have ended.
    @discardableResult
    package func sweep(at now: UInt64) throws -> (seen: UInt64, expired: [cara_conn_key]) {
        let walk = try walkOverConnections(at: now)
        return (walk.seen, walk.expired)
    }

    /// How long the walk itself takes, and how many connections it meets.
    package func timeSweep() throws -> (nanoseconds: Double, seen: UInt64) {
        let walk = try walkOverConnections(at: 0)
        return (walk.time / .nanoseconds(1), walk.seen)
    }

    private func walkOverConnections(
        at now: UInt64
    ) throws -> (seen: UInt64, expired: [cara_conn_key], time: Duration) {
        let sweeper = try Object(
            "sweep",
            sweep__open(),
            { $0.pointee.obj },
            sweep__load,
            sweep__destroy
        )
        try sweeper.shareMaps(of: workloadObject)
        try sweeper.load()
        let program = try Program(
            try unwrap(sweeper.skeleton.pointee.progs.sweep_conns, "program")
        )
        sweeper.skeleton.pointee.bss.pointee.sweep_now = now
        let walk = try MapWalk(program, over: maps.connections)
        let start = ContinuousClock.now
        let expired = try walk.run(cara_conn_key.self)
        let time = start.duration(to: .now)
        return (sweeper.skeleton.pointee.bss.pointee.sweep_seen, expired, time)
    }

    /// What a rule has decided, over all CPUs.
    package func tally(_ rule: UInt32, _ direction: cara_direction) throws -> RuleTally {
        let key = cara_rule_key(rule: rule, direction: direction.rawValue)
        return try (maps.rules.perCPUIfPresent(key) ?? []).reduce(RuleTally(0, 0, 0)) {
            RuleTally($0.connections + $1.connections, $0.packets + $1.packets, $0.bytes + $1.bytes)
        }
    }
}
