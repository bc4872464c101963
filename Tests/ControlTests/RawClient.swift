import Control
import Glibc
import Linux
import Synchronization

/// A connection that says what it likes.
final class RawClient: Sendable {
    private let raw: Mutex<Int32?>

    init(_ path: String) throws {
        let socket = try ControlSocket.open(nonblocking: false)
        try ControlSocket.withAddress(of: path) { address, length throws(LinuxError) in
            try socket.withRaw { raw throws(LinuxError) in
                _ = try call("connect") { connect(raw, address, length) }
            }
        }
        raw = Mutex(socket.release())
    }

    deinit {
        close()
    }

    func close() {
        raw.withLock { raw in
            if let number = raw { Glibc.close(number) }
            raw = nil
        }
    }

    func send(_ bytes: [UInt8]) throws {
        let count = try call("send") {
            Glibc.send(number, bytes, bytes.count, Int32(MSG_NOSIGNAL))
        }
        guard count == bytes.count else { throw LinuxError(call: "send", errno: EIO) }
    }

    /// Sends, and reads until the peer closes.
    func exchange(_ bytes: [UInt8]) throws -> [UInt8] {
        try send(bytes)
        var answer: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let count = recv(number, &buffer, buffer.count, 0)
            // A peer that closes with our bytes unread resets the connection.
            guard count > 0 else { return answer }
            answer += buffer[..<count]
        }
    }

    /// Whether something has come, without taking it.
    func hasData() -> Bool { events(Int16(POLLIN)) & Int16(POLLIN) != 0 }

    func isClosedByPeer() -> Bool { events(Int16(POLLIN)) & Int16(POLLHUP) != 0 }

    private func events(_ wanted: Int16) -> Int16 {
        var wait = pollfd(fd: number, events: wanted, revents: 0)
        return poll(&wait, 1, 0) > 0 ? wait.revents : 0
    }

    private var number: Int32 { raw.withLock { $0 ?? -1 } }
}
