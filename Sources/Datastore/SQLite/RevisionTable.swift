internal import Datastore
internal import GRDB
internal import Resources

/// Reads the tables, inside a transaction of the caller.
struct RevisionTable {
    let database: Database

    func head() throws -> Revision { try Ledger(database).head }

    func object(_ key: ResourceKey) throws -> StoredObject? {
        let statement = try database.cachedStatement(
            sql: """
                SELECT version, body FROM revisions WHERE revision = (
                    SELECT revision FROM objects
                    WHERE api_group = ? AND kind = ? AND namespace = ? AND name = ?)
                """
        )
        return try Row.fetchOne(statement, arguments: key.arguments).map { row in
            StoredObject(
                type: key.type,
                namespace: key.namespace ?? "",
                name: key.name,
                version: row[0],
                body: row[1]
            )
        }
    }

    func objects(_ type: ResourceType, namespace: String?) throws -> [StoredObject] {
        let statement = try database.cachedStatement(
            sql: """
                SELECT o.namespace, o.name, r.version, r.body
                FROM objects o JOIN revisions r ON r.revision = o.revision
                WHERE o.api_group = ? AND o.kind = ? AND (?3 IS NULL OR o.namespace = ?3)
                ORDER BY o.namespace, o.name
                """
        )
        let arguments: StatementArguments = [type.group, type.kind, namespace]
        return try Row.fetchAll(statement, arguments: arguments).map { row in
            StoredObject(
                type: type,
                namespace: row[0],
                name: row[1],
                version: row[2],
                body: row[3]
            )
        }
    }

    /// The changes of these types after `revision`, and how far they reach; looks at no more than
    /// `limit` rows.
    func changes(
        of types: Set<ResourceType>,
        after revision: Revision,
        limit: Int
    ) throws -> (changes: [StoredChange], upTo: Revision) {
        let ledger = try Ledger(database)
        guard revision >= ledger.oldest, revision <= ledger.head
        else { throw DatastoreError.compacted(asked: revision, oldest: ledger.oldest) }
        let statement = try database.cachedStatement(
            sql: """
                SELECT revision, change, version, api_group, kind, namespace, name, body
                FROM revisions WHERE revision > ? ORDER BY revision LIMIT ?
                """
        )
        let rows = try Row.fetchCursor(
            statement,
            arguments: [Int64(revision.rawValue), limit]
        )
        var found: [StoredChange] = []
        var count = 0
        var last = ledger.head
        while let row = try rows.next() {
            count += 1
            last = Revision(rawValue: UInt64(row[0] as Int64))
            let type = ResourceType(group: row[3], kind: row[4])
            guard types.contains(type) else { continue }
            found.append(StoredChange(row, revision: last, type: type))
        }
        return (found, count < limit ? ledger.head : last)
    }
}

extension StoredChange {
    /// A row of revision, change, version, group, kind, namespace, name, body.
    fileprivate init(_ row: Row, revision: Revision, type: ResourceType) {
        self.init(
            revision: revision,
            kind: row[1],
            object: StoredObject(
                type: type,
                namespace: row[5],
                name: row[6],
                version: row[2],
                body: row[7]
            )
        )
    }
}

extension ResourceKey {
    /// As the tables name it: group, kind, namespace (empty for none), name.
    var arguments: StatementArguments { [type.group, type.kind, namespace ?? "", name] }
}
