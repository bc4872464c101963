import BPF
import CBPFABI
import Glibc
import Model

/// The pinned connection table.
struct Connections: ~Copyable {
    private let map: BPF.Map<cara_conn_key, cara_conn>
    private let walk: ConnectionSweep

    /// The table pinned in `directory`, beside the other maps.
    init(pinnedIn directory: String) throws(DataplaneError) {
        let path = "\(directory)/\(MapName.conns.rawValue)"
        let map = try wrapping(.conns, path) { () throws(BPFError) in
            try BPF.Map<cara_conn_key, cara_conn>(pinned: path)
        }
        walk = try ConnectionSweep(pinnedIn: directory, over: map)
        self.map = map
    }

    /// Calls `body` with every entry.
    private borrowing func forEach(
        _ body: (cara_conn_key, cara_conn) -> Void
    ) throws(DataplaneError) {
        do throws(BPFError) {
            try map.forEachBatch { batch in
                for entry in batch { body(entry.key, entry.value) }
            }
        } catch {
            throw .map(.conns, object: "all entries", reason: "\(error)")
        }
    }

    /// Adds what connections have counted to their rules, and removes those that have ended, once `visit`
    /// has seen them and all the rest.
    borrowing func sweep(
        now: UInt64,
        visiting visit: (Connection) -> Void
    ) throws(DataplaneError) -> SweepReport {
        try forEach { key, value in visit(Connection(key, value)) }
        let (seen, expired) = try walk.run(now: now)
        return SweepReport(seen: seen, removed: try remove(expired))
    }

    /// Only adds what connections have counted to their rules.
    borrowing func account() throws(DataplaneError) {
        // At the beginning of time nothing has ended.
        _ = try walk.run(now: 0)
    }

    /// Connections that `isIncluded` chooses, at most `limit`.
    borrowing func list(
        limit: Int,
        where isIncluded: (Connection) -> Bool
    ) throws(DataplaneError) -> [Connection] {
        var result: [Connection] = []
        try forEach { key, value in
            let connection = Connection(key, value)
            if result.count < limit, isIncluded(connection) { result.append(connection) }
        }
        return result
    }

    /// Calls `visit` with every connection.
    borrowing func visit(_ visit: (Connection) -> Void) throws(DataplaneError) {
        try forEach { key, value in visit(Connection(key, value)) }
    }

    /// How many there are.
    borrowing func count() throws(DataplaneError) -> Int {
        var count = 0
        try forEach { _, _ in count += 1 }
        return count
    }

    /// Removes the connections that `isIncluded` chooses: their next packet is a first one.
    borrowing func remove(where isIncluded: (Connection) -> Bool) throws(DataplaneError) -> Int {
        var chosen: [cara_conn_key] = []
        try forEach { key, value in
            if isIncluded(Connection(key, value)) { chosen.append(key) }
        }
        return try remove(chosen)
    }

    private borrowing func remove(_ keys: [cara_conn_key]) throws(DataplaneError) -> Int {
        var removed = 0
        for key in keys {
            do throws(BPFError) {
                if try map.delete(key) { removed += 1 }
            } catch {
                throw .map(.conns, object: "\(Address(key.a))", reason: "\(error)")
            }
        }
        return removed
    }
}

/// The clock of the programs: nanoseconds since the machine started, without suspension.
func monotonicNanoseconds() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
}
