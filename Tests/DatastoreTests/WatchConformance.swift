import Datastore
import JSON
import Resources
import Testing

/// What every driver must tell its watchers: everything, once, in order.
struct WatchConformance {
    @Test(arguments: Driver.allCases)
    func tellsTheHistoryAndThenThePresent(_ driver: Driver) async throws {
        let opened = try driver.open()
        let store = opened.store
        let a = try await store.create(tier("a", order: 1))
        let b = try await store.update(tier("a", order: 2))
        _ = try await store.create(networkSet("default", "other"))
        _ = try await store.delete(key("a"), ifRevision: nil)
        var iterator = store.watch([tiers], from: Revision(rawValue: 0)).makeAsyncIterator()
        var events: [Event] = []
        while events.count < 3 { events += try #require(try await iterator.next()) }
        #expect(
            events == [
                Event(.added(a), revision: Revision(rawValue: 1)),
                Event(.modified(b), revision: Revision(rawValue: 2)),
                Event(.deleted(b), revision: Revision(rawValue: 4)),
            ]
        )
        let c = try await store.create(tier("c"))
        #expect(try await iterator.next() == [Event(.added(c), revision: Revision(rawValue: 5))])
    }

    @Test(arguments: Driver.allCases)
    func wakesForAWriteThatComesLater(_ driver: Driver) async throws {
        let store = try driver.open()
        let stream = store.store.watch([tiers], from: Revision(rawValue: 0))
        async let first = stream.first { _ in true }
        _ = try await store.store.create(networkSet("default", "uninteresting"))
        let stored = try await store.store.create(tier("a"))
        #expect(try await first?.map(\.resource) == [stored])
    }

    @Test(arguments: Driver.allCases)
    func leavesNoGapWhileManyWrite(_ driver: Driver) async throws {
        let opened = try driver.open()
        let store = opened.store
        let writers = 6
        let each = 60
        let start = try await store.snapshot([tiers]).revision
        let stream = store.watch([tiers], from: start)
        try await withThrowingTaskGroup { group in
            for writer in 0..<writers {
                group.addTask { try await churn(store, "w\(writer)", rounds: each) }
            }
            var seen: [ResourceKey: Resource] = [:]
            var last = start
            for try await events in stream {
                for event in events {
                    #expect(event.revision.rawValue == last.rawValue + 1)
                    last = event.revision
                    follow(event, in: &seen)
                }
                if last.rawValue == UInt64(writers * each * 3) { break }
            }
            try await group.waitForAll()
            let present = try await store.list(tiers, namespace: nil).items
            #expect(Set(seen.values) == Set(present))
        }
    }

    @Test(arguments: Driver.allCases)
    func saysCompacted(_ driver: Driver) async throws {
        let opened = try driver.open(history: 5)
        let store = opened.store
        for order in 0..<20 { _ = try await write(store, tier("a", order: Int64(order))) }
        _ = try await store.create(tier("b"))
        try await opened.compact()
        let oldest = Revision(rawValue: 16)
        let asked = Revision(rawValue: 3)
        await #expect(throws: DatastoreError.compacted(asked: asked, oldest: oldest)) {
            for try await _ in store.watch([tiers], from: asked) {}
        }
        // What is too old to be told is still there to be listed, and watching goes on from it.
        let (items, revision) = try await store.snapshot([tiers])
        #expect(items.map(\.resourceVersion) == ["20", "21"])
        var iterator = store.watch([tiers], from: oldest).makeAsyncIterator()
        var count = 0
        while count < 5 { count += try #require(try await iterator.next()).count }
        #expect(count == 5)
        let future = Revision(rawValue: revision.rawValue + 1)
        await #expect(throws: DatastoreError.compacted(asked: future, oldest: oldest)) {
            for try await _ in store.watch([tiers], from: future) {}
        }
    }

    @Test(arguments: Driver.allCases)
    func objectsOlderThanTheHistoryCanStillChange(_ driver: Driver) async throws {
        let opened = try driver.open(history: 3)
        let store = opened.store
        let old = try await store.create(tier("old"))
        for order in 0..<20 { _ = try await write(store, tier("a", order: Int64(order))) }
        try await opened.compact()
        #expect(try await store.get(key("old")) == old)
        #expect(try await store.update(tier("old", order: 1)).uid == old.uid)
        _ = try await store.delete(key("a"), ifRevision: nil)
        try await opened.compact()
        #expect(try await store.list(tiers, namespace: nil).items.map(\.name) == ["old"])
    }

    @Test(arguments: Driver.allCases)
    func endsWhenItsTaskIsCancelled(_ driver: Driver) async throws {
        let opened = try driver.open()
        let store = opened.store
        let stream = store.watch([tiers], from: Revision(rawValue: 0))
        let count = try await withThrowingTaskGroup(of: Int.self) { group in
            group.addTask {
                var count = 0
                for try await events in stream { count += events.count }
                return count
            }
            group.cancelAll()
            return try await group.reduce(0, +)
        }
        #expect(count == 0)
    }
}

/// Creates, updates and deletes an object of its own, so that each round makes three revisions.
private func churn(_ store: any Datastore, _ name: String, rounds: Int) async throws {
    for round in 0..<rounds {
        _ = try await store.create(tier(name))
        _ = try await store.update(tier(name, order: Int64(round)))
        _ = try await store.delete(key(name), ifRevision: nil)
    }
}

/// Applies an event to a picture, checking that it fits.
private func follow(_ event: Event, in seen: inout [ResourceKey: Resource]) {
    let resource = event.resource
    switch event.change {
    case .added:
        #expect(seen[resource.key] == nil)
        seen[resource.key] = resource
    case .modified:
        #expect(seen[resource.key]?.uid == resource.uid)
        seen[resource.key] = resource
    case .deleted:
        #expect(seen[resource.key] == resource)
        seen[resource.key] = nil
    }
}

private func write(_ store: any Datastore, _ resource: Resource) async throws -> Resource {
    do {
        return try await store.update(resource)
    } catch {
        guard case .notFound = error else { throw error }
        return try await store.create(resource)
    }
}
