package import Datastore
package import Resources
internal import Synchronization

/// A store that lives and dies with its process: for tests and for trying changes out.
package final class MemoryDatastore: Datastore {
    private let state: Mutex<MemoryState>
    private let signal = ChangeSignal()

    /// Keeps at least the last `history` changes for watchers.
    package init(history: Int = 10_000) {
        state = Mutex(MemoryState(history: history))
    }

    /// Starts with a picture of another store, revisions included.
    package init(_ items: [Resource], at revision: Revision) {
        state = Mutex(MemoryState(items, at: revision))
    }

    package func get(_ key: ResourceKey) async throws(DatastoreError) -> Resource? {
        state.withLock { $0.objects[key.type]?[key] }
    }

    package func list(
        _ type: ResourceType,
        namespace: String?
    ) async throws(DatastoreError) -> (items: [Resource], revision: Revision) {
        state.withLock { ($0.list(type, namespace: namespace), $0.head) }
    }

    package func snapshot(
        _ types: [ResourceType]
    ) async throws(DatastoreError) -> (items: [Resource], revision: Revision) {
        state.withLock { state in
            (types.flatMap { state.list($0, namespace: nil) }, state.head)
        }
    }

    package func create(_ resource: Resource) async throws(DatastoreError) -> Resource {
        try resource.checkCreatable()
        return try write { state throws(DatastoreError) in try state.create(resource) }
    }

    package func update(_ resource: Resource) async throws(DatastoreError) -> Resource {
        try resource.checkStorable()
        return try write { state throws(DatastoreError) in try state.update(resource) }
    }

    package func delete(
        _ key: ResourceKey,
        ifRevision: String?
    ) async throws(DatastoreError) -> Resource {
        try write { state throws(DatastoreError) in
            try state.delete(key, ifRevision: ifRevision)
        }
    }

    package func watch(
        _ types: [ResourceType],
        from revision: Revision
    ) -> AsyncThrowingStream<[Event], any Error> {
        let types = Set(types)
        return signal.events(from: revision) { revision throws(DatastoreError) in
            try self.state.withLock { state throws(DatastoreError) in
                try state.history(of: types, after: revision)
            }
        }
    }

    /// Forgets all but the last `count` changes, as a store does in the course of time.
    package func compact(keeping count: Int) {
        state.withLock { $0.compact(keeping: count) }
    }

    private func write(
        _ body: (inout MemoryState) throws(DatastoreError) -> Resource
    ) throws(DatastoreError) -> Resource {
        let (result, head) = try state.withLock {
            state throws(DatastoreError) -> (Resource, Revision) in
            (try body(&state), state.head)
        }
        signal.announce(head)
        return result
    }
}
