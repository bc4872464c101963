internal import ArgumentParser
internal import Datastore
internal import DatastoreMemory
internal import DatastoreSQLite
internal import Foundation
internal import Resources

/// Which store a command works on.
struct StoreOption: ParsableArguments {
    static let defaultPath = "/var/lib/caracal/store.db"

    @Option(
        help: ArgumentHelp(
            "The store's file; else that of CARACAL_STORE, else \(Self.defaultPath).",
            valueName: "path"
        )
    )
    var store: String?

    @Flag(help: ArgumentHelp("Accepted for scripts written for calicoctl.", visibility: .hidden))
    var allowVersionMismatch = false

    var path: String {
        store ?? Console.current.environment["CARACAL_STORE"] ?? Self.defaultPath
    }

    /// Opens the store; `createsFile` is for commands that may write a first object.
    func open(createsFile: Bool = false) throws -> any Datastore {
        let type = Console.current.environment["DATASTORE_TYPE"] ?? "sqlite"
        guard type.lowercased() == "sqlite" else {
            throw CommandFailure(
                "Error: DATASTORE_TYPE is '\(type)'; only 'sqlite' is supported yet",
                .usage
            )
        }
        var options = StoreOptions()
        options.createsFile = createsFile
        return SQLiteDatastore(path: path, options: options)
    }

    /// Opens the store to write it, or with `isDryRun` a copy in memory that is forgotten.
    func openToWrite(isDryRun: Bool) async throws -> any Datastore {
        let store = try open(createsFile: !isDryRun)
        guard isDryRun else { return store }
        guard FileManager.default.fileExists(atPath: path) else { return MemoryDatastore() }
        let (items, revision) = try await store.snapshot(ResourceKind.all.map(\.type))
        return MemoryDatastore(items, at: revision)
    }
}
