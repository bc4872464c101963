import BGPMessage
import CLinux
import Glibc
import Linux
import Model

/// One end of a BGP session without routes of its own: what a benchmark sends from and receives
/// with, over a blocking socket.
final class RawPeer: Sendable {
    private let socket: Descriptor
    let autonomousSystem: UInt32

    /// Connects and exchanges OPENs and KEEPALIVEs; tries again until `limit` seconds are over, for
    /// a daemon that has just been started.
    init(
        from source: Address,
        autonomousSystem: UInt32,
        to target: Address,
        port: UInt16,
        limit: Int = 30
    ) throws {
        self.autonomousSystem = autonomousSystem
        socket = try Self.dial(source, autonomousSystem, target, port, tries: limit * 10)
    }

    private static func dial(
        _ source: Address,
        _ autonomousSystem: UInt32,
        _ target: Address,
        _ port: UInt16,
        tries: Int
    ) throws -> Descriptor {
        var last: any Error = BenchError("no try made")
        for _ in 0..<tries {
            do {
                let socket = try connect(from: source, to: target, port)
                try open(socket, source, autonomousSystem)
                return socket
            } catch {
                last = error
                usleep(100_000)
            }
        }
        throw last
    }

    private static func connect(
        from source: Address,
        to target: Address,
        _ port: UInt16
    ) throws -> Descriptor {
        let raw = try call("socket") {
            Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        }
        let descriptor = Descriptor(owning: raw)
        var one: Int32 = 1
        setsockopt(raw, SOL_SOCKET, SO_REUSEADDR, &one, 4)
        setsockopt(raw, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
        _ = try withAddress(source, 0) { address, size in
            try call("bind", on: "\(source)") { bind(raw, address, size) }
        }
        _ = try withAddress(target, port) { address, size in
            try call("connect", on: "\(target)") { Glibc.connect(raw, address, size) }
        }
        return descriptor
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

    private static func open(
        _ socket: borrowing Descriptor,
        _ source: Address,
        _ autonomousSystem: UInt32
    ) throws {
        let open = OpenMessage(
            autonomousSystem: UInt16(exactly: autonomousSystem) ?? OpenMessage.asTrans,
            holdTime: 180,
            identifier: source.v4 ?? 1,
            capabilities: [
                .multiprotocol(.ipv4Unicast), .routeRefresh, .fourOctetAS(autonomousSystem),
            ]
        )
        try send(socket, Message.open(open).encoded(MessageContext()))
        var framer = MessageFramer()
        var isOpen = false
        while true {
            let bytes = try receive(socket)
            guard !bytes.isEmpty else { throw BenchError("closed during the handshake") }
            framer.append(bytes)
            while let message = try framer.next() {
                switch try Message(decoding: message, MessageContext()) {
                case .open:
                    isOpen = true
                    try send(socket, Message.keepalive.encoded(MessageContext()))
                case .keepalive where isOpen: return
                case .notification(let why): throw BenchError("\(why)")
                default: break
                }
            }
        }
    }

    private static func receive(_ socket: borrowing Descriptor) throws -> [UInt8] {
        try [UInt8](unsafeUninitializedCapacity: 4096) { buffer, count in
            count = try socket.withRaw { raw in
                try call("read") { read(raw, buffer.baseAddress, buffer.count) }
            }
        }
    }

    private static func send(_ socket: borrowing Descriptor, _ bytes: [UInt8]) throws {
        try socket.withRaw { raw in
            try bytes.withUnsafeBytes { buffer in
                var done = 0
                while done < buffer.count {
                    done += try call("write") {
                        write(raw, buffer.baseAddress?.advanced(by: done), buffer.count - done)
                    }
                }
            }
        }
    }

    func send(_ bytes: [UInt8]) throws { try Self.send(socket, bytes) }

    func keepAlive() throws { try send(Message.keepalive.encoded(MessageContext())) }

    /// Reads into `buffer` what has come, at least one byte; 0 when the other end has closed.
    func receive(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        try socket.withRaw { raw in
            try call("read") { read(raw, buffer.baseAddress, buffer.count) }
        }
    }

    /// Reads and forgets, on a thread of its own, so that the other end is never held up.
    func drain() throws {
        try startThread {
            let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 18, alignment: 8)
            while let count = try? self.receive(into: buffer), count > 0 {}
            buffer.deallocate()
        }
    }
}

/// Why a benchmark could not be run.
struct BenchError: Error, CustomStringConvertible {
    let description: String

    init(_ description: String) {
        self.description = description
    }
}
