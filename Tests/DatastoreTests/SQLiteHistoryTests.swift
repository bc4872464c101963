import Datastore
import DatastoreSQLite
import GRDB
import Resources
import Testing

/// How much history a file keeps when nobody asks for compaction.
struct SQLiteHistoryTests {
    private let directory: TemporaryDirectory

    init() throws {
        directory = try TemporaryDirectory()
    }

    @Test(arguments: [(20, 1 << 20, 20), (1_000, 7_000, 40)])
    func writesCutIt(_ revisions: UInt64, _ bytes: Int64, _ atMost: Int) async throws {
        var options = StoreOptions()
        options.historyRevisions = revisions
        options.historyBytes = bytes
        let path = directory.path("store.db")
        let store = SQLiteDatastore(path: path, options: options)
        let kept = try await store.create(tier("kept"))
        _ = try await store.create(tier("a"))
        for order in 0..<300 { _ = try await store.update(tier("a", order: Int64(order))) }
        let rows = try await DatabaseQueue(path: path).read { database in
            try Int.fetchOne(database, sql: "SELECT count(*) FROM revisions") ?? 0
        }
        // The object that never changed is beyond the history and must stay.
        #expect(rows <= atMost + 1)
        #expect(rows > atMost / 2)
        #expect(try await store.get(key("kept")) == kept)
        let first = Revision(rawValue: 1)
        let error = await #expect(throws: DatastoreError.self) {
            for try await _ in store.watch([tiers], from: first) {}
        }
        guard case .compacted(first, let oldest)? = error else {
            Issue.record("expected compacted, not \(String(describing: error))")
            return
        }
        var watcher = store.watch([tiers], from: oldest).makeAsyncIterator()
        let events = try #require(try await watcher.next())
        #expect(events.last?.revision.rawValue == 302)
        #expect(UInt64(events.count) == 302 - oldest.rawValue)
    }

    @Test func aLoweredLimitIsReachedStepByStep() async throws {
        let path = directory.path("store.db")
        let store = SQLiteDatastore(path: path)
        for order in 0..<100 {
            if order == 0 { _ = try await store.create(tier("a")) }
            _ = try await store.update(tier("a", order: Int64(order)))
        }
        var options = StoreOptions()
        options.historyRevisions = 10
        let strict = SQLiteDatastore(path: path, options: options)
        // Each write adds one revision and removes three.
        for order in 0..<50 { _ = try await strict.update(tier("a", order: Int64(-order - 1))) }
        let start = Revision(rawValue: 151 - 10)
        var watcher = strict.watch([tiers], from: start).makeAsyncIterator()
        #expect(try await watcher.next()?.count == 10)
        let before = Revision(rawValue: 151 - 11)
        await #expect(throws: DatastoreError.compacted(asked: before, oldest: start)) {
            for try await _ in strict.watch([tiers], from: before) {}
        }
    }
}
