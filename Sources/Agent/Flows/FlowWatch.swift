internal import Dataplane
internal import Synchronization

/// Looks at connections and denials now and then, and keeps what it sees.
///
/// Entries of ended connections stay in the table until they are swept, so that a look with every sweep
/// misses nothing but what was pushed out of a full table.
final class FlowWatch: Sendable {
    let record = FlowRecord()
    /// When it looked last: what has not moved since is known.
    private let last = Mutex<UInt64>(0)

    /// Sweeps the connections that have ended, after a look at them.
    func sweep(_ dataplane: Dataplane) async throws(DataplaneError) {
        let since = begin()
        _ = try await dataplane.sweepConnections { [record] connection in
            if connection.seen >= since { record.note(connection) }
        }
        try await noteDenials(of: dataplane, since)
    }

    /// A look between sweeps, for those who ask.
    func look(at dataplane: Dataplane) async {
        let since = begin()
        do throws(DataplaneError) {
            try await dataplane.visitConnections { [record] connection in
                if connection.seen >= since { record.note(connection) }
            }
            try await noteDenials(of: dataplane, since)
        } catch {
            // What was seen until now is told.
        }
    }

    private func noteDenials(
        of dataplane: Dataplane,
        _ since: UInt64
    ) async throws(DataplaneError) {
        for denial in try await dataplane.denials() where denial.seen >= since {
            record.note(denial)
        }
    }

    /// `seen` is rounded down: what moved just before the last look may seem older than it.
    private func begin() -> UInt64 {
        let now = Dataplane.now
        return last.withLock { last in
            defer { last = now }
            return last > 2_000_000_000 ? last - 2_000_000_000 : 0
        }
    }
}
