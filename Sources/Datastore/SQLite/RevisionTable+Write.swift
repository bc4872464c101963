internal import Datastore
internal import GRDB
internal import Resources

/// Writes one object each, inside an immediate transaction of the caller.
///
/// A refusal (conflict, not found, already exists) is thrown before anything is written.
extension RevisionTable {
    func create(_ object: NewObject) throws -> Resource {
        guard try current(object.key, comparing: "") == nil
        else { throw DatastoreError.alreadyExists(object.key) }
        let revision = try nextRevision()
        try append(
            .added,
            object.key,
            revision: revision,
            version: revision,
            object.identity,
            object.body
        )
        let insert = try database.cachedStatement(sql: "INSERT INTO objects VALUES (?, ?, ?, ?, ?)")
        try insert.execute(arguments: object.key.arguments + [revision])
        return object.stored(object.identity, version: revision)
    }

    func update(_ object: NewObject) throws -> Resource {
        let key = object.key
        guard let current = try current(key, comparing: object.body)
        else { throw DatastoreError.notFound(key) }
        try current.check(object.expectedVersion, of: key)
        let body = object.body(under: current.identity)
        if try isUnchanged(current, object, body) {
            return object.stored(current.identity, version: current.revision)
        }
        let revision = try nextRevision()
        try append(
            .modified,
            key,
            revision: revision,
            version: revision,
            current.identity,
            body
        )
        let point = try database.cachedStatement(
            sql: """
                UPDATE objects SET revision = ?5
                WHERE api_group = ?1 AND kind = ?2 AND namespace = ?3 AND name = ?4
                """
        )
        try point.execute(arguments: key.arguments + [revision])
        try forget(current.revision)
        return object.stored(current.identity, version: revision)
    }

    func delete(_ key: ResourceKey, ifRevision: String?) throws -> StoredObject {
        guard let current = try current(key, comparing: ""), let last = try object(key)
        else { throw DatastoreError.notFound(key) }
        try current.check(ifRevision, of: key)
        let revision = try nextRevision()
        try append(
            .deleted,
            key,
            revision: revision,
            version: current.revision,
            current.identity,
            last.body
        )
        let remove = try database.cachedStatement(
            sql: """
                DELETE FROM objects
                WHERE api_group = ? AND kind = ? AND namespace = ? AND name = ?
                """
        )
        try remove.execute(arguments: key.arguments)
        try forget(current.revision)
        return last
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
        guard current.bytes == Int64(body.utf8.count), let stored = try self.object(object.key)
        else { return false }
        return try stored.resource().stamped(current.identity, nil)
            == object.resource.stamped(current.identity, nil)
    }

    private func nextRevision() throws -> Int64 {
        let statement = try database.cachedStatement(
            sql: "UPDATE store SET revision = revision + 1 RETURNING revision"
        )
        guard let revision = try Int64.fetchOne(statement)
        else { throw ForeignFile(reason: "its table 'store' is empty") }
        return revision
    }

    private func append(
        _ change: StoredChange.Kind,
        _ key: ResourceKey,
        revision: Int64,
        version: Int64,
        _ identity: Identity,
        _ body: String
    ) throws {
        let statement = try database.cachedStatement(
            sql: "INSERT INTO revisions VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
        )
        let head: StatementArguments = [revision, change.rawValue, version]
        let tail: StatementArguments = [
            identity.uid, identity.creationTimestamp, body.utf8.count, body,
        ]
        try statement.execute(arguments: head + key.arguments + tail)
    }

    /// Drops a row that was kept past compaction only because it was the present.
    private func forget(_ revision: Int64) throws {
        let statement = try database.cachedStatement(
            sql: """
                DELETE FROM revisions
                WHERE revision = ? AND revision <= (SELECT compacted FROM store)
                """
        )
        try statement.execute(arguments: [revision])
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
