import CLinux
import Glibc
package import Linux
import Wire

/// A connection to the kernel's routing tables and links, in the namespace where it was opened.
///
/// Calls are synchronous: the kernel does what a request asks before the send returns. They may
/// block on the kernel's one lock for network configuration, so keep them off the shared pool.
package struct NetlinkSocket: ~Copyable, Sendable {
    private let descriptor: Descriptor
    private var sequence: UInt32 = 0
    /// The kernel fills dumps in pieces of at most 32 KiB.
    private var buffer = [UInt8](repeating: 0, count: 32768)

    /// Opens a socket in the calling thread's namespace.
    package init() throws(LinuxError) {
        descriptor = try Self.open(groups: [])
    }

    /// Opens a socket in `namespace`; it stays there whichever thread uses it.
    package init(in namespace: borrowing NetworkNamespace) throws {
        descriptor = try namespace.run { try Self.open(groups: []) }
    }

    // MARK: Requests

    /// Asks for one change and waits for its acknowledgement.
    package mutating func perform(_ message: NetlinkMessage) throws(NetlinkError) {
        _ = try request(message)
    }

    /// Asks for one object; what comes before the acknowledgement is the answer.
    package mutating func request(
        _ message: NetlinkMessage
    ) throws(NetlinkError) -> [NetlinkReply] {
        try send([message], flags: NLM_F_ACK)
        let (replies, outcome, _) = try collect(for: message)
        guard outcome.errno == 0 else { throw message.error(outcome.errno, outcome.detail) }
        return replies
    }

    /// Asks for a list, again when it changed while it was being read.
    package mutating func dump(_ message: NetlinkMessage) throws(NetlinkError) -> [NetlinkReply] {
        for _ in 0..<Self.dumpAttempts {
            try send([message], flags: NLM_F_DUMP)
            let (replies, outcome, isConsistent) = try collect(for: message)
            guard outcome.errno == 0 else { throw message.error(outcome.errno, outcome.detail) }
            if isConsistent { return replies }
        }
        throw message.error(EINTR, "the list kept changing")
    }

    /// Asks for many changes with few system calls; those the kernel refused are returned by
    /// their place in `messages`, the others are done.
    package mutating func performAll(
        _ messages: [NetlinkMessage]
    ) throws(NetlinkError) -> [Int: NetlinkError] {
        var failures: [Int: NetlinkError] = [:]
        var start = 0
        while start < messages.count {
            let chunk = messages[start..<min(start + Self.chunkSize, messages.count)]
            try sendChunk(chunk, &failures)
            start = chunk.endIndex
        }
        return failures
    }

    /// Asks for many changes; the first refusal is thrown once all have been tried.
    package mutating func performEach(_ messages: [NetlinkMessage]) throws(NetlinkError) {
        let failures = try performAll(messages)
        if let first = failures.min(by: { $0.key < $1.key }) { throw first.value }
    }

    /// Changes in one send: refusals take room in the receive buffer, which this many fit.
    private static let chunkSize = 256
    private static let dumpAttempts = 16

    /// Only the last message asks for an acknowledgement; refusals are reported unasked.
    private mutating func sendChunk(
        _ chunk: ArraySlice<NetlinkMessage>,
        _ failures: inout [Int: NetlinkError]
    ) throws(NetlinkError) {
        guard let last = chunk.last else { return }
        let firstSequence = sequence &+ 1
        try send(chunk, lastFlags: NLM_F_ACK)
        while true {
            for reply in try receive(for: last) {
                let index = chunk.startIndex + Int(reply.sequence &- firstSequence)
                guard chunk.indices.contains(index), let outcome = try outcome(reply, last)
                else { continue }
                if outcome.errno != 0 {
                    failures[index] = chunk[index].error(outcome.errno, outcome.detail)
                }
                if reply.sequence == sequence { return }
            }
        }
    }

    // MARK: Bytes

    private mutating func send(
        _ messages: ArraySlice<NetlinkMessage>,
        flags: Int32 = 0,
        lastFlags: Int32 = 0
    ) throws(NetlinkError) {
        guard let last = messages.last else { return }
        var output = ByteWriter(reserving: messages.count * 64)
        for index in messages.indices {
            sequence &+= 1
            let flags = index == messages.endIndex - 1 ? flags | lastFlags : flags
            messages[index].encode(to: &output, sequence: sequence, flags: flags)
        }
        let bytes = output.bytes
        do throws(LinuxError) {
            _ = try descriptor.withRaw { raw throws(LinuxError) in
                try call("send") { Glibc.send(raw, bytes, bytes.count, 0) }
            }
        } catch {
            throw NetlinkError(verb: last.verb, object: last.object(), error)
        }
    }

    /// Gathers the answers to the request sent last, up to how it ended.
    private mutating func collect(
        for message: NetlinkMessage
    ) throws(NetlinkError) -> ([NetlinkReply], NetlinkOutcome, isConsistent: Bool) {
        var replies: [NetlinkReply] = []
        var isConsistent = true
        while true {
            for reply in try receive(for: message) where reply.sequence == sequence {
                if reply.flags & UInt16(NLM_F_DUMP_INTR) != 0 { isConsistent = false }
                if let outcome = try outcome(reply, message) {
                    return (replies, outcome, isConsistent)
                }
                replies.append(reply)
            }
        }
    }

    private func outcome(
        _ reply: NetlinkReply,
        _ message: NetlinkMessage
    ) throws(NetlinkError) -> NetlinkOutcome? {
        do throws(WireError) {
            return try reply.outcome()
        } catch {
            throw message.error(EBADMSG, error.description)
        }
    }

    private mutating func receive(
        for message: NetlinkMessage
    ) throws(NetlinkError) -> [NetlinkReply] {
        do {
            return try Self.receive(descriptor, into: &buffer)
        } catch let error as LinuxError {
            throw NetlinkError(verb: message.verb, object: message.object(), error)
        } catch {
            throw message.error(EBADMSG, "\(error)")
        }
    }
}

// MARK: - Shared with the monitor

extension NetlinkSocket {
    /// Opens a routing socket that hears the multicast groups given.
    static func open(groups: [Int32]) throws(LinuxError) -> Descriptor {
        let raw = try call("socket", on: "netlink") {
            socket(AF_NETLINK, Int32(SOCK_RAW.rawValue | SOCK_CLOEXEC.rawValue), NETLINK_ROUTE)
        }
        let descriptor = Descriptor(owning: raw)
        try setOption(raw, SOL_SOCKET, SO_RCVBUFFORCE, 4 << 20)
        try setOption(raw, SOL_NETLINK, NETLINK_EXT_ACK, 1)
        try setOption(raw, SOL_NETLINK, NETLINK_CAP_ACK, 1)
        try setOption(raw, SOL_NETLINK, NETLINK_GET_STRICT_CHK, 1)
        var address = sockaddr_nl()
        address.nl_family = sa_family_t(AF_NETLINK)
        _ = try call("bind", on: "netlink") {
            withUnsafePointer(to: address) {
                $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    bind(raw, $0, socklen_t(MemoryLayout<sockaddr_nl>.size))
                }
            }
        }
        for group in groups { try setOption(raw, SOL_NETLINK, NETLINK_ADD_MEMBERSHIP, group) }
        return descriptor
    }

    private static func setOption(
        _ socket: Int32,
        _ level: Int32,
        _ name: Int32,
        _ value: Int32
    ) throws(LinuxError) {
        var value = value
        _ = try call("setsockopt", on: "netlink option \(name)") {
            setsockopt(socket, level, name, &value, socklen_t(MemoryLayout<Int32>.size))
        }
    }

    /// Takes one datagram; those not from the kernel are passed over.
    static func receive(
        _ descriptor: borrowing Descriptor,
        into buffer: inout [UInt8]
    ) throws -> [NetlinkReply] {
        var sender = sockaddr_nl()
        var senderLength = socklen_t(MemoryLayout<sockaddr_nl>.size)
        let count = try descriptor.withRaw { raw throws(LinuxError) in
            try call("recv") {
                withUnsafeMutablePointer(to: &sender) {
                    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { sender in
                        recvfrom(
                            raw,
                            &buffer,
                            buffer.count,
                            Int32(MSG_TRUNC),
                            sender,
                            &senderLength
                        )
                    }
                }
            }
        }
        guard count <= buffer.count else { throw LinuxError(call: "recv", errno: EMSGSIZE) }
        guard sender.nl_pid == 0 else { return [] }
        return try NetlinkReply.parse(buffer.span.bytes.extracting(first: count))
    }
}
