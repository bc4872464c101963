import BPF
package import CBPFABI
import CLinux
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
    /// Of a drop by policy: what would have become of it were staged policies enforced; `nil` where
    /// nothing is staged.
    package var pending: Pending?
    /// `nil` when there is no such rule, or it is no more.
    package var pendingRuleName: RuleName?

    package init(
        _ event: cara_event,
        ruleName: RuleName?,
        pendingRuleName: RuleName? = nil
    ) {
        kind = event.kind == CARA_EVENT_LOG_RULE.rawValue ? .logRule : .drop
        reason = Reason(cara_reason(rawValue: event.reason))
        direction = UInt32(event.direction) == CARA_INGRESS.rawValue ? .ingress : .egress
        flow = Flow(
            source: Address(event.src),
            destination: Address(event.dst),
            protocol: IPProtocol(rawValue: event.proto)
        )
        let (sourcePort, port) = (UInt16(bigEndian: event.sport), UInt16(bigEndian: event.dport))
        if flow.protocol.isICMP {
            flow.icmp = ICMPMatch(type: UInt8(port >> 8), code: UInt8(port & 0xff))
        } else {
            (flow.sourcePort, flow.destinationPort) = (sourcePort, port)
        }
        ifindex = event.ifindex
        length = Int(event.length)
        rule = event.rule
        self.ruleName = ruleName
        pending = Pending(event.pending, rule: event.pending_rule)
        self.pendingRuleName = pendingRuleName
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

    /// Rules that `isIncluded` chooses, by their ids.
    func all(where isIncluded: (RuleName) -> Bool) -> [UInt32: RuleName] {
        names.withLock { names in names.filter { isIncluded($0.value) } }
    }
}

/// Takes events out of the ring buffer on a thread of its own.
final class EventReader: Sendable {
    /// Events that a slow listener may leave unread; the oldest go first.
    private static let backlog = 4096

    let events: AsyncStream<PacketEvent>
    /// Events that the listener was too slow for.
    let unread = Atomic<UInt64>(0)
    private let continuation: AsyncStream<PacketEvent>.Continuation
    private let names: RuleNames
    private let bell: Descriptor

    /// Starts to read the ring buffer pinned at `path`; ends with ``stop()``.
    init(pinnedAt path: String, names: RuleNames) throws(LinuxError) {
        let raw = try call("eventfd") { linux_eventfd(0) }
        bell = Descriptor(owning: raw)
        self.names = names
        (events, continuation) = AsyncStream.makeStream(
            bufferingPolicy: .bufferingNewest(Self.backlog)
        )
        try startThread {
            self.read(path)
            self.continuation.finish()
        }
    }

    func stop() {
        var one: UInt64 = 1
        _ = bell.withRaw { write($0, &one, MemoryLayout<UInt64>.size) }
    }

    private func read(_ path: String) {
        do {
            let ring = try Ring<cara_event>(pinned: path)
            while try waitForNews(ring.pollDescriptor) {
                for event in try ring.drain() {
                    let event = PacketEvent(
                        event,
                        ruleName: names[event.rule],
                        pendingRuleName: names[event.pending_rule]
                    )
                    if case .dropped = continuation.yield(event) {
                        unread.wrappingAdd(1, ordering: .relaxed)
                    }
                }
            }
        } catch {
            // The stream ends; policy goes on without its events.
        }
    }

    /// Whether there are events, rather than the end.
    private func waitForNews(_ ring: Int32) throws(LinuxError) -> Bool {
        try bell.withRaw { bell throws(LinuxError) in
            var waits = [
                pollfd(fd: ring, events: Int16(POLLIN), revents: 0),
                pollfd(fd: bell, events: Int16(POLLIN), revents: 0),
            ]
            _ = try call("poll") { poll(&waits, nfds_t(waits.count), -1) }
            return waits[1].revents == 0
        }
    }
}
