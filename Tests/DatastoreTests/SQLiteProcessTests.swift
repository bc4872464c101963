import Datastore
import DatastoreSQLite
import JSON
import Resources
import Testing

/// Several processes on one file, and one of them killed.
@Suite(.serialized)
struct SQLiteProcessTests {
    @Test func writersOfSeveralProcessesLoseNothing() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path("store.db")
        let store = SQLiteDatastore(path: path)
        _ = try await store.create(tier("counter", order: 0))
        let processes = try (0..<4).map { _ in try Exerciser("increment", path, "250") }
        for process in processes {
            #expect(process.exitCode() == 0, "\(process.lines())")
        }
        let counter = try #require(try await store.get(key("counter")))
        #expect(counter.spec["order"] == 1_000)
        #expect(counter.resourceVersion == "1001")
    }

    @Test func processesThatOpenAnEmptyFileTogetherAgree() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path("new/store.db")
        let processes = try (0..<6).map { try Exerciser("create", path, "t\($0)") }
        for process in processes {
            #expect(process.exitCode() == 0, "\(process.lines())")
        }
        let present = try await SQLiteDatastore(path: path).list(tiers, namespace: nil)
        #expect(present.items.map(\.name) == (0..<6).map { "t\($0)" })
        #expect(present.revision.rawValue == 6)
    }

    @Test func acknowledgedWritesSurviveAKill() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path("store.db")
        let store = SQLiteDatastore(path: path)
        let start = try await store.snapshot([tiers]).revision
        var watcher = store.watch([tiers], from: start).makeAsyncIterator()
        var seen: [String] = []
        for round in 0..<5 {
            let writer = try Exerciser("append", path, "round\(round)")
            for _ in 0..<(50 + round * 37) { _ = writer.line() }
            writer.kill()
            let acknowledged = writer.lines().compactMap { $0.split(separator: " ").first }
            for number in acknowledged {
                #expect(try await store.get(key("round\(round)-\(number)")) != nil)
            }
            // The file is in order and takes writes at once; the watcher in this process goes on.
            let mark = try await store.create(tier("mark\(round)"))
            while seen.last != mark.name {
                seen += try #require(try await watcher.next()).map(\.resource.name)
            }
        }
        let present = try await store.list(tiers, namespace: nil)
        #expect(Set(seen) == Set(present.items.map(\.name)))
        #expect(seen.count == Int(present.revision.rawValue - start.rawValue))
    }

    @Test func watchersOfOtherProcessesGoOnAfterAKill() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path("store.db")
        let store = SQLiteDatastore(path: path)
        _ = try await store.create(tier("counter", order: 0))
        let follower = try Exerciser("follow", path, "20")
        #expect(follower.line() == "following")
        let writer = try Exerciser("append", path, "noise")
        for _ in 0..<20 { _ = writer.line() }
        writer.kill()
        var values: [String?] = []
        for value in 1...20 {
            _ = try await store.update(tier("counter", order: Int64(value)))
            values.append(follower.line())
        }
        #expect(values == (1...20).map(String.init))
        #expect(follower.exitCode() == 0)
    }

    @Test func writesOfAnotherProcessAreSeenSoon() async throws {
        let directory = try TemporaryDirectory()
        let path = directory.path("store.db")
        let store = SQLiteDatastore(path: path)
        _ = try await store.create(tier("counter", order: 0))
        let follower = try Exerciser("follow", path, "100")
        #expect(follower.line() == "following")
        let clock = ContinuousClock()
        var times: [Duration] = []
        for value in 1...100 {
            _ = try await store.update(tier("counter", order: Int64(value)))
            let written = clock.now
            #expect(follower.line() == "\(value)")
            times.append(clock.now - written)
        }
        times.sort()
        print("seen by another process: median \(times[50]), 90 % \(times[90]), most \(times[99])")
        // The poll alone would take 125 ms in the middle.
        #expect(times[50] < .milliseconds(50))
    }
}
