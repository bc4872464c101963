import BFD
import CLinux
import Glibc
import Linux
import Model
import NIOCore

/// The socket that one session's packets leave by: one source port as long as the session lives
/// (RFC 5881 §4), TTL 255.
struct BFDSender: ~Copyable {
    private let socket: Descriptor
    private let target: SocketAddress

    init(to target: SocketAddress, from source: SocketAddress?) throws(LinuxError) {
        self.target = target
        socket = try Self.open(isV6: target.protocol == .inet6, from: source)
    }

    private static func open(
        isV6: Bool,
        from source: SocketAddress?
    ) throws(LinuxError) -> Descriptor {
        let family = isV6 ? AF_INET6 : AF_INET
        let kind =
            Int32(SOCK_DGRAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
            | Int32(SOCK_NONBLOCK.rawValue)
        let raw = try call("socket", on: "BFD") { Glibc.socket(family, kind, 0) }
        let descriptor = Descriptor(owning: raw)
        var ttl = Int32(BFDPath.sentTTL)
        let level = Int32(isV6 ? IPPROTO_IPV6 : IPPROTO_IP)
        let name = isV6 ? IPV6_UNICAST_HOPS : IP_TTL
        let size = socklen_t(MemoryLayout<Int32>.size)
        _ = try call("TTL") { setsockopt(raw, level, name, &ttl, size) }
        let any = isV6 ? Address(high: 0, low: 0) : Address(v4: 0)
        try bind(raw, source ?? SocketAddress(any, port: 0))
        return descriptor
    }

    /// A port that is taken is no reason to fail: the range is large.
    private static func bind(_ raw: Int32, _ source: SocketAddress) throws(LinuxError) {
        var local = source
        for _ in 0..<100 {
            local.port = Int(UInt16.random(in: BFDPath.sourcePorts))
            if local.withSockAddr({ Glibc.bind(raw, $0, socklen_t($1)) }) == 0 { return }
            guard errno == EADDRINUSE else { break }
        }
        throw LinuxError(call: "bind", object: "\(local)", errno: errno)
    }

    /// What the kernel does not take is lost, as on the way.
    borrowing func send(_ packet: BFDPacket) {
        let bytes = packet.bytes
        socket.withRaw { raw in
            target.withSockAddr { address, size in
                _ = sendto(raw, bytes, bytes.count, 0, address, socklen_t(size))
            }
        }
    }
}
