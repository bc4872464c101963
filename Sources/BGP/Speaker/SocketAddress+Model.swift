import BGPSession
import CLinux
import Glibc
import Model
import NIOCore

/// An address as sockets tell it, without the port.
struct SocketAddressKey: Hashable, Sendable {
    var address: Address
    /// The interface of a link-local address, else 0.
    var scope: UInt32

    init(_ address: Address, scope: UInt32 = 0) {
        self.address = address
        self.scope = scope
    }

    init?(_ socket: SocketAddress) {
        guard let key = socket.withSockAddr({ pointer, _ in Self(pointer) }) else { return nil }
        self = key
    }

    init?(_ socket: UnsafePointer<sockaddr>) {
        var bytes = [UInt8](repeating: 0, count: 16)
        var scope: UInt32 = 0
        let count = linux_socket_address(socket, &bytes, &scope)
        guard let address = Address(bytes: bytes.prefix(Int(count))) else { return nil }
        self.init(address, scope: address.isLinkLocal ? scope : 0)
    }
}

extension Address {
    /// fe80::/10 (RFC 4291 §2.5.6).
    var isLinkLocal: Bool { high >> 54 == 0x3fa }
}

extension SocketAddress {
    init(_ address: Address, port: UInt16, scope: UInt32 = 0) {
        let host = "\(address)"
        if address.isV4 {
            self.init(linux_ipv4(address.familyBytes, port), host: host)
        } else {
            self.init(linux_ipv6(address.bytes, port, scope), host: host)
        }
    }
}

extension PeerSettings {
    /// The number of the interface behind which a link-local address is; 0 for others.
    private func scope(of address: Address) throws(SpeakerError) -> UInt32 {
        guard address.isLinkLocal else { return 0 }
        let index = if_nametoindex(interface ?? "")
        guard index != 0 else { throw .noInterface(interface ?? "") }
        return index
    }

    var socketAddress: SocketAddress {
        get throws(SpeakerError) {
            SocketAddress(address, port: port, scope: try scope(of: address))
        }
    }

    /// What an outgoing connection is bound to.
    var localSocketAddress: SocketAddress? {
        get throws(SpeakerError) {
            guard let sourceAddress else { return nil }
            return SocketAddress(sourceAddress, port: 0, scope: try scope(of: sourceAddress))
        }
    }

    /// Whose connections are the peer's; `nil` while its interface does not exist.
    var key: PeerKey? {
        guard let scope = try? scope(of: address) else { return nil }
        return PeerKey(SocketAddressKey(address, scope: scope))
    }

    var socketOptions: SocketOptions {
        let timeToLive: SocketOptions.TimeToLive =
            switch distance {
            case .direct: session.isInternal ? .limited(64) : .limited(1)
            case .multihop(let hops): .limited(hops)
            case .secured(let hops): .secured(hops: hops)
            }
        return SocketOptions(peer: address, timeToLive: timeToLive, password: password)
    }
}
