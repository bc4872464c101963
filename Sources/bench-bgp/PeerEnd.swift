import BGPMessage
import CLinux
import Glibc
import Linux
import Model

/// One peer of the speaker: a socket that never blocks, and what it sends and has received.
final class PeerEnd {
    enum Phase {
        /// Connects again at the time given.
        case closed(retry: ContinuousClock.Instant)
        case connecting, opening, confirming, up
        /// Stays away.
        case away
    }

    let peer: Plan.Peer
    /// Sent whenever the session comes up.
    var routes: [UInt8] = []
    private(set) var phase: Phase
    private(set) var received = ReceivedRoutes()
    /// How often an established session ended without our doing, and why the last one did.
    private(set) var losses = 0
    private(set) var lossReason = ""
    /// The longest time without a message from the speaker while up.
    private(set) var longestSilence = Duration.zero
    private var lastHeard = ContinuousClock.now
    private var lastSent = ContinuousClock.now
    private var output: [UInt8] = []
    private var sent = 0
    private var socket: Int32 = -1

    init(_ peer: Plan.Peer) {
        self.peer = peer
        phase = .closed(retry: .now)
    }

    deinit { if socket >= 0 { close(socket) } }

    var isUp: Bool { if case .up = phase { true } else { false } }

    /// All that was to be sent has been taken by the socket.
    var isDrained: Bool { sent == output.count }

    // MARK: Connecting

    /// Connects if it is time to; the socket, if there is a new one.
    func connectIfDue(_ now: ContinuousClock.Instant) -> Int32? {
        guard case .closed(let retry) = phase, retry <= now else { return nil }
        guard let raw = try? Self.connect(from: peer.address) else {
            phase = .closed(retry: now + .milliseconds(100))
            return nil
        }
        socket = raw
        (output, sent, received) = ([], 0, ReceivedRoutes())
        phase = .connecting
        return raw
    }

    private static func connect(from source: Address) throws -> Int32 {
        let kind = Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue | SOCK_NONBLOCK.rawValue)
        let raw = try call("socket") { Glibc.socket(AF_INET, kind, 0) }
        var one: Int32 = 1
        setsockopt(raw, SOL_SOCKET, SO_REUSEADDR, &one, 4)
        setsockopt(raw, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
        do {
            _ = try withAddress(source, 0) { address, size in
                try call("bind", on: "\(source)") { bind(raw, address, size) }
            }
            _ = try withAddress(Plan.speaker, 179) { address, size in
                let result = Glibc.connect(raw, address, size)
                if result != 0, errno != EINPROGRESS {
                    throw LinuxError(call: "connect", errno: errno)
                }
            }
            return raw
        } catch {
            close(raw)
            throw error
        }
    }

    private static func withAddress<R>(
        _ address: Address,
        _ port: UInt16,
        _ body: (UnsafePointer<sockaddr>, socklen_t) throws -> R
    ) throws -> R {
        let socket = linux_ipv4(address.familyBytes, port)
        return try withUnsafePointer(to: socket) { pointer in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                try body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }

    /// Closes the session from this side; it comes back at once, or stays away.
    func restart(comesBack: Bool = true) {
        if socket >= 0 { close(socket) }
        socket = -1
        phase = comesBack ? .closed(retry: .now) : .away
    }

    private func fail(_ why: String) {
        if isUp {
            losses += 1
            lossReason = received.notification.map { "NOTIFICATION \($0 >> 8)/\($0 & 255)" } ?? why
        }
        if socket >= 0 { close(socket) }
        socket = -1
        phase = .closed(retry: .now + .milliseconds(100))
    }

    // MARK: Bytes

    func send(_ bytes: [UInt8]) {
        if isDrained { (output, sent) = ([], 0) }
        output += bytes
        flush()
    }

    func flush() {
        guard socket >= 0, !isDrained else { return }
        let count = output.withUnsafeBytes { bytes in
            Glibc.send(
                socket,
                bytes.baseAddress?.advanced(by: sent),
                min(bytes.count - sent, 1 << 18),
                Int32(MSG_NOSIGNAL)
            )
        }
        if count > 0 {
            sent += count
            lastSent = .now
        } else if errno != EAGAIN {
            fail(errorText(errno))
        }
    }

    /// Sends a KEEPALIVE if it has been quiet for long.
    func keepAlive(_ now: ContinuousClock.Instant) {
        guard isUp else { return }
        longestSilence = max(longestSilence, now - lastHeard)
        if isDrained, now - lastSent > .seconds(2) {
            send(Message.keepalive.encoded(MessageContext()))
        }
    }

    /// The socket is connected: says OPEN.
    func becameWritable() {
        guard case .connecting = phase else { return flush() }
        var (error, size) = (Int32(0), socklen_t(4))
        getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size)
        guard error == 0 else { return fail(errorText(error)) }
        phase = .opening
        let open = OpenMessage(
            autonomousSystem: UInt16(exactly: peer.autonomousSystem) ?? OpenMessage.asTrans,
            holdTime: Plan.holdTime,
            identifier: peer.address.v4 ?? 1,
            capabilities: [
                .multiprotocol(.ipv4Unicast), .routeRefresh, .fourOctetAS(peer.autonomousSystem),
            ]
        )
        send(Message.open(open).encoded(MessageContext()))
    }

    /// Takes in what has come, a buffer at most; how many bytes.
    @discardableResult
    func read(into buffer: UnsafeMutableRawBufferPointer) -> Int {
        guard socket >= 0 else { return 0 }
        let count = Glibc.read(socket, buffer.baseAddress, buffer.count)
        guard count > 0 else {
            if count == 0 { fail("closed by the speaker") }
            if count < 0, errno != EAGAIN { fail(errorText(errno)) }
            return 0
        }
        let now = ContinuousClock.now
        if isUp { longestSilence = max(longestSilence, now - lastHeard) }
        lastHeard = now
        received.take(UnsafeRawBufferPointer(rebasing: UnsafeRawBufferPointer(buffer)[..<count]))
        advance()
        return count
    }

    /// OPEN, then KEEPALIVE: the session is up.
    private func advance() {
        if case .opening = phase, received.others.contains(1) {
            phase = .confirming
            send(Message.keepalive.encoded(MessageContext()))
        }
        if case .confirming = phase, received.keepalives > 0 {
            phase = .up
            if !routes.isEmpty { send(routes) }
        }
        if case .up = phase { received.forgetOthers() }
    }
}
