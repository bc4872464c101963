internal import Datastore
internal import DatastoreSQLite
internal import Glibc
internal import JSON
internal import Resources

/// A process of its own that uses a store file, for tests that need several and for the bench.
///
///     StoreExerciser create PATH NAME       creates one object
///     StoreExerciser increment PATH COUNT   adds 1 to a shared counter COUNT times
///     StoreExerciser append PATH NAME       creates objects for ever, a line for each acknowledged
///     StoreExerciser follow PATH COUNT      prints the counter whenever it changes, until COUNT
///     StoreExerciser measure PATH SECONDS   updates a block by compare-and-swap as fast as it can
@main
struct StoreExerciser {
    static func main() async {
        let arguments = CommandLine.arguments
        guard arguments.count == 4 else { exit(2) }
        let store = SQLiteDatastore(path: arguments[2])
        do {
            switch (arguments[1], Int(arguments[3])) {
            case ("increment", let count?): try await increment(store, count)
            case ("create", _):
                _ = try await store.create(
                    Resource(.calico("Tier"), version: "v3", name: arguments[3])
                )
            case ("append", _): try await append(store, arguments[3])
            case ("follow", let count?): try await follow(store, until: count)
            case ("measure", let seconds?): try await measure(store, .seconds(seconds))
            default: exit(2)
            }
        } catch {
            say("failed: \(error)")
            exit(1)
        }
    }

    static let counter = ResourceKey(.calico("Tier"), name: "counter")

    /// Each addition is tried until no other process came between reading and writing.
    private static func increment(_ store: SQLiteDatastore, _ count: Int) async throws {
        var conflicts = 0
        var done = 0
        while done < count {
            guard var object = try await store.get(counter) else { exit(1) }
            object.spec["order"] = .int((object.spec["order"]?.int ?? 0) + 1)
            do {
                _ = try await store.update(object)
                done += 1
            } catch {
                // Swift 6.3 crashes on a pattern with a payload in the catch clause itself.
                guard case .conflict = error else { throw error }
                conflicts += 1
            }
        }
        say("conflicts \(conflicts)")
    }

    private static func append(_ store: SQLiteDatastore, _ name: String) async throws {
        for number in 0... {
            let tier = Resource(.calico("Tier"), version: "v3", name: "\(name)-\(number)")
            let stored = try await store.create(tier)
            say("\(number) \(stored.resourceVersion ?? "")")
        }
    }

    private static func follow(_ store: SQLiteDatastore, until count: Int) async throws {
        let revision = try await store.list(.calico("Tier"), namespace: nil).revision
        say("following")
        for try await events in store.watch([.calico("Tier")], from: revision) {
            for event in events where event.resource.name == counter.name {
                let value = event.resource.spec["order"]?.int ?? 0
                say(value)
                if value >= Int64(count) { return }
            }
        }
    }

    private static func measure(_ store: SQLiteDatastore, _ duration: Duration) async throws {
        let allocations = (0..<64).map { _ in JSONValue.null }
        let spec: JSONValue = ["cidr": "10.65.0.0/26", "allocations": .array(allocations)]
        let block = Resource(.calico("IPAMBlock"), version: "v3", name: "10-65-0-0-26", spec: spec)
        var stored = try await store.create(block)
        let clock = ContinuousClock()
        let start = clock.now
        var times: [Duration] = []
        repeat {
            let before = clock.now
            stored.spec["sequenceNumber"] = .int(Int64(times.count))
            stored = try await store.update(stored)
            times.append(clock.now - before)
        } while clock.now - start < duration
        let seconds = (clock.now - start) / .seconds(1)
        times.sort()
        func microseconds(_ part: Double) -> Int {
            Int(times[Int(Double(times.count - 1) * part)] / .microseconds(1))
        }
        let result: JSONValue = [
            "updatesPerSecond": .int(Int64(Double(times.count) / seconds)),
            "p50us": .int(Int64(microseconds(0.5))), "p99us": .int(Int64(microseconds(0.99))),
            "maxus": .int(Int64(microseconds(1))),
        ]
        say(result)
    }

    /// A line without a buffer, so that it is out before the process can be killed.
    private static func say(_ text: some CustomStringConvertible) {
        let line = Array("\(text)\n".utf8)
        _ = write(STDOUT_FILENO, line, line.count)
    }
}
