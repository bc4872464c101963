import CLinux
import Glibc
import Linux

/// All peers of a run, on the calling thread.
final class Swarm {
    let ends: [PeerEnd]
    private let poll: Descriptor
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 8)
    private var nextTick = ContinuousClock.now
    /// Ends that are not read.
    var deaf: Set<Int> = []

    init(_ plan: Plan) throws {
        ends = plan.peers.map { PeerEnd($0) }
        poll = Descriptor(owning: try call("epoll_create1") { epoll_create1(Int32(EPOLL_CLOEXEC)) })
    }

    deinit { buffer.deallocate() }

    /// Sessions that ended without our doing.
    var losses: Int { ends.reduce(0) { $0 + $1.losses } }

    var lossReason: String { ends.first { $0.losses > 0 }?.lossReason ?? "" }

    var longestSilence: Duration { ends.map(\.longestSilence).max() ?? .zero }

    /// Lets all talk until `isDone`; how long it took.
    func run(
        limit: Duration,
        _ what: String,
        until isDone: () throws -> Bool
    ) throws -> Double {
        let start = ContinuousClock.now
        while try !isDone() {
            let now = ContinuousClock.now
            guard now - start < limit else { throw BenchError("\(what): not in \(limit)") }
            if now >= nextTick { try tick(now) }
            try turn(milliseconds: 5)
        }
        return (ContinuousClock.now - start).seconds
    }

    private func tick(_ now: ContinuousClock.Instant) throws {
        nextTick = now + .milliseconds(20)
        for (number, end) in ends.enumerated() {
            if let socket = end.connectIfDue(now) { try watch(socket, number) }
            end.keepAlive(now)
        }
    }

    private func watch(_ socket: Int32, _ number: Int) throws {
        var event = epoll_event()
        event.events = EPOLLIN.rawValue | EPOLLOUT.rawValue | EPOLLET.rawValue
        event.data.u64 = UInt64(number)
        _ = try poll.withRaw { raw throws(LinuxError) in
            try call("epoll_ctl") { epoll_ctl(raw, EPOLL_CTL_ADD, socket, &event) }
        }
    }

    private var events = [epoll_event](repeating: epoll_event(), count: 256)
    /// Read in part only: no event will tell of the rest.
    private var unread: Set<Int> = []

    private func turn(milliseconds: Int32) throws {
        let wait = unread.isSubset(of: deaf) ? milliseconds : 0
        let count = poll.withRaw { epoll_wait($0, &events, Int32(events.count), wait) }
        for event in events.prefix(Int(max(count, 0))) {
            let number = Int(event.data.u64)
            if event.events & EPOLLOUT.rawValue != 0 { ends[number].becameWritable() }
            if event.events & ~EPOLLOUT.rawValue != 0 { unread.insert(number) }
        }
        for number in unread where !deaf.contains(number) {
            if ends[number].read(into: buffer) < buffer.count { unread.remove(number) }
        }
        for end in ends where !end.isDrained { end.flush() }
    }
}

extension Duration {
    var seconds: Double { Double(components.seconds) + Double(components.attoseconds) / 1e18 }
}

/// Why a benchmark could not be run.
struct BenchError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
