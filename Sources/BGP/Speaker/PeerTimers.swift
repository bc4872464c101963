import BGPSession
import NIOCore

/// The running timers of one peer.
///
/// A hold timer starts anew with each message. So a timer that is started while it runs keeps the
/// task it has, as long as that fires no later, and the task starts another for the rest.
struct PeerTimers {
    private struct Timer {
        var deadline: NIODeadline
        var task: Scheduled<Void>
        /// When `task` fires.
        var fires: NIODeadline
    }

    private var timers: [SessionTimer: Timer] = [:]

    /// `schedule` makes the task that calls ``fired(_:_:)``.
    mutating func start(
        _ timer: SessionTimer,
        milliseconds: Int64,
        _ schedule: (NIODeadline) -> Scheduled<Void>
    ) {
        let deadline = NIODeadline.now() + .milliseconds(milliseconds)
        if timers[timer] != nil {
            timers[timer]?.deadline = deadline
            guard let old = timers[timer], old.fires > deadline else { return }
            old.task.cancel()
        }
        timers[timer] = Timer(deadline: deadline, task: schedule(deadline), fires: deadline)
    }

    mutating func stop(_ timer: SessionTimer) {
        timers.removeValue(forKey: timer)?.task.cancel()
    }

    mutating func stopAll() {
        for timer in timers.values { timer.task.cancel() }
        timers = [:]
    }

    /// True when the timer has expired, and not only its task.
    mutating func fired(
        _ timer: SessionTimer,
        _ schedule: (NIODeadline) -> Scheduled<Void>
    ) -> Bool {
        guard let running = timers[timer] else { return false }
        guard running.deadline > .now() else {
            timers[timer] = nil
            return true
        }
        timers[timer] = Timer(
            deadline: running.deadline,
            task: schedule(running.deadline),
            fires: running.deadline
        )
        return false
    }
}
