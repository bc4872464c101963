import Glibc
package import Linux
package import Model

/// A non-blocking socket made inside a network namespace; it stays there whoever uses it.
package final class Socket {
    package enum Kind {
        case stream
        case datagram
        case raw
    }

    package let descriptor: Int32
    package let family: Family

    private init(_ descriptor: Int32, _ family: Family) {
        self.descriptor = descriptor
        self.family = family
    }

    deinit { close(descriptor) }

    /// Must run on a thread that is inside the namespace.
    package static func open(
        _ family: Family,
        _ kind: Kind,
        protocol number: Int32
    ) throws(LinuxError) -> Socket {
        let domain = family == .v4 ? AF_INET : AF_INET6
        let type =
            switch kind {
            case .stream: SOCK_STREAM
            case .datagram: SOCK_DGRAM
            case .raw: SOCK_RAW
            }
        let flags = type.rawValue | SOCK_NONBLOCK.rawValue | SOCK_CLOEXEC.rawValue
        let descriptor = try call("socket") { socket(domain, Int32(flags), number) }
        let made = Socket(descriptor, family)
        if kind != .raw { try made.set(SOL_SOCKET, SO_REUSEADDR, 1) }
        return made
    }

    package func set(_ level: Int32, _ option: Int32, _ value: Int32) throws(LinuxError) {
        var value = value
        _ = try call("setsockopt") {
            setsockopt(descriptor, level, option, &value, socklen_t(MemoryLayout<Int32>.size))
        }
    }

    package func bind(_ address: Address, _ port: UInt16) throws(LinuxError) {
        _ = try call("bind \(address):\(port)") {
            withSocketAddress(address, port) { Glibc.bind(descriptor, $0, $1) }
        }
    }

    package func listen() throws(LinuxError) {
        _ = try call("listen") { Glibc.listen(descriptor, 4096) }
    }

    /// Starts a connection; a refusal or "in progress" is read later from the socket.
    package func connect(_ address: Address, _ port: UInt16) {
        _ = withSocketAddress(address, port) { Glibc.connect(descriptor, $0, $1) }
    }

    /// Sends one datagram, or says why not.
    @discardableResult
    package func send(_ bytes: [UInt8], to address: Address, _ port: UInt16) -> Bool {
        withSocketAddress(address, port) {
            sendto(descriptor, bytes, bytes.count, Int32(MSG_NOSIGNAL), $0, $1) >= 0
        }
    }

    /// What has arrived, with the sender; `nil` when there is nothing.
    package func receive() -> (bytes: [UInt8], source: Address, port: UInt16)? {
        var storage = sockaddr_storage()
        var length = socklen_t(MemoryLayout<sockaddr_storage>.size)
        var buffer = [UInt8](repeating: 0, count: 65536)
        let count = withUnsafeMutablePointer(to: &storage) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                recvfrom(descriptor, &buffer, buffer.count, 0, $0, &length)
            }
        }
        guard count >= 0, let (source, port) = Self.address(of: storage) else { return nil }
        return (Array(buffer.prefix(count)), source, port)
    }

    /// The pending error of a connection attempt, 0 when it is established.
    package func pendingError() -> Int32 {
        var value: Int32 = 0
        var length = socklen_t(MemoryLayout<Int32>.size)
        getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &value, &length)
        return value
    }

    private static func address(of storage: sockaddr_storage) -> (Address, UInt16)? {
        withUnsafeBytes(of: storage) { bytes in
            let port = UInt16(bytes[2]) << 8 | UInt16(bytes[3])
            switch Int32(storage.ss_family) {
            case AF_INET: return Address(bytes: Array(bytes[4..<8])).map { ($0, port) }
            case AF_INET6: return Address(bytes: Array(bytes[8..<24])).map { ($0, port) }
            default: return nil
            }
        }
    }
}

/// Lends the C form of an address and port: `sockaddr_in` or `sockaddr_in6`.
func withSocketAddress<R>(
    _ address: Address,
    _ port: UInt16,
    _ body: (UnsafePointer<sockaddr>, socklen_t) -> R
) -> R {
    var bytes = [UInt8](repeating: 0, count: 28)
    let isV4 = address.isV4
    withUnsafeBytes(of: sa_family_t(isV4 ? AF_INET : AF_INET6)) {
        bytes.replaceSubrange(0..<2, with: $0)
    }
    bytes[2] = UInt8(port >> 8)
    bytes[3] = UInt8(port & 0xff)
    let start = isV4 ? 4 : 8
    bytes.replaceSubrange(start..<(start + address.familyBytes.count), with: address.familyBytes)
    return bytes.withUnsafeBytes { raw in
        raw.withMemoryRebound(to: sockaddr.self) { buffer in
            guard let base = buffer.baseAddress else { preconditionFailure("28 bytes have a base") }
            return body(base, isV4 ? 16 : 28)
        }
    }
}
