internal import Datastore
internal import Dispatch
internal import GRDB
internal import Synchronization

/// Copies the log into the database beside the writes rather than within them.
///
/// A checkpoint waits for the disk, and SQLite makes one within a commit when the log has grown
/// enough. The limit for that is set high here, and a connection of its own makes passive
/// checkpoints, which hold up nobody, so that little is left to do when the limit is reached.
final class Checkpointing: Sendable {
    /// In writes of this process; each adds about four pages to the log.
    private static let interval = 500
    /// In pages, for the checkpoints within a commit.
    static let limit = 8_000

    private let queue = DispatchQueue(label: "caracal.store.checkpoint", qos: .utility)
    private let path: String
    private let file: FileIdentity
    private let count = Atomic(0)
    private let connection = Mutex<DatabaseQueue?>(nil)

    init(path: String, file: FileIdentity) {
        self.path = path
        self.file = file
    }

    func wrote() {
        let (_, count) = count.add(1, ordering: .relaxed)
        guard count.isMultiple(of: Self.interval) else { return }
        queue.async { [weak self] in self?.checkpoint() }
    }

    /// A failure does no harm: the next one, or a commit, does the work.
    private func checkpoint() {
        // Opening would make a file that was removed anew.
        guard FileIdentity(path) == file else { return }
        connection.withLock { connection in
            connection = connection ?? (try? DatabaseQueue(path: path))
            try? connection?.writeWithoutTransaction { database in
                _ = try database.checkpoint(.passive)
            }
        }
    }
}
