internal import Synchronization

/// Wakes watchers when there may be something to read.
///
/// A watcher takes ``tick`` *before* it reads, so a change between its read and its wait is not
/// lost: the tick has moved and ``wait(after:)`` returns at once.
package final class ChangeSignal: Sendable {
    private struct State {
        var tick: UInt64 = 0
        var announced = Revision(rawValue: 0)
        var waiters: [UInt64: CheckedContinuation<Void, Never>] = [:]
        var nextWaiter: UInt64 = 0
    }

    private let state = Mutex(State())

    package init() {}

    package var tick: UInt64 { state.withLock(\.tick) }

    /// Wakes every watcher.
    package func ring() {
        let waiters = state.withLock { state in
            state.tick += 1
            defer { state.waiters.removeAll(keepingCapacity: true) }
            return state.waiters.values.map(\.self)
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Wakes every watcher unless this revision was announced before.
    package func announce(_ revision: Revision) {
        let isNew = state.withLock { state in
            defer { state.announced = max(state.announced, revision) }
            return revision > state.announced
        }
        if isNew { ring() }
    }

    /// Begins again at a revision that may be lower: the store behind this was exchanged.
    package func restart(at revision: Revision) {
        state.withLock { $0.announced = revision }
        ring()
    }

    /// Returns once the tick is past `tick`, or when the task is cancelled.
    package func wait(after tick: UInt64) async {
        let id = state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let mustWait = state.withLock { state in
                    guard state.tick == tick, !Task.isCancelled else { return false }
                    state.waiters[id] = continuation
                    return true
                }
                if !mustWait { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: id) }?.resume()
        }
    }
}
