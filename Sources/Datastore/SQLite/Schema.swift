internal import Datastore
internal import GRDB

/// The tables of a store file.
///
/// `revisions` holds every object as each write left it, `objects` says which of these rows are
/// the present; a body is thus written once per change. `store` has a single row.
enum Schema {
    /// Goes up when older programs could no longer read the file.
    static let format: Int64 = 1

    /// Makes the tables unless they exist; throws when the file is of another kind.
    static func prepare(_ database: Database) throws {
        try database.inTransaction(.immediate) {
            let found = try Int64.fetchOne(database, sql: "PRAGMA user_version") ?? 0
            let tables = try Int.fetchOne(database, sql: "SELECT count(*) FROM sqlite_schema") ?? 0
            switch (found, tables) {
            case (format, _): break
            case (0, 0): try create(database)
            case (0, _): throw ForeignFile(reason: "it is a database of another program")
            default:
                throw ForeignFile(reason: "it has format \(found); this program knows \(format)")
            }
            return .commit
        }
    }

    private static func create(_ database: Database) throws {
        try database.execute(
            sql: """
                CREATE TABLE store (
                    revision INTEGER NOT NULL,
                    compacted INTEGER NOT NULL,
                    history_bytes INTEGER NOT NULL
                );
                INSERT INTO store VALUES (0, 0, 0);
                CREATE TABLE revisions (
                    revision INTEGER PRIMARY KEY,
                    change INTEGER NOT NULL,
                    version INTEGER NOT NULL,
                    api_group TEXT NOT NULL,
                    kind TEXT NOT NULL,
                    namespace TEXT NOT NULL,
                    name TEXT NOT NULL,
                    uid TEXT NOT NULL,
                    created TEXT NOT NULL,
                    bytes INTEGER NOT NULL,
                    body TEXT NOT NULL
                );
                CREATE TABLE objects (
                    api_group TEXT NOT NULL,
                    kind TEXT NOT NULL,
                    namespace TEXT NOT NULL,
                    name TEXT NOT NULL,
                    revision INTEGER NOT NULL,
                    PRIMARY KEY (api_group, kind, namespace, name)
                ) WITHOUT ROWID;
                PRAGMA user_version = \(format);
                """
        )
    }
}

/// The file is a database, but not one of ours.
struct ForeignFile: Error {
    let reason: String
}
