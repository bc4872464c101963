import BFD
import CLinux
import Glibc
import Linux

/// A BFD packet as it came in.
struct ReceivedBFD: Sendable {
    let payload: [UInt8]
    let from: SocketAddressKey
    /// The port it came to: which of the two applications it is of.
    let port: UInt16
    let timeToLive: Int32
}

/// Takes BFD packets of one family from one port, on a thread that sleeps in `poll`: NIO's
/// datagrams do not tell the TTL they came with (RFC 5881 §5).
final class BFDReceiver: Sendable {
    private let socket: Descriptor
    private let bell: Descriptor
    private let port: UInt16

    /// `deliver` is called on the thread.
    init(
        _ isV6: Bool,
        port: UInt16,
        _ deliver: @escaping @Sendable (ReceivedBFD) -> Void
    ) throws(LinuxError) {
        socket = try Self.open(isV6, port)
        let raw = try call("eventfd") { linux_eventfd(0) }
        bell = Descriptor(owning: raw)
        self.port = port
        try startThread { self.loop(deliver) }
    }

    /// Ends the thread.
    func stop() {
        var one: UInt64 = 1
        _ = bell.withRaw { write($0, &one, 8) }
    }

    private static func open(_ isV6: Bool, _ port: UInt16) throws(LinuxError) -> Descriptor {
        let family = isV6 ? AF_INET6 : AF_INET
        let kind = Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let raw = try call("socket", on: "BFD") { Glibc.socket(family, kind, 0) }
        let descriptor = Descriptor(owning: raw)
        var one: Int32 = 1
        let size = socklen_t(MemoryLayout<Int32>.size)
        let level = Int32(isV6 ? IPPROTO_IPV6 : IPPROTO_IP)
        if isV6 {
            _ = try call("IPV6_V6ONLY") { setsockopt(raw, level, IPV6_V6ONLY, &one, size) }
        }
        let name = isV6 ? IPV6_RECVHOPLIMIT : IP_RECVTTL
        _ = try call("receive TTL") { setsockopt(raw, level, name, &one, size) }
        let any = [UInt8](repeating: 0, count: 16)
        if isV6 {
            try bind(raw, linux_ipv6(any, port, 0), port)
        } else {
            try bind(raw, linux_ipv4(any, port), port)
        }
        return descriptor
    }

    private static func bind<Address>(
        _ raw: Int32,
        _ address: Address,
        _ port: UInt16
    ) throws(LinuxError) {
        _ = try call("bind", on: "UDP port \(port)") {
            withUnsafeBytes(of: address) { bytes in
                Glibc.bind(
                    raw,
                    bytes.assumingMemoryBound(to: sockaddr.self).baseAddress,
                    socklen_t(bytes.count)
                )
            }
        }
    }

    private func loop(_ deliver: (ReceivedBFD) -> Void) {
        let socket = socket.withRaw { $0 }
        let bell = bell.withRaw { $0 }
        while true {
            var waiting = [
                pollfd(fd: socket, events: Int16(POLLIN), revents: 0),
                pollfd(fd: bell, events: Int16(POLLIN), revents: 0),
            ]
            guard poll(&waiting, 2, -1) >= 0 || errno == EINTR else { return }
            if waiting[1].revents != 0 { return }
            while let packet = receive(socket) { deliver(packet) }
        }
    }

    private func receive(_ socket: Int32) -> ReceivedBFD? {
        var bytes = [UInt8](repeating: 0, count: 64)
        var from = sockaddr_storage()
        var timeToLive: Int32 = -1
        let count = linux_receive_with_ttl(socket, &bytes, bytes.count, &from, &timeToLive)
        let key = withUnsafePointer(to: from) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { SocketAddressKey($0) }
        }
        guard count >= 0, let key else { return nil }
        return ReceivedBFD(
            payload: Array(bytes[..<count]),
            from: key,
            port: port,
            timeToLive: timeToLive
        )
    }
}
