internal import Glibc
internal import Synchronization

/// How the writing connection waits for a lock of another process.
///
/// SQLite's own busy timeout soon sleeps 25 to 100 ms at a time, far longer than any write here
/// takes, so that a process among several busy ones starves. This one sleeps 0.1 to 2 ms.
final class BusyWait: Sendable {
    private let timeout: Duration
    private let refuses = Atomic(false)

    init(timeout: Duration) {
        self.timeout = timeout
    }

    /// Runs a write that must not wait at all.
    func refusing<T>(_ body: () throws -> T) rethrows -> T {
        refuses.store(true, ordering: .relaxed)
        defer { refuses.store(false, ordering: .relaxed) }
        return try body()
    }

    /// Sleeps before the next try; `false` when it is time to give up.
    func wait(try number: Int) -> Bool {
        let step = min(100 + number * 100, 2_000)
        guard !refuses.load(ordering: .relaxed) else { return false }
        guard Duration.microseconds(Self.slept(before: number)) < timeout else { return false }
        usleep(UInt32(step / 2 + Int.random(in: 0...step)))
        return true
    }

    /// About how many microseconds the tries before this one took.
    static func slept(before number: Int) -> Int {
        let growing = min(number, 19)
        return growing * 100 + growing * (growing - 1) * 50 + (number - growing) * 2_000
    }
}
