internal import Datastore
internal import DatastoreMemory
internal import JSON
internal import Resources
internal import Synchronization
internal import Testing

/// A store that can be away.
final class FlakyDatastore: Datastore {
    let store = MemoryDatastore()
    private let isAway = Mutex(false)

    func setAway(_ isAway: Bool) {
        self.isAway.withLock { $0 = isAway }
    }

    private func check() throws(DatastoreError) {
        if isAway.withLock({ $0 }) { throw .unavailable("away") }
    }

    func get(_ key: ResourceKey) async throws(DatastoreError) -> Resource? {
        try check()
        return try await store.get(key)
    }

    func list(
        _ type: ResourceType,
        namespace: String?
    ) async throws(DatastoreError) -> (items: [Resource], revision: Revision) {
        try check()
        return try await store.list(type, namespace: namespace)
    }

    func snapshot(
        _ types: [ResourceType]
    ) async throws(DatastoreError) -> (items: [Resource], revision: Revision) {
        try check()
        return try await store.snapshot(types)
    }

    func create(_ resource: Resource) async throws(DatastoreError) -> Resource {
        try check()
        return try await store.create(resource)
    }

    func update(_ resource: Resource) async throws(DatastoreError) -> Resource {
        try check()
        return try await store.update(resource)
    }

    func delete(
        _ key: ResourceKey,
        ifRevision: String?
    ) async throws(DatastoreError) -> Resource {
        try check()
        return try await store.delete(key, ifRevision: ifRevision)
    }

    /// Ends with an error after one batch, as a connection does that breaks.
    func watch(
        _ types: [ResourceType],
        from revision: Revision
    ) -> AsyncThrowingStream<[Event], any Error> {
        let events = store.watch(types, from: revision)
        let isAway = isAway.withLock { $0 }
        let count = Mutex(0)
        return AsyncThrowingStream {
            let number = count.withLock { count in
                count += 1
                return count
            }
            guard !isAway, number == 1 else { throw DatastoreError.unavailable("broken") }
            for try await batch in events { return batch }
            return nil
        }
    }
}

@Suite("following the store")
struct StoreFollowerTests {
    private struct Done: Error {}

    /// Collects news until `isEnough` of it has come.
    private func follow(
        _ store: FlakyDatastore,
        sleep: @escaping @Sendable (Duration) async throws -> Void = { _ in },
        until isEnough: @escaping @Sendable ([String]) async -> Bool
    ) async -> [String] {
        let (stream, continuation) = AsyncStream.makeStream(of: String.self)
        return await withThrowingTaskGroup(of: Void.self) { group in
            let follower = StoreFollower(store, [.calico("Tier")], sleep: sleep)
            group.addTask {
                try await follower.run { news in
                    switch news {
                    case .snapshot(let items, _):
                        continuation.yield("snapshot \(items.map(\.name).sorted())")
                    case .changes(let events):
                        continuation.yield("changes \(events.map(\.resource.name))")
                    case .written: break
                    case .lost: continuation.yield("lost")
                    case .regained: continuation.yield("regained")
                    }
                }
            }
            var seen: [String] = []
            for await line in stream {
                seen.append(line)
                if await isEnough(seen) { break }
            }
            group.cancelAll()
            return seen
        }
    }

    private func tier(_ name: String) -> Resource {
        Resource(.calico("Tier"), version: "v3", name: name, spec: ["order": 1])
    }

    @Test("a snapshot, then changes; a broken watch goes on where it was")
    func resume() async throws {
        let store = FlakyDatastore()
        _ = try await store.create(tier("a"))
        let seen = await follow(store) { seen in
            switch seen.last {
            case #"snapshot ["a"]"#: _ = try? await store.create(tier("b"))
            case #"changes ["b"]"#: _ = try? await store.create(tier("c"))
            default: break
            }
            return seen.last == #"changes ["c"]"#
        }
        #expect(
            seen == [
                #"snapshot ["a"]"#, #"changes ["b"]"#, "lost", "regained", #"changes ["c"]"#,
            ]
        )
    }

    @Test("history that is gone means a new snapshot")
    func compacted() async throws {
        let store = FlakyDatastore()
        let seen = await follow(
            store,
            sleep: { _ in
                // While the watch is broken, time goes on without us.
                if (try? await store.store.get(ResourceKey(.calico("Tier"), name: "b"))) == nil {
                    _ = try? await store.store.create(
                        Resource(.calico("Tier"), version: "v3", name: "b", spec: ["order": 1])
                    )
                    store.store.compact(keeping: 0)
                }
            },
            until: { seen in
                if seen.last == "snapshot []" { _ = try? await store.create(tier("a")) }
                return seen.last == #"snapshot ["a", "b"]"#
            }
        )
        #expect(
            seen == [
                "snapshot []", #"changes ["a"]"#, "lost", "regained", #"snapshot ["a", "b"]"#,
            ]
        )
    }

    @Test("waits grow while the store is away, up to a limit")
    func backoff() async throws {
        let store = FlakyDatastore()
        store.setAway(true)
        let waits = Mutex<[Duration]>([])
        let seen = await follow(
            store,
            sleep: { wait in
                let count = waits.withLock { waits in
                    waits.append(wait)
                    return waits.count
                }
                if count == 10 { store.setAway(false) }
            },
            until: { $0.last == "snapshot []" }
        )
        #expect(seen.count == 12)
        let all = waits.withLock { $0 }
        #expect(all.first == StoreFollower.waits.first)
        #expect(all.last == StoreFollower.waits.last)
        #expect(zip(all, all.dropFirst()).allSatisfy { $0 <= $1 })
    }
}
