import Glibc
import Linux
import Model
import Netlink
import PodNetwork
import Synchronization
import Testing

/// A node's namespace that forwards, and pods' namespaces without names: all gone with the value,
/// whatever becomes of the test.
///
///     pod "a"  ── cali… ──  node  ── cali… ──  pod "b"
final class TestNode: Sendable {
    let namespace: NetworkNamespace
    private let pods = Mutex<[Holder]>([])

    private final class Holder: Sendable {
        let namespace: NetworkNamespace

        init(_ namespace: consuming NetworkNamespace) {
            self.namespace = namespace
        }
    }

    init() throws {
        namespace = try NetworkNamespace.create()
        try namespace.run {
            try Sysctl.write("1", to: "net/ipv4/ip_forward")
            try Sysctl.write("1", to: "net/ipv6/conf/all/forwarding")
        }
    }

    /// A namespace for a pod; returns its path.
    func addNamespace() throws -> String {
        let holder = try Holder(NetworkNamespace.create())
        pods.withLock { $0.append(holder) }
        return holder.namespace.withRaw { "/proc/self/fd/\($0)" }
    }

    /// A pod of its own namespace, not set up yet.
    func pod(_ name: String, _ addresses: [String], mtu: UInt32 = 1450) throws -> PodInterface {
        PodInterface(
            hostName: workloadInterfaceName(namespace: "test", pod: name),
            namespacePath: try addNamespace(),
            addresses: try addresses.map { try #require(Address($0)) },
            mtu: mtu
        )
    }

    /// Addresses of the node itself, on its loopback.
    func addAddresses(_ addresses: [String]) throws {
        var socket = try NetlinkSocket(in: namespace)
        let lo = try #require(try socket.link(named: "lo")).index
        try socket.setLink(lo, LinkChange(isUp: true))
        for address in try addresses.map({ try #require(Address($0)) }) {
            try socket.addAddress(
                InterfaceAddress(
                    interface: lo,
                    address: address,
                    skipsDuplicateDetection: !address.isV4
                )
            )
        }
    }

    /// Sets a pod up and lets it talk.
    @discardableResult
    func run(_ pod: PodInterface) throws -> PodLink {
        try namespace.run {
            let link = try PodNetwork.setUp(pod)
            try PodNetwork.activate(link, pod)
            return link
        }
    }

    /// Names of all links of the node.
    func links() throws -> [String] {
        var socket = try NetlinkSocket(in: namespace)
        return try socket.links().map(\.name).sorted()
    }
}

/// One datagram from one namespace to a socket in another.
enum Datagram {
    /// Whether it arrived within `timeout`.
    static func passes(
        from source: borrowing NetworkNamespace,
        to destination: borrowing NetworkNamespace,
        at address: Address,
        timeout: Duration = .seconds(5)
    ) throws -> Bool {
        let receiver = try destination.run { try udpSocket(address.family) }
        let port = try bind(receiver, to: address, timeout: timeout)
        let sender = try source.run { try udpSocket(address.family) }
        let sent = withSocketAddress(address, port: port) { raw, length in
            sender.withRaw { sendto($0, "ping", 4, 0, raw, length) }
        }
        guard sent == 4 else { return false }
        var buffer = [UInt8](repeating: 0, count: 16)
        return receiver.withRaw { recv($0, &buffer, buffer.count, 0) } == 4
    }

    private static func udpSocket(_ family: Family) throws -> Descriptor {
        let domain = family == .v4 ? AF_INET : AF_INET6
        let raw = try call("socket") { socket(domain, Int32(SOCK_DGRAM.rawValue), 0) }
        return Descriptor(owning: raw)
    }

    private static func bind(
        _ socket: borrowing Descriptor,
        to address: Address,
        timeout: Duration
    ) throws -> UInt16 {
        try socket.withRaw { socket in
            let wait = timeout.components
            var limit = timeval(
                tv_sec: Int(wait.seconds),
                tv_usec: Int(wait.attoseconds / 1_000_000_000_000)
            )
            let size = socklen_t(MemoryLayout<timeval>.size)
            _ = try call("setsockopt") {
                setsockopt(socket, SOL_SOCKET, SO_RCVTIMEO, &limit, size)
            }
            _ = try withSocketAddress(address, port: 7777) { raw, length in
                try call("bind") { Glibc.bind(socket, raw, length) }
            }
        }
        return 7777
    }

    private static func withSocketAddress<R>(
        _ address: Address,
        port: UInt16,
        _ body: (UnsafePointer<sockaddr>, socklen_t) throws -> R
    ) rethrows -> R {
        var storage = sockaddr_in6()
        let bytes = address.familyBytes
        withUnsafeMutableBytes(of: &storage) { storage in
            let family = UInt16(address.isV4 ? AF_INET : AF_INET6)
            storage.storeBytes(of: family, as: UInt16.self)
            storage.storeBytes(of: port.bigEndian, toByteOffset: 2, as: UInt16.self)
            storage[(address.isV4 ? 4 : 8)...].copyBytes(from: bytes)
        }
        let length = address.isV4 ? MemoryLayout<sockaddr_in>.size : MemoryLayout<sockaddr_in6>.size
        return try withUnsafePointer(to: storage) { pointer in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
                try body(raw, socklen_t(length))
            }
        }
    }
}
