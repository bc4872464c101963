import CLinux
import Glibc
import Synchronization

/// Runs an actor's jobs in order on a thread of its own, so that calls which block in the
/// kernel never hold a thread of the shared pool.
package final class ThreadExecutor: SerialExecutor {
    private struct State {
        var jobs: [UnownedJob] = []
        var isStopped = false
    }

    private let state = Mutex(State())
    /// Counts pending wake-ups; reading it takes them all at once.
    private let bell: Descriptor

    /// Starts the thread; it ends after ``stop()``.
    package init() throws(LinuxError) {
        let raw = try call("eventfd") { linux_eventfd(0) }
        bell = Descriptor(owning: raw)
        try startThread { self.loop() }
    }

    package func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        state.withLock { $0.jobs.append(job) }
        ring()
    }

    /// Ends the thread after the jobs already there; none may be enqueued later.
    package func stop() {
        state.withLock { $0.isStopped = true }
        ring()
    }

    private func ring() {
        var one: UInt64 = 1
        _ = bell.withRaw { write($0, &one, MemoryLayout<UInt64>.size) }
    }

    private func loop() {
        while true {
            var count: UInt64 = 0
            _ = bell.withRaw { read($0, &count, MemoryLayout<UInt64>.size) }
            let (jobs, isStopped) = state.withLock { state in
                defer { state.jobs = [] }
                return (state.jobs, state.isStopped)
            }
            for job in jobs {
                unsafe job.runSynchronously(on: asUnownedSerialExecutor())
            }
            if isStopped { return }
        }
    }
}
