internal import Datastore
internal import GRDB

/// Cuts the history, a piece a transaction, so that writers wait for one piece at most.
extension RevisionTable {
    static let compactionPiece: Int64 = 1_000

    /// Removes the oldest piece of what `options` no longer keep; says whether more is left.
    func compactPiece(_ options: StoreOptions) throws -> Bool {
        let (head, compacted) = try bounds()
        let byCount = max(0, head - Int64(clamping: options.historyRevisions))
        let target = max(byCount, try oldestWithin(options.historyBytes, after: compacted))
        guard target > compacted else { return false }
        let end = min(target, compacted + Self.compactionPiece)
        let remove = try database.cachedStatement(
            sql: """
                DELETE FROM revisions AS r
                WHERE revision > ? AND revision <= ? AND NOT EXISTS (
                    SELECT 1 FROM objects o
                    WHERE o.api_group = r.api_group AND o.kind = r.kind
                    AND o.namespace = r.namespace AND o.name = r.name AND o.revision = r.revision)
                """
        )
        try remove.execute(arguments: [compacted, end])
        let record = try database.cachedStatement(sql: "UPDATE store SET compacted = ?")
        try record.execute(arguments: [end])
        return end < target
    }

    /// The revision after which the history is smaller than `limit` bytes.
    private func oldestWithin(_ limit: Int64, after compacted: Int64) throws -> Int64 {
        let statement = try database.cachedStatement(
            sql: """
                SELECT revision, bytes FROM revisions WHERE revision > ? ORDER BY revision DESC
                """
        )
        let rows = try Row.fetchCursor(statement, arguments: [compacted])
        var total: Int64 = 0
        while let row = try rows.next() {
            total += row[1]
            if total > limit { return row[0] }
        }
        return compacted
    }
}
