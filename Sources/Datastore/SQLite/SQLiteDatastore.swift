package import Datastore
package import Resources

/// The embedded store: one SQLite file that several processes use at once.
///
/// Every write is one immediate transaction in a write-ahead log with `synchronous = NORMAL`: what
/// was acknowledged survives the death of any process, and the file stays consistent through a
/// loss of power, which may however take back the last commits. Revisions count through all
/// objects, as etcd's do.
///
/// Nothing is opened before the first operation, and each operation looks anew: when the file
/// is removed, damaged, locked for long or its disk full, operations throw `.unavailable` with the
/// path and the reason until the cause is gone. A stream of `watch` ends with that error; watching
/// again from the last revision seen leaves no gap, or says `.compacted` when another file has
/// taken the place of the first.
package final class SQLiteDatastore: Datastore {
    private let file: StoreFile
    private let signal = ChangeSignal()
    private let fileWatch: FileWatch

    package init(path: String, options: StoreOptions = StoreOptions()) {
        file = StoreFile(path: path, options: options)
        fileWatch = FileWatch(file, signal)
    }

    package var path: String { file.path }

    package func get(_ key: ResourceKey) async throws(DatastoreError) -> Resource? {
        let object = try await file.readRow { table in try table.object(key) }
        return try object?.resource()
    }

    package func list(
        _ type: ResourceType,
        namespace: String?
    ) async throws(DatastoreError) -> (items: [Resource], revision: Revision) {
        let (objects, revision) = try await file.read { table in
            (try table.objects(type, namespace: namespace), try table.head())
        }
        return (try Self.resources(objects), revision)
    }

    package func snapshot(
        _ types: [ResourceType]
    ) async throws(DatastoreError) -> (items: [Resource], revision: Revision) {
        let (objects, revision) = try await file.read { table in
            let objects = try types.flatMap { try table.objects($0, namespace: nil) }
            return (objects, try table.head())
        }
        return (try Self.resources(objects), revision)
    }

    package func create(_ resource: Resource) async throws(DatastoreError) -> Resource {
        try resource.checkCreatable()
        let object = NewObject(resource, identity: .new())
        return try await write { writer in try writer.create(object) }
    }

    package func update(_ resource: Resource) async throws(DatastoreError) -> Resource {
        try resource.checkStorable()
        let object = NewObject(resource, identity: resource.identity)
        return try await write { writer in try writer.update(object) }
    }

    package func delete(
        _ key: ResourceKey,
        ifRevision: String?
    ) async throws(DatastoreError) -> Resource {
        try await write { writer in try writer.delete(key, ifRevision: ifRevision) }.resource()
    }

    package func watch(
        _ types: [ResourceType],
        from revision: Revision
    ) -> AsyncThrowingStream<[Event], any Error> {
        let types = Set(types)
        let opening = Opening(file.epoch)
        fileWatch.start()
        return signal.events(from: revision) { revision throws(DatastoreError) in
            try await self.page(of: types, after: revision, opening)
        }
    }

    /// Forgets the history beyond what the options keep, now rather than in the course of writing.
    package func compact() async throws(DatastoreError) {
        while try await file.write({ writer in try writer.compact(atMost: 1_000) }).result {}
    }

    // MARK: Steps

    private func write<T: Sendable>(
        _ body: @escaping @Sendable (inout RevisionWriter) throws -> T
    ) async throws(DatastoreError) -> T {
        let (result, head) = try await file.write(body)
        signal.announce(head)
        return result
    }

    private func page(
        of types: Set<ResourceType>,
        after revision: Revision,
        _ opening: Opening
    ) async throws(DatastoreError) -> HistoryPage {
        let (changes, upTo) = try await file.read { table in
            try table.changes(of: types, after: revision, limit: 1_000)
        }
        guard opening.isStill(file.epoch)
        else { throw .compacted(asked: revision, oldest: upTo) }
        var events: [Event] = []
        events.reserveCapacity(changes.count)
        for change in changes { events.append(try change.event()) }
        return HistoryPage(events: events, upTo: upTo)
    }

    private static func resources(
        _ objects: [StoredObject]
    ) throws(DatastoreError) -> [Resource] {
        var resources: [Resource] = []
        resources.reserveCapacity(objects.count)
        for object in objects { resources.append(try object.resource()) }
        return resources
    }
}
