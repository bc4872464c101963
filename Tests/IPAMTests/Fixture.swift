internal import Datastore
internal import DatastoreMemory
internal import IPAM
internal import JSON
internal import Model
internal import Resources
internal import Synchronization

/// A store with pools and nodes in it, as a test wants them.
struct Fixture {
    let store = MemoryDatastore()

    static let start = Timestamp(seconds: 1_700_000_000)

    init(nodes: [String], pools: [String: JSONValue]) async throws {
        for node in nodes {
            _ = try await store.create(
                Resource(.calico("Node"), version: "v3", name: node, spec: [:])
            )
        }
        for (name, spec) in pools.sorted(by: { $0.key < $1.key }) {
            _ = try await store.create(
                Resource(.calico("IPPool"), version: "v3", name: name, spec: spec)
            )
        }
    }

    /// A change by another process, which no client is told of.
    func replace(_ type: ResourceType, _ name: String, spec: JSONValue) async throws {
        let resource = Resource(type, version: "v3", name: name, spec: spec)
        if try await store.get(resource.key) == nil {
            _ = try await store.create(resource)
        } else {
            _ = try await store.update(resource)
        }
    }
}

/// A store whose process dies: after so many writes every call fails.
final class DyingDatastore: Datastore {
    private let store: MemoryDatastore
    private let left: Mutex<Int>

    init(_ store: MemoryDatastore, writes: Int) {
        self.store = store
        left = Mutex(writes)
    }

    /// Whether the death has come.
    var isDead: Bool { left.withLock { $0 < 0 } }

    private func read() throws(DatastoreError) {
        guard !isDead else { throw .unavailable("dead") }
    }

    private func write() throws(DatastoreError) {
        let isAlive = left.withLock { left in
            left -= 1
            return left >= 0
        }
        guard isAlive else { throw .unavailable("dead") }
    }

    func get(_ key: ResourceKey) async throws(DatastoreError) -> Resource? {
        try read()
        return try await store.get(key)
    }

    func list(
        _ type: ResourceType,
        namespace: String?
    ) async throws(DatastoreError) -> (items: [Resource], revision: Revision) {
        try read()
        return try await store.list(type, namespace: namespace)
    }

    func snapshot(
        _ types: [ResourceType]
    ) async throws(DatastoreError) -> (items: [Resource], revision: Revision) {
        try read()
        return try await store.snapshot(types)
    }

    func create(_ resource: Resource) async throws(DatastoreError) -> Resource {
        try write()
        return try await store.create(resource)
    }

    func update(_ resource: Resource) async throws(DatastoreError) -> Resource {
        try write()
        return try await store.update(resource)
    }

    func delete(
        _ key: ResourceKey,
        ifRevision: String?
    ) async throws(DatastoreError) -> Resource {
        try write()
        return try await store.delete(key, ifRevision: ifRevision)
    }

    func watch(
        _ types: [ResourceType],
        from revision: Revision
    ) -> AsyncThrowingStream<[Event], any Error> {
        store.watch(types, from: revision)
    }
}
