import CLinux
import Cluster
import Foundation
import Glibc
import Linux
import Model
import Synchronization

/// A thread of numbered datagrams at a steady pace, and what arrived of it when.
final class DatagramStream: Sendable {
    struct Sent: Sendable {
        let time: ContinuousClock.Instant
        var arrived: Bool
    }

    private let sent = Mutex<[Sent]>([])
    private let isStopped = Atomic(false)
    private let running = Atomic(2)

    /// Starts at once; both ends are named by their namespaces' paths.
    init(
        from source: Prober.Endpoint,
        to destination: Prober.Endpoint,
        port: UInt16,
        every pace: Duration
    ) throws {
        guard let own = source.address(.v4), let address = destination.address(.v4) else {
            throw ClusterError("\(source.name) or \(destination.name) has no IPv4 address")
        }
        let server = try NetworkNamespace(path: destination.namespace).run {
            let socket = try Socket.open(.v4, .datagram, protocol: Int32(IPPROTO_UDP))
            try socket.bind(address, port)
            return socket.descriptorCopy()
        }
        let client = try NetworkNamespace(path: source.namespace).run {
            let socket = try Socket.open(.v4, .datagram, protocol: Int32(IPPROTO_UDP))
            try socket.bind(own, 0)
            socket.connect(address, port)
            return socket.descriptorCopy()
        }
        try startThread { self.receive(server) }
        try startThread { self.send(client, pace) }
    }

    /// Ends the stream, waits for stragglers and returns all that was sent, in order.
    func finish() -> [Sent] {
        isStopped.store(true, ordering: .releasing)
        while running.load(ordering: .acquiring) > 0 { usleep(1000) }
        return sent.withLock { $0 }
    }

    /// What has been sent until now.
    func snapshot() -> [Sent] { sent.withLock { $0 } }

    private func send(_ descriptor: Int32, _ pace: Duration) {
        let start = ContinuousClock.now
        var number: UInt64 = 0
        while !isStopped.load(ordering: .acquiring) {
            sent.withLock { $0.append(Sent(time: .now, arrived: false)) }
            var bytes = number
            Glibc.send(descriptor, &bytes, 8, Int32(MSG_NOSIGNAL))
            number += 1
            let wait = start + pace * Int(number) - .now
            if wait > .zero { usleep(UInt32(wait / .microseconds(1))) }
        }
        close(descriptor)
        running.subtract(1, ordering: .releasing)
    }

    private func receive(_ descriptor: Int32) {
        var quietSince = ContinuousClock.now
        while true {
            var waiting = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            if poll(&waiting, 1, 20) == 1 {
                var number: UInt64 = 0
                guard recv(descriptor, &number, 8, 0) == 8 else { continue }
                sent.withLock { if number < $0.count { $0[Int(number)].arrived = true } }
                quietSince = .now
            } else if isStopped.load(ordering: .acquiring),
                quietSince.duration(to: .now) > .milliseconds(300)
            {
                break
            }
        }
        close(descriptor)
        running.subtract(1, ordering: .releasing)
    }
}

/// One TCP connection that carries data until it is stopped.
final class Transfer: Sendable {
    private struct Result {
        var sent = 0
        var received = 0
        var failure: String?
    }

    private let result = Mutex(Result())
    private let isStopped = Atomic(false)
    private let running = Atomic(2)

    init(from source: Prober.Endpoint, to destination: Prober.Endpoint, port: UInt16) throws {
        guard let address = destination.address(.v4) else {
            throw ClusterError("\(destination.name) has no IPv4 address")
        }
        let server = try listener(destination, port)
        let client = try NetworkNamespace(path: source.namespace).run {
            try Socket.open(.v4, .stream, protocol: Int32(IPPROTO_TCP)).blockingCopy()
        }
        try startThread { self.receive(server) }
        try startThread { self.send(client, address, port) }
    }

    /// Ends the transfer; all that was sent must have come.
    func finish() -> (sent: Int, received: Int, failure: String?) {
        isStopped.store(true, ordering: .releasing)
        while running.load(ordering: .acquiring) > 0 { usleep(1000) }
        return result.withLock { ($0.sent, $0.received, $0.failure) }
    }

    private func send(_ descriptor: Int32, _ address: Address, _ port: UInt16) {
        let block = [UInt8](repeating: 7, count: 65536)
        var failure = connectBlocking(descriptor, address, port)
        while failure == nil, !isStopped.load(ordering: .acquiring) {
            let count = Glibc.send(descriptor, block, block.count, Int32(MSG_NOSIGNAL))
            if count < 0 { failure = String(cString: strerror(errno)) }
            result.withLock { $0.sent += max(count, 0) }
            usleep(2000)
        }
        close(descriptor)
        result.withLock { $0.failure = $0.failure ?? failure }
        running.subtract(1, ordering: .releasing)
    }

    private func receive(_ server: Int32) {
        let descriptor = accept(server, nil, nil)
        var buffer = [UInt8](repeating: 0, count: 262_144)
        while case let count = recv(descriptor, &buffer, buffer.count, 0), count != 0 {
            guard count > 0 else {
                let failure = String(cString: strerror(errno))
                result.withLock { $0.failure = $0.failure ?? failure }
                break
            }
            result.withLock { $0.received += count }
        }
        close(descriptor)
        close(server)
        running.subtract(1, ordering: .releasing)
    }
}

/// A listening, blocking socket inside an endpoint's namespace.
func listener(_ endpoint: Prober.Endpoint, _ port: UInt16) throws -> Int32 {
    guard let address = endpoint.address(.v4) else {
        throw ClusterError("\(endpoint.name) has no IPv4 address")
    }
    return try NetworkNamespace(path: endpoint.namespace).run {
        let socket = try Socket.open(.v4, .stream, protocol: Int32(IPPROTO_TCP))
        try socket.bind(address, port)
        try socket.listen()
        return socket.blockingCopy()
    }
}

/// Connects a blocking socket; returns why not.
func connectBlocking(_ descriptor: Int32, _ address: Address, _ port: UInt16) -> String? {
    var name = sockaddr_in()
    name.sin_family = sa_family_t(AF_INET)
    name.sin_port = port.bigEndian
    name.sin_addr.s_addr = (address.v4 ?? 0).bigEndian
    let result = withUnsafePointer(to: &name) { pointer in
        pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
    }
    return result == 0 ? nil : String(cString: strerror(errno))
}

extension Socket {
    /// A descriptor of the caller's own.
    func descriptorCopy() -> Int32 { dup(descriptor) }

    /// The same, in blocking mode.
    func blockingCopy() -> Int32 {
        let copy = dup(descriptor)
        _ = fcntl(copy, F_SETFL, fcntl(copy, F_GETFL) & ~O_NONBLOCK)
        return copy
    }
}
