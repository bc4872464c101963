import Glibc
import JSON
package import Linux

/// Why the agent gave no answer.
package enum ControlError: Error, Hashable, Sendable, CustomStringConvertible {
    /// Nobody listens at the path.
    case notRunning(path: String)
    case timedOut(path: String)
    /// The agent closed the connection before it had answered.
    case disconnected(path: String)
    case malformedResponse(String)
    case linux(LinuxError)

    package var description: String {
        switch self {
        case .notRunning(let path): "no agent listens at \(path)"
        case .timedOut(let path): "the agent at \(path) did not answer in time"
        case .disconnected(let path): "the agent at \(path) closed the connection"
        case .malformedResponse(let reason): "the agent's answer makes no sense: \(reason)"
        case .linux(let error): error.description
        }
    }
}

/// Asks the agent one thing at a time; synchronous, with plain sockets, so that a plugin which
/// lives for a few milliseconds links nothing more.
package struct ControlClient: ~Copyable {
    private let path: String
    private let socket: Descriptor
    private var frames = ControlFrames(limit: ControlFrames.responseLimit)

    /// Connects, waiting at most `timeout` when more than the agent lets wait to be accepted.
    package init(
        path: String = ControlSocket.defaultPath,
        timeout: Duration = .seconds(10)
    ) throws(ControlError) {
        do throws(LinuxError) {
            self.socket = try Self.connect(path, timeout)
            self.path = path
        } catch {
            switch error.errno {
            case ENOENT, ECONNREFUSED: throw .notRunning(path: path)
            case EAGAIN: throw .timedOut(path: path)
            default: throw .linux(error)
            }
        }
    }

    /// Connecting blocks, for the kernel knows no other way to wait for room in the queue; the
    /// socket does not, once it is connected.
    private static func connect(
        _ path: String,
        _ timeout: Duration
    ) throws(LinuxError) -> Descriptor {
        let socket = try ControlSocket.open(nonblocking: false)
        let (seconds, attoseconds) = timeout.components
        var limit = timeval(
            tv_sec: Int(seconds),
            tv_usec: Int(attoseconds / 1_000_000_000_000)
        )
        try ControlSocket.withAddress(of: path) { address, length throws(LinuxError) in
            try socket.withRaw { raw throws(LinuxError) in
                _ = try Linux.call("setsockopt") {
                    let size = socklen_t(MemoryLayout<timeval>.size)
                    return setsockopt(raw, SOL_SOCKET, SO_SNDTIMEO, &limit, size)
                }
                _ = try Linux.call("connect", on: path) { Glibc.connect(raw, address, length) }
                _ = try Linux.call("fcntl") { fcntl(raw, F_SETFL, O_NONBLOCK) }
            }
        }
        return socket
    }

    /// Sends a request and waits for its answer, at most `timeout`.
    package mutating func call(
        _ request: ControlRequest,
        timeout: Duration
    ) throws(ControlError) -> ControlResponse {
        let deadline = ContinuousClock.now.advanced(by: timeout)
        try send(ControlFrames.encode(request.json), until: deadline)
        while true {
            if let response = try nextResponse() { return response }
            try receive(until: deadline)
        }
    }

    private mutating func nextResponse() throws(ControlError) -> ControlResponse? {
        do throws(ControlFrameError) {
            guard let json = try frames.next() else { return nil }
            if let response = ControlResponse(json: json) { return response }
        } catch {
            throw .malformedResponse(error.description)
        }
        throw .malformedResponse("neither body nor error")
    }

    private func send(
        _ bytes: [UInt8],
        until deadline: ContinuousClock.Instant
    ) throws(ControlError) {
        var sent = 0
        while sent < bytes.count {
            let count = socket.withRaw { raw in
                bytes[sent...].withUnsafeBytes {
                    Glibc.send(raw, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
                }
            }
            if count >= 0 {
                sent += count
            } else {
                try wait(for: Int16(POLLOUT), errno, "send", until: deadline)
            }
        }
    }

    private mutating func receive(until deadline: ContinuousClock.Instant) throws(ControlError) {
        var buffer = [UInt8](repeating: 0, count: 16384)
        while true {
            let count = socket.withRaw { recv($0, &buffer, buffer.count, 0) }
            if count == 0 { throw .disconnected(path: path) }
            if count > 0 { return frames.append(buffer[..<count]) }
            try wait(for: Int16(POLLIN), errno, "recv", until: deadline)
        }
    }

    /// Waits where a call would have blocked; any other failure is thrown.
    private func wait(
        for events: Int16,
        _ number: Int32,
        _ name: String,
        until deadline: ContinuousClock.Instant
    ) throws(ControlError) {
        switch number {
        case EINTR: return
        case EAGAIN: break
        case EPIPE, ECONNRESET: throw .disconnected(path: path)
        default: throw .linux(LinuxError(call: name, object: path, errno: number))
        }
        let left = ContinuousClock.now.duration(to: deadline)
        guard left > .zero else { throw .timedOut(path: path) }
        let milliseconds = left / .milliseconds(1) + 1
        socket.withRaw { raw in
            var wait = pollfd(fd: raw, events: events, revents: 0)
            // Whatever it says, the call that is tried next says it better.
            _ = poll(&wait, 1, Int32(min(milliseconds, Double(Int32.max))))
        }
    }
}
