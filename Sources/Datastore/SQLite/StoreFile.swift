internal import Datastore
internal import Dispatch
internal import GRDB
internal import Synchronization

/// The database file: opens it, notices when it is taken away or exchanged, and opens it again.
///
/// SQLite goes on writing happily into a file that was unlinked, so every operation first
/// compares the file at the path with the one that is open.
final class StoreFile: Sendable {
    private struct Opened {
        let pool: DatabasePool
        let file: FileIdentity
        let checkpointing: Checkpointing
    }

    private struct State {
        var open: Opened?
        /// Counts the openings; a watcher of an earlier one must start afresh.
        var epoch: UInt64 = 0
    }

    let path: String
    let options: StoreOptions
    private let state = Mutex(State())
    /// Writes of this process that are under way.
    private let writers = Atomic(0)
    private let wait: BusyWait
    private let opening = DispatchQueue(label: "caracal.store.open")

    init(path: String, options: StoreOptions) {
        self.path = path
        self.options = options
        wait = BusyWait(timeout: options.lockTimeout)
    }

    /// 0 before the first opening.
    var epoch: UInt64 { state.withLock(\.epoch) }

    /// Runs `body` in a transaction that reads one exact picture, on a thread of SQLite's own.
    func read<T: Sendable>(
        _ body: @escaping @Sendable (RevisionTable) throws -> T
    ) async throws(DatastoreError) -> T {
        let pool = try await pool()
        let result = await withCheckedContinuation { continuation in
            pool.asyncRead { database in
                let value = Result { try body(RevisionTable(database: try database.get())) }
                continuation.resume(returning: value)
            }
        }
        return try unwrap(result)
    }

    /// The same on the caller's thread, for a single row: readers of a write-ahead log wait for
    /// nobody, and to change threads would take several times as long as to read.
    func readRow<T: Sendable>(
        _ body: (RevisionTable) throws -> T
    ) async throws(DatastoreError) -> T {
        let pool = try await pool()
        return try unwrap(
            Result { try pool.read { database in try body(RevisionTable(database: database)) } }
        )
    }

    /// The same for a thread that may also block while the file is opened.
    func readBlocking<T>(_ body: (RevisionTable) throws -> T) throws(DatastoreError) -> T {
        try unwrap(
            Result {
                let pool = try openPoolIfCurrent() ?? opening.sync { try reopen() }
                return try pool.read { database in try body(RevisionTable(database: database)) }
            }
        )
    }

    /// Runs `body` in an immediate transaction.
    ///
    /// It is not cancelled once begun: a caller that goes away must not leave it unknown what was
    /// written.
    ///
    /// The first try is made on the caller's thread, which takes a few dozen microseconds; only
    /// when another write of this process is under way, or another process has the lock, is it left
    /// to SQLite's thread, where waiting harms nobody.
    func write<T: Sendable>(
        _ body: @escaping @Sendable (inout RevisionWriter) throws -> T
    ) async throws(DatastoreError) -> (result: T, head: Revision) {
        let pool = try await pool()
        defer { state.withLock(\.open)?.checkpointing.wrote() }
        if let result = writeAtOnce(pool, body) { return try unwrap(result) }
        writers.add(1, ordering: .relaxed)
        let result = await withCheckedContinuation { continuation in
            pool.asyncWriteWithoutTransaction { database in
                let result = Result { try self.immediately(database, body) }
                self.writers.subtract(1, ordering: .releasing)
                continuation.resume(returning: result)
            }
        }
        return try unwrap(result)
    }

    /// `nil` when the write would have to wait.
    private func writeAtOnce<T>(
        _ pool: DatabasePool,
        _ body: (inout RevisionWriter) throws -> T
    ) -> Result<(result: T, head: Revision), any Error>? {
        let (isFirst, _) = writers.compareExchange(
            expected: 0,
            desired: 1,
            ordering: .acquiringAndReleasing
        )
        guard isFirst else { return nil }
        defer { writers.subtract(1, ordering: .releasing) }
        let result = Result {
            try pool.writeWithoutTransaction { database in
                try wait.refusing { try immediately(database, body) }
            }
        }
        if case .failure(let error) = result, StoreFailure.isBusy(error) { return nil }
        return result
    }

    private func immediately<T>(
        _ database: Database,
        _ body: (inout RevisionWriter) throws -> T
    ) throws -> (result: T, head: Revision) {
        var result: (T, Revision)?
        try database.inTransaction(.immediate) {
            var writer = try RevisionWriter(RevisionTable(database: database), options)
            result = (try body(&writer), writer.ledger.head)
            return .commit
        }
        guard let result else { throw DatabaseError(message: "the transaction did not run") }
        return result
    }

    // MARK: Opening

    private func pool() async throws(DatastoreError) -> DatabasePool {
        if let pool = openPoolIfCurrent() { return pool }
        let result = await withCheckedContinuation { continuation in
            opening.async { continuation.resume(returning: Result { try self.reopen() }) }
        }
        return try unwrap(result)
    }

    private var identity: FileIdentity? { FileIdentity(path) }

    private func openPoolIfCurrent() -> DatabasePool? {
        guard let identity, let open = state.withLock(\.open), open.file == identity
        else { return nil }
        return open.pool
    }

    private func reopen() throws -> DatabasePool {
        let (open, epoch) = state.withLock { ($0.open, $0.epoch) }
        if let open, open.file == identity { return open.pool }
        state.withLock { $0.open = nil }
        if identity == nil {
            guard epoch == 0, options.createsFile else { throw MissingFile(wasOpen: epoch > 0) }
            try FileIdentity.makeDirectory(of: path)
        }
        let pool = try openPool()
        guard let file = identity else { throw MissingFile(wasOpen: true) }
        state.withLock { state in
            state.open = Opened(
                pool: pool,
                file: file,
                checkpointing: Checkpointing(path: path, file: file)
            )
            state.epoch += 1
        }
        return pool
    }

    private func openPool() throws -> DatabasePool {
        var configuration = Configuration()
        configuration.busyMode = .callback { [wait] in wait.wait(try: $0) }
        configuration.label = "caracal.store"
        let pool = try DatabasePool(path: path, configuration: configuration)
        try pool.writeWithoutTransaction { database in
            try Schema.prepare(database)
            try database.execute(sql: "PRAGMA wal_autocheckpoint = \(Checkpointing.limit)")
        }
        return pool
    }

    // MARK: Failure

    private func unwrap<T>(_ result: Result<T, any Error>) throws(DatastoreError) -> T {
        switch result {
        case .success(let value): return value
        case .failure(let error as DatastoreError): throw error
        case .failure(let error):
            guard StoreFailure.needsReopening(error) else {
                throw .unavailable("\(path): \(StoreFailure.reason(error))")
            }
            let wasOpen = state.withLock { state in
                state.open = nil
                return state.epoch > 0
            }
            // SQLite words a file that goes away under it in many ways.
            let cause: any Error = wasOpen && identity == nil ? MissingFile(wasOpen: true) : error
            throw .unavailable("\(path): \(StoreFailure.reason(cause))")
        }
    }
}
