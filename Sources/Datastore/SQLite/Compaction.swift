internal import Datastore
internal import Synchronization

/// Cuts the history from time to time, after writes and behind their backs.
final class Compaction: Sendable {
    private static let interval: UInt64 = 500

    private let file: StoreFile
    private let isRunning = Mutex(false)

    init(_ file: StoreFile) {
        self.file = file
    }

    /// Starts a run when enough was written since the last one.
    func wrote(_ head: Revision) {
        guard head.rawValue.isMultiple(of: Self.interval) else { return }
        let starts = isRunning.withLock { isRunning in
            defer { isRunning = true }
            return !isRunning
        }
        guard starts else { return }
        // Not structured: the writer that happens to fill the measure must not wait for this, and
        // a run that fails is made good by the next.
        Task {
            try? await self.run()
            self.isRunning.withLock { $0 = false }
        }
    }

    func run() async throws(DatastoreError) {
        let options = file.options
        while try await file.write({ table in try table.compactPiece(options) }) {}
    }
}
