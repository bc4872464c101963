internal import Datastore
internal import GRDB

/// The single row of `store`: how far the history reaches, and how much there is of it.
struct Ledger: Hashable, Sendable {
    /// The last revision.
    var revision: Int64
    /// The oldest revision that can be watched from; rows up to it exist only if they are current.
    var compacted: Int64
    /// The bytes of all bodies after `compacted`.
    var historyBytes: Int64

    init(_ database: Database) throws {
        let statement = try database.cachedStatement(
            sql: "SELECT revision, compacted, history_bytes FROM store"
        )
        guard let row = try Row.fetchOne(statement)
        else { throw ForeignFile(reason: "its table 'store' is empty") }
        revision = row[0]
        compacted = row[1]
        historyBytes = row[2]
    }

    func save(_ database: Database) throws {
        let statement = try database.cachedStatement(
            sql: "UPDATE store SET revision = ?, compacted = ?, history_bytes = ?"
        )
        try statement.execute(arguments: [revision, compacted, historyBytes])
    }

    var head: Revision { Revision(rawValue: UInt64(revision)) }
    var oldest: Revision { Revision(rawValue: UInt64(compacted)) }
}

// MARK: - Compaction

extension Ledger {
    /// How many revisions a write removes; more than it adds, so that a lowered limit is reached.
    static let removedPerWrite = 3

    /// Removes up to `count` of the oldest revisions that `options` no longer keep.
    ///
    /// Done within the writes, a few rows each: whoever writes pays, no process has to be alive to
    /// clean up after others, and no write ever waits for a long deletion.
    mutating func compact(_ database: Database, _ options: StoreOptions, atMost count: Int) throws {
        for _ in 0..<count where exceeds(options) {
            compacted += 1
            let size = try database.cachedStatement(
                sql: "SELECT bytes FROM revisions WHERE revision = ?"
            )
            historyBytes -= try Int64.fetchOne(size, arguments: [compacted]) ?? 0
            let remove = try database.cachedStatement(
                sql: """
                    DELETE FROM revisions AS r WHERE revision = ? AND NOT EXISTS (
                        SELECT 1 FROM objects o
                        WHERE o.api_group = r.api_group AND o.kind = r.kind
                        AND o.namespace = r.namespace AND o.name = r.name
                        AND o.revision = r.revision)
                    """
            )
            try remove.execute(arguments: [compacted])
        }
    }

    func exceeds(_ options: StoreOptions) -> Bool {
        guard compacted < revision else { return false }
        return revision - compacted > Int64(clamping: options.historyRevisions)
            || historyBytes > options.historyBytes
    }
}
