import Datastore
import DatastoreSQLite
import Foundation
import GRDB
import JSON
import Resources
import Testing

/// A store that is taken away, damaged, locked or full, and what happens when it comes back.
struct SQLiteFaultTests {
    private let directory: TemporaryDirectory
    private let path: String
    private let store: SQLiteDatastore

    init() throws {
        directory = try TemporaryDirectory()
        path = directory.path("store.db")
        var options = StoreOptions()
        options.lockTimeout = .milliseconds(50)
        store = SQLiteDatastore(path: path, options: options)
    }

    @Test func removedFileIsNotMadeAnew() async throws {
        let stored = try await store.create(tier("a"))
        try move(from: "store.db", to: "away.db")
        await #expect(throws: DatastoreError.unavailable("\(path): the file was removed")) {
            try await store.update(tier("a", order: 1))
        }
        await #expect(throws: DatastoreError.unavailable("\(path): the file was removed")) {
            try await store.get(key("a"))
        }
        #expect(!FileManager.default.fileExists(atPath: path))
        try move(from: "away.db", to: "store.db")
        #expect(try await store.get(key("a")) == stored)
        #expect(try await store.update(tier("a", order: 2)).resourceVersion == "2")
    }

    @Test func waitingWatcherLearnsOfARemovedFile() async throws {
        _ = try await store.create(tier("a"))
        let stream = store.watch([tiers], from: Revision(rawValue: 1))
        await #expect(throws: DatastoreError.unavailable("\(path): the file was removed")) {
            try await withThrowingTaskGroup { group in
                group.addTask { for try await _ in stream {} }
                try FileManager.default.removeItem(atPath: path)
                try await group.waitForAll()
            }
        }
    }

    @Test func exchangedFileCompactsItsWatchers() async throws {
        for order in 0..<5 { _ = try await store.create(tier("old\(order)")) }
        let other = SQLiteDatastore(path: directory.path("other.db"))
        for order in 0..<9 { _ = try await other.create(tier("new\(order)")) }
        let stream = store.watch([tiers], from: Revision(rawValue: 5))
        // rename(2) leaves no moment without a file, as an administrator's restore would.
        for suffix in ["-wal", "-shm", ""] {
            #expect(rename(directory.path("other.db" + suffix), path + suffix) == 0)
        }
        let old = Revision(rawValue: 5)
        let new = Revision(rawValue: 9)
        await #expect(throws: DatastoreError.compacted(asked: old, oldest: new)) {
            for try await _ in stream {}
        }
        #expect(try await store.list(tiers, namespace: nil).items.map(\.name).first == "new0")
    }

    @Test func missingFileIsMadeOnlyIfAllowed() async throws {
        var options = StoreOptions()
        options.createsFile = false
        let strict = SQLiteDatastore(path: path, options: options)
        await #expect(throws: DatastoreError.unavailable("\(path): there is no such file")) {
            try await strict.get(key("a"))
        }
        #expect(!FileManager.default.fileExists(atPath: path))
        _ = try await store.create(tier("a"))
        #expect(try await strict.get(key("a")) != nil)
    }

    @Test(arguments: ["not a database, but long enough to be one".utf8.map(\.self), []])
    func foreignFileIsRefusedAndLeftAlone(_ bytes: [UInt8]) async throws {
        let text = bytes + [UInt8](repeating: 0x20, count: bytes.isEmpty ? 0 : 4_096)
        try Data(text).write(to: URL(filePath: path))
        if bytes.isEmpty {
            // An empty file is an empty store, to SQLite and to us.
            _ = try await store.create(tier("a"))
            return
        }
        let reason = "\(path): it is damaged: file is not a database"
        await #expect(throws: DatastoreError.unavailable(reason)) {
            try await store.create(tier("a"))
        }
        #expect(try Data(contentsOf: URL(filePath: path)) == Data(text))
        try FileManager.default.removeItem(atPath: path)
        _ = try await store.create(tier("a"))
    }

    @Test func foreignDatabaseIsRefused() async throws {
        try sqlite("CREATE TABLE diary (text)")
        let reason = "\(path): it is a database of another program"
        await #expect(throws: DatastoreError.unavailable(reason)) {
            try await store.create(tier("a"))
        }
    }

    @Test func damagedPagesAreReported() async throws {
        for number in 0..<50 { _ = try await store.create(tier("t\(number)", order: 1)) }
        try sqlite("PRAGMA wal_checkpoint(TRUNCATE)")
        let file = try FileHandle(forUpdating: URL(filePath: path))
        let size = try file.seekToEnd()
        for page in 1..<(size / 4_096) {
            try file.seek(toOffset: page * 4_096)
            try file.write(contentsOf: Data(repeating: 0xa5, count: 64))
        }
        try file.close()
        let fresh = SQLiteDatastore(path: path)
        let error = await #expect(throws: DatastoreError.self) {
            try await fresh.list(tiers, namespace: nil)
        }
        let text = error?.description ?? ""
        #expect(text.contains(path) && text.contains("damaged"), "\(text)")
    }

    @Test func lockedFileIsReportedAndRecovers() async throws {
        let stored = try await store.create(tier("a"))
        var configuration = Configuration()
        configuration.allowsUnsafeTransactions = true
        let other = try DatabaseQueue(path: path, configuration: configuration)
        try await other.writeWithoutTransaction { try $0.execute(sql: "BEGIN IMMEDIATE") }
        let reason = "\(path): it stays locked by another process"
        await #expect(throws: DatastoreError.unavailable(reason)) {
            try await store.update(tier("a", order: 1))
        }
        // Readers of a write-ahead log do not wait for writers.
        #expect(try await store.get(key("a")) == stored)
        try await other.writeWithoutTransaction { try $0.execute(sql: "COMMIT") }
        #expect(try await store.update(tier("a", order: 1)).resourceVersion == "2")
    }

    @Test(.enabled(if: geteuid() == 0, "mounting needs root"))
    func fullDiskIsReportedAndRecovers() async throws {
        let folder = directory.path("small")
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        try #require(mount("tmpfs", folder, "tmpfs", 0, "size=512k") == 0)
        defer { umount2(folder, Int32(MNT_DETACH)) }
        let path = folder + "/store.db"
        let store = SQLiteDatastore(path: path)
        var big = tier("a")
        big.annotations = ["text": String(repeating: "x", count: 20_000)]
        _ = try await store.create(big)
        let full = DatastoreError.unavailable("\(path): the disk is full")
        await #expect(throws: full) {
            for order in 0..<100 {
                big.spec = ["order": .int(Int64(order))]
                _ = try await store.update(big)
            }
        }
        // What was written is there to be read, and with room again writing goes on.
        let found = try #require(try await store.get(key("a")))
        try #require(mount("tmpfs", folder, "tmpfs", UInt(MS_REMOUNT), "size=8m") == 0)
        let stored = try await store.update(tier("a", order: 1_000))
        #expect(stored.uid == found.uid)
    }

    @Test func unreadableBodyIsNamed() async throws {
        _ = try await store.create(tier("a"))
        try sqlite("UPDATE revisions SET body = '{'")
        let reason = "line 1, column 2: expected a member name"
        await #expect(throws: DatastoreError.corrupt(key("a"), reason)) {
            try await store.get(key("a"))
        }
        #expect(try await store.update(tier("a", order: 1)).resourceVersion == "2")
    }

    private func move(from old: String, to new: String) throws {
        for suffix in ["", "-wal", "-shm"] {
            let (old, new) = (directory.path(old + suffix), directory.path(new + suffix))
            #expect(rename(old, new) == 0)
        }
    }

    private func sqlite(_ statement: String) throws {
        try DatabaseQueue(path: path).writeWithoutTransaction { try $0.execute(sql: statement) }
    }
}
