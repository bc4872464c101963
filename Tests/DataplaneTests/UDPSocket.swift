import Glibc
import Linux
import Model

/// A UDP socket over IPv4 in a pod.
struct UDPSocket: ~Copyable {
    private let descriptor: Descriptor

    init(in pod: borrowing NetworkNamespace, _ address: Address, port: UInt16) throws {
        let raw = try pod.run {
            let raw = try call("socket") { socket(AF_INET, Int32(SOCK_DGRAM.rawValue), 0) }
            _ = try Self.with(address, port) { name, length in
                try call("bind") { bind(raw, name, length) }
            }
            return raw
        }
        descriptor = Descriptor(owning: raw)
    }

    func send(to address: Address, port: UInt16) throws {
        try descriptor.withRaw { raw in
            _ = try Self.with(address, port) { name, length in
                try call("sendto") { sendto(raw, "hello", 5, 0, name, length) }
            }
        }
    }

    /// Takes the datagrams that are there now.
    func drain() -> Int {
        descriptor.withRaw { raw in
            var buffer = [UInt8](repeating: 0, count: 64)
            var count = 0
            while recv(raw, &buffer, buffer.count, Int32(MSG_DONTWAIT)) > 0 { count += 1 }
            return count
        }
    }

    private static func with<R>(
        _ address: Address,
        _ port: UInt16,
        _ body: (UnsafePointer<sockaddr>, socklen_t) throws -> R
    ) throws -> R {
        var name = sockaddr_in()
        name.sin_family = sa_family_t(AF_INET)
        name.sin_port = port.bigEndian
        name.sin_addr.s_addr = (address.v4 ?? 0).bigEndian
        return try withUnsafePointer(to: name) {
            try $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                try body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
    }
}
