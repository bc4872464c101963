internal import Datastore
internal import GRDB
internal import Resources

/// Writes one object each, inside an immediate transaction of the caller.
///
/// A refusal (conflict, not found, already exists) is thrown before anything is written.
struct RevisionWriter {
    private let table: RevisionTable
    private let options: StoreOptions
    private(set) var ledger: Ledger

    init(_ table: RevisionTable, _ options: StoreOptions) throws {
        self.table = table
        self.options = options
        ledger = try Ledger(table.database)
    }

    private var database: Database { table.database }

    mutating func create(_ object: NewObject) throws -> Resource {
        guard try current(object.key, comparing: "") == nil
        else { throw DatastoreError.alreadyExists(object.key) }
        let revision = try append(.added, object.key, object.identity, object.body)
        let insert = try database.cachedStatement(sql: "INSERT INTO objects VALUES (?, ?, ?, ?, ?)")
        try insert.execute(arguments: object.key.arguments + [revision])
        try finish()
        return object.stored(object.identity, version: revision)
    }

    mutating func update(_ object: NewObject) throws -> Resource {
        let key = object.key
        guard let current = try current(key, comparing: object.body)
        else { throw DatastoreError.notFound(key) }
        try current.check(object.expectedVersion, of: key)
        let body = object.body(under: current.identity)
        if try isUnchanged(current, object, body) {
            return object.stored(current.identity, version: current.revision)
        }
        let revision = try append(.modified, key, current.identity, body)
        let point = try database.cachedStatement(
            sql: """
                UPDATE objects SET revision = ?5
                WHERE api_group = ?1 AND kind = ?2 AND namespace = ?3 AND name = ?4
                """
        )
        try point.execute(arguments: key.arguments + [revision])
        try forget(current.revision)
        try finish()
        return object.stored(current.identity, version: revision)
    }

    mutating func delete(_ key: ResourceKey, ifRevision: String?) throws -> StoredObject {
        guard let current = try current(key, comparing: ""), let last = try table.object(key)
        else { throw DatastoreError.notFound(key) }
        try current.check(ifRevision, of: key)
        _ = try append(.deleted, key, current.identity, last.body, version: current.revision)
        let remove = try database.cachedStatement(
            sql: """
                DELETE FROM objects
                WHERE api_group = ? AND kind = ? AND namespace = ? AND name = ?
                """
        )
        try remove.execute(arguments: key.arguments)
        try forget(current.revision)
        try finish()
        return last
    }

    /// Removes at most `count` revisions of the history; says whether more should go.
    mutating func compact(atMost count: Int) throws -> Bool {
        try ledger.compact(database, options, atMost: count)
        try ledger.save(database)
        return ledger.exceeds(options)
    }

    // MARK: Steps

    private func current(_ key: ResourceKey, comparing body: String) throws -> CurrentRow? {
        let statement = try database.cachedStatement(
            sql: """
                SELECT revision, uid, created, bytes, body = ?5 FROM revisions WHERE revision = (
                    SELECT revision FROM objects
                    WHERE api_group = ?1 AND kind = ?2 AND namespace = ?3 AND name = ?4)
                """
        )
        return try Row.fetchOne(statement, arguments: key.arguments + [body]).map(CurrentRow.init)
    }

    /// Whether the write says what is stored already, be it with members in another order: then
    /// the texts differ but are of one length.
    private func isUnchanged(
        _ current: CurrentRow,
        _ object: NewObject,
        _ body: String
    ) throws -> Bool {
        if current.isSame { return true }
        guard current.bytes == Int64(body.utf8.count), let stored = try table.object(object.key)
        else { return false }
        return try stored.resource().stamped(current.identity, nil)
            == object.resource.stamped(current.identity, nil)
    }

    /// Adds the next revision and returns it; `version` is the object's, unless that is the same.
    private mutating func append(
        _ change: StoredChange.Kind,
        _ key: ResourceKey,
        _ identity: Identity,
        _ body: String,
        version: Int64? = nil
    ) throws -> Int64 {
        ledger.revision += 1
        ledger.historyBytes += Int64(body.utf8.count)
        let revision = ledger.revision
        let statement = try database.cachedStatement(
            sql: "INSERT INTO revisions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        )
        let head: StatementArguments = [revision, change.rawValue, version ?? revision]
        let tail: StatementArguments = [
            identity.uid, identity.creationTimestamp, body.utf8.count, body,
        ]
        try statement.execute(arguments: head + key.arguments + tail)
        return revision
    }

    /// Drops a row that was kept past compaction only because it was the present.
    private func forget(_ revision: Int64) throws {
        guard revision <= ledger.compacted else { return }
        let statement = try database.cachedStatement(
            sql: "DELETE FROM revisions WHERE revision = ?"
        )
        try statement.execute(arguments: [revision])
    }

    private mutating func finish() throws {
        try ledger.compact(database, options, atMost: Ledger.removedPerWrite)
        try ledger.save(database)
    }
}

/// What a write needs to know of the object it replaces.
private struct CurrentRow {
    let revision: Int64
    let identity: Identity
    let bytes: Int64
    let isSame: Bool

    init(_ row: Row) {
        revision = row[0]
        identity = Identity(uid: row[1], creationTimestamp: row[2])
        bytes = row[3]
        isSame = row[4]
    }

    func check(_ expected: String?, of key: ResourceKey) throws(DatastoreError) {
        let actual = String(revision)
        guard let expected, expected != actual else { return }
        throw .conflict(key, expected: expected, actual: actual)
    }
}
