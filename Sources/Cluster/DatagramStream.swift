import Foundation
import Glibc
import Linux
package import Model
import Synchronization

/// A thread of numbered datagrams at a steady pace, and what arrived of it when.
package final class DatagramStream: Sendable {
    /// One datagram.
    package struct Sent: Sendable {
        package let time: ContinuousClock.Instant
        /// When it came; `nil` when it has not.
        package var arrival: ContinuousClock.Instant?

        package var arrived: Bool { arrival != nil }
    }

    private let sent = Mutex<[Sent]>([])
    private let isStopped = Atomic(false)
    private let running = Atomic(1)
    private let port: UInt16
    private let family: Family

    /// Starts at once; both ends are named by their namespaces' paths.
    ///
    /// With `isEarly` neither end need have its address yet.
    package init(
        from source: Prober.Endpoint,
        to destination: Prober.Endpoint,
        port: UInt16,
        _ family: Family = .v4,
        every pace: Duration,
        isEarly: Bool = false
    ) throws {
        guard let own = source.address(family), let address = destination.address(family) else {
            throw ClusterError("\(source.name) or \(destination.name) has no such address")
        }
        (self.port, self.family) = (port, family)
        try listen(at: destination, isEarly: isEarly)
        let client = try NetworkNamespace(path: source.namespace).run {
            let socket = try Socket.open(family, .datagram, protocol: Int32(IPPROTO_UDP))
            try socket.bind(isEarly ? family.anyAddress : own, 0)
            return socket.descriptorCopy()
        }
        try startThread { self.send(client, address, pace) }
    }

    /// Counts also what arrives there: the address has moved.
    package func listen(at destination: Prober.Endpoint, isEarly: Bool = false) throws {
        guard let address = destination.address(family) else {
            throw ClusterError("\(destination.name) has no such address")
        }
        let server = try NetworkNamespace(path: destination.namespace).run {
            let socket = try Socket.open(family, .datagram, protocol: Int32(IPPROTO_UDP))
            try socket.bind(isEarly ? family.anyAddress : address, port)
            return socket.descriptorCopy()
        }
        running.add(1, ordering: .releasing)
        try startThread { self.receive(server) }
    }

    /// Begins the end, without waiting for it.
    package func stop() {
        isStopped.store(true, ordering: .releasing)
    }

    /// Ends the stream, waits for stragglers and returns all that was sent, in order.
    package func finish() -> [Sent] {
        stop()
        while running.load(ordering: .acquiring) > 0 { usleep(1000) }
        return snapshot()
    }

    /// What has been sent until now.
    package func snapshot() -> [Sent] { sent.withLock { $0 } }

    private func send(_ descriptor: Int32, _ address: Address, _ pace: Duration) {
        let start = ContinuousClock.now
        var number: UInt64 = 0
        while !isStopped.load(ordering: .acquiring) {
            sent.withLock { $0.append(Sent(time: .now)) }
            var bytes = number
            _ = withSocketAddress(address, port) {
                sendto(descriptor, &bytes, 8, Int32(MSG_NOSIGNAL), $0, $1)
            }
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
                quietSince = .now
                sent.withLock { if number < $0.count { $0[Int(number)].arrival = quietSince } }
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

extension Family {
    fileprivate var anyAddress: Address {
        self == .v4 ? Address(v4: 0) : Address(high: 0, low: 0)
    }
}
