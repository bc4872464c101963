internal import Datastore
internal import Dispatch
internal import Synchronization

/// Tells watchers of this process about writes of others.
///
/// inotify on the directory reports each write to the log at once, but a moment before the commit
/// can be read: SQLite makes it visible by a store to shared memory that nobody is told of. So a
/// look that finds nothing new is repeated after 1, 2, 4, … ms. Apart from that, everything is
/// looked at each 250 ms, for file systems without inotify and for a file that was taken away.
final class FileWatch: Sendable {
    /// What a look at the file finds.
    private enum Finding: Equatable {
        case head(Revision, epoch: UInt64)
        case trouble
    }

    private struct State {
        var isStarted = false
        var events: DirectoryEvents?
        var last: Finding?
        /// Looks in a row that found nothing new.
        var quiet = 0
        /// The look that is to come and its delay in milliseconds; a later one takes its place.
        var planned: (number: UInt64, delay: Int)?
        var number: UInt64 = 0
    }

    private static let interval = DispatchTimeInterval.milliseconds(250)
    private static let repeats = 6

    private let file: StoreFile
    private let signal: ChangeSignal
    private let queue = DispatchQueue(label: "caracal.store.watch")
    private let state = Mutex(State())
    /// Sources are safe to use from any thread, which their declaration on Linux does not say.
    private nonisolated(unsafe) let timer: any DispatchSourceTimer

    init(_ file: StoreFile, _ signal: ChangeSignal) {
        self.file = file
        self.signal = signal
        timer = DispatchSource.makeTimerSource(queue: queue)
        timer.schedule(deadline: .now(), repeating: Self.interval, leeway: .milliseconds(25))
    }

    deinit {
        timer.cancel()
        // A source must not be freed before it was ever resumed.
        if !state.withLock(\.isStarted) { timer.resume() }
    }

    /// Starts at the first call.
    func start() {
        let isFirst = state.withLock { state in
            defer { state.isStarted = true }
            return !state.isStarted
        }
        guard isFirst else { return }
        timer.setEventHandler { [weak self] in self?.beat() }
        timer.resume()
    }

    /// Looks, and begins to follow the directory when that was not possible before.
    private func beat() {
        if state.withLock({ $0.events?.isAlive != true }) {
            let events = DirectoryEvents(ofFileAt: file.path, queue: queue) { [weak self] in
                self?.noticed()
            }
            state.withLock { $0.events = events }
        }
        noticed()
    }

    private func noticed() {
        state.withLock { $0.quiet = 0 }
        plan(after: 0)
    }

    private func plan(after delay: Int) {
        let number: UInt64? = state.withLock { state in
            // At most a look each millisecond, however often the log is written.
            if let planned = state.planned, planned.delay <= max(delay, 1) { return nil }
            state.number += 1
            state.planned = (state.number, delay)
            return state.number
        }
        guard let number else { return }
        queue.asyncAfter(deadline: .now() + .milliseconds(delay)) { [weak self] in
            self?.look(number)
        }
    }

    private func look(_ number: UInt64) {
        let isDue = state.withLock { state in
            guard state.planned?.number == number else { return false }
            state.planned = nil
            return true
        }
        guard isDue else { return }
        let finding = look()
        let (before, next) = state.withLock { state in
            let before = state.last
            state.last = finding
            state.quiet = before == finding ? state.quiet + 1 : 1
            return (before, state.quiet <= Self.repeats ? 1 << (state.quiet - 1) : nil)
        }
        if before != finding { tell(finding, after: before) }
        if let next { plan(after: next) }
    }

    private func look() -> Finding {
        do {
            let head = try file.readBlocking { table in try table.head() }
            return .head(head, epoch: file.epoch)
        } catch {
            return .trouble
        }
    }

    private func tell(_ finding: Finding, after before: Finding?) {
        switch (finding, before) {
        case (.head(let head, let epoch), .head(_, let old)?) where old == epoch:
            signal.announce(head)
        case (.head(let head, _), _): signal.restart(at: head)
        case (.trouble, _): signal.ring()
        }
    }
}
