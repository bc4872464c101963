import BPF
package import CBPFABI
import Glibc
import Linux
package import Model
import Synchronization

/// One packet that a Log rule matched, or that was dropped while drops are reported.
package struct PacketEvent: Hashable, Sendable {
    /// Why it is told.
    package enum Kind: Hashable, Sendable {
        case logRule
        case drop
    }

    package var kind: Kind
    package var reason: Reason
    package var direction: Direction
    package var flow: Flow
    /// The host end of the workload's link.
    package var ifindex: UInt32
    package var length: Int
    /// 0 when no rule is concerned.
    package var rule: UInt32
    /// `nil` when the rule is no more.
    package var ruleName: RuleName?

    package init(_ event: cara_event, ruleName: RuleName?) {
        kind = event.kind == CARA_EVENT_LOG_RULE.rawValue ? .logRule : .drop
        reason = Reason(cara_reason(rawValue: event.reason))
        direction = UInt32(event.direction) == CARA_INGRESS.rawValue ? .ingress : .egress
        flow = Flow(
            source: Address(event.src),
            destination: Address(event.dst),
            protocol: IPProtocol(rawValue: event.proto),
            sourcePort: UInt16(bigEndian: event.sport),
            destinationPort: UInt16(bigEndian: event.dport)
        )
        ifindex = event.ifindex
        length = Int(event.length)
        rule = event.rule
        self.ruleName = ruleName
    }
}

/// Names of the rules whose ids are in the kernel; read by the thread that takes events.
final class RuleNames: Sendable {
    private let names = Mutex<[UInt32: RuleName]>([:])

    func merge(_ changes: [UInt32: RuleName?]) {
        guard !changes.isEmpty else { return }
        names.withLock { names in
            for (id, name) in changes { names[id] = name }
        }
    }

    subscript(_ id: UInt32) -> RuleName? { names.withLock { $0[id] } }
}

/// Takes events out of the ring buffer on a thread of its own.
final class EventReader: Sendable {
    /// Events that a slow listener may leave unread; the oldest go first.
    private static let backlog = 4096

    let events: AsyncStream<PacketEvent>
    private let continuation: AsyncStream<PacketEvent>.Continuation
    private let bell: Descriptor

    /// Starts to read the ring buffer pinned at `path`; ends with ``stop()``.
    init(pinnedAt path: String, names: RuleNames) throws {
        var ends: [Int32] = [0, 0]
        _ = try call("pipe") { pipe(&ends) }
        bell = Descriptor(owning: ends[1])
        let sleeper = Descriptor(owning: ends[0])
        (events, continuation) = AsyncStream.makeStream(
            bufferingPolicy: .bufferingNewest(Self.backlog)
        )
        let continuation = continuation
        let raw = sleeper.release()
        try startThread {
            let sleeper = Descriptor(owning: raw)
            Self.read(path, names, sleeper, continuation)
            continuation.finish()
        }
    }

    func stop() {
        var byte: UInt8 = 0
        _ = bell.withRaw { write($0, &byte, 1) }
    }

    private static func read(
        _ path: String,
        _ names: RuleNames,
        _ sleeper: borrowing Descriptor,
        _ continuation: AsyncStream<PacketEvent>.Continuation
    ) {
        do {
            let ring = try Ring<cara_event>(pinned: path)
            while try waitForNews(ring.pollDescriptor, sleeper) {
                for event in try ring.drain() {
                    continuation.yield(PacketEvent(event, ruleName: names[event.rule]))
                }
            }
        } catch {
            // The stream ends; policy goes on without its events.
        }
    }

    /// Whether there are events, rather than the end.
    private static func waitForNews(
        _ ring: Int32,
        _ sleeper: borrowing Descriptor
    ) throws(LinuxError) -> Bool {
        try sleeper.withRaw { sleeper throws(LinuxError) in
            var waits = [
                pollfd(fd: ring, events: Int16(POLLIN), revents: 0),
                pollfd(fd: sleeper, events: Int16(POLLIN), revents: 0),
            ]
            _ = try call("poll") { poll(&waits, nfds_t(waits.count), -1) }
            return waits[1].revents == 0
        }
    }
}
