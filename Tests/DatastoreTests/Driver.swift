import Datastore
import DatastoreMemory
import DatastoreSQLite
import Foundation
import JSON
import Resources

/// Every driver that has to pass the conformance suite.
enum Driver: String, CaseIterable, Sendable {
    case memory
    case sqlite

    func open(history: Int = 10_000) throws -> TestStore {
        switch self {
        case .memory:
            let store = MemoryDatastore(history: history)
            return TestStore(store) { store.compact(keeping: history) }
        case .sqlite:
            let directory = try TemporaryDirectory()
            var options = StoreOptions()
            options.historyRevisions = UInt64(history)
            let store = SQLiteDatastore(path: directory.path("store.db"), options: options)
            return TestStore(store, directory) { try await store.compact() }
        }
    }
}

/// A store of any driver, with what the protocol leaves to the driver.
struct TestStore: Sendable {
    let store: any Datastore
    /// Cuts the history to what the driver was opened with.
    let compact: @Sendable () async throws -> Void
    private let directory: TemporaryDirectory?

    init(
        _ store: any Datastore,
        _ directory: TemporaryDirectory? = nil,
        compact: @escaping @Sendable () async throws -> Void
    ) {
        self.store = store
        self.directory = directory
        self.compact = compact
    }
}

/// A directory that goes with its last user.
final class TemporaryDirectory: Sendable {
    private let root: URL

    init() throws {
        root = FileManager.default.temporaryDirectory.appending(path: "store-\(UUID())")
        try FileManager.default.createDirectory(at: root, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(at: root)
    }

    func path(_ name: String) -> String { root.appending(path: name).path }
}

let tiers = ResourceType.calico("Tier")
let sets = ResourceType.calico("NetworkSet")

func tier(_ name: String, order: Int64? = nil) -> Resource {
    let spec = order.map { JSONValue.object(["order": .int($0)]) }
    return Resource(tiers, version: "v3", name: name, spec: spec)
}

func networkSet(_ namespace: String, _ name: String) -> Resource {
    Resource(sets, version: "v3", namespace: namespace, name: name, spec: ["nets": ["10.0.0.0/8"]])
}

func key(_ name: String) -> ResourceKey { ResourceKey(tiers, name: name) }
