import Foundation
import Glibc
import Linux
package import Model
import Synchronization

/// One TCP connection that carries data until it is stopped.
package final class Transfer: Sendable {
    /// How far it has come.
    package struct Progress: Sendable {
        package var sent = 0
        package var received = 0
        /// Why it ended before it was told to.
        package var failure: String?
    }

    private let progress = Mutex(Progress())
    private let isStopped = Atomic(false)
    private let running = Atomic(2)

    /// Connects and starts at once.
    package init(
        from source: Prober.Endpoint,
        to destination: Prober.Endpoint,
        port: UInt16,
        _ family: Family = .v4
    ) throws {
        guard let address = destination.address(family) else {
            throw ClusterError("\(destination.name) has no such address")
        }
        let server = try listener(destination, port, family)
        let client = try NetworkNamespace(path: source.namespace).run {
            try Socket.open(family, .stream, protocol: Int32(IPPROTO_TCP)).blockingCopy()
        }
        try startThread { self.receive(server) }
        try startThread { self.send(client, address, port) }
    }

    /// How far it has come until now.
    package func snapshot() -> Progress { progress.withLock { $0 } }

    /// Begins the end, without waiting for it.
    package func stop() {
        isStopped.store(true, ordering: .releasing)
    }

    /// Ends the transfer; all that was sent must have come, unless the way is cut.
    package func finish() -> Progress {
        stop()
        while running.load(ordering: .acquiring) > 0 { usleep(1000) }
        return snapshot()
    }

    private func send(_ descriptor: Int32, _ address: Address, _ port: UInt16) {
        let block = [UInt8](repeating: 7, count: 65536)
        var failure = connectBlocking(descriptor, address, port)
        while failure == nil, !isStopped.load(ordering: .acquiring) {
            guard isReady(descriptor, POLLOUT) else { continue }
            let count = Glibc.send(
                descriptor,
                block,
                block.count,
                Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT)
            )
            if count < 0, errno != EAGAIN { failure = String(cString: strerror(errno)) }
            progress.withLock { $0.sent += max(count, 0) }
            usleep(2000)
        }
        close(descriptor)
        progress.withLock { $0.failure = $0.failure ?? failure }
        running.subtract(1, ordering: .releasing)
    }

    private func receive(_ server: Int32) {
        var buffer = [UInt8](repeating: 0, count: 262_144)
        var descriptor: Int32 = -1
        var quietSince = ContinuousClock.now
        while true {
            guard isReady(descriptor < 0 ? server : descriptor, POLLIN) else {
                // A way that is cut brings no end of the stream either.
                let isQuiet = quietSince.duration(to: .now) > .seconds(1)
                if isStopped.load(ordering: .acquiring), isQuiet { break }
                continue
            }
            quietSince = .now
            guard descriptor >= 0 else {
                descriptor = accept(server, nil, nil)
                continue
            }
            let count = recv(descriptor, &buffer, buffer.count, 0)
            if count < 0 {
                let failure = String(cString: strerror(errno))
                progress.withLock { $0.failure = $0.failure ?? failure }
            }
            guard count > 0 else { break }
            progress.withLock { $0.received += count }
        }
        if descriptor >= 0 { close(descriptor) }
        close(server)
        running.subtract(1, ordering: .releasing)
    }
}

private func isReady(_ descriptor: Int32, _ events: Int32) -> Bool {
    var waiting = pollfd(fd: descriptor, events: Int16(events), revents: 0)
    return poll(&waiting, 1, 20) == 1
}

/// A listening, blocking socket inside an endpoint's namespace.
package func listener(
    _ endpoint: Prober.Endpoint,
    _ port: UInt16,
    _ family: Family = .v4
) throws -> Int32 {
    guard let address = endpoint.address(family) else {
        throw ClusterError("\(endpoint.name) has no such address")
    }
    return try NetworkNamespace(path: endpoint.namespace).run {
        let socket = try Socket.open(family, .stream, protocol: Int32(IPPROTO_TCP))
        try socket.bind(address, port)
        try socket.listen()
        return socket.blockingCopy()
    }
}

/// Connects a blocking socket; returns why not.
package func connectBlocking(_ descriptor: Int32, _ address: Address, _ port: UInt16) -> String? {
    let result = withSocketAddress(address, port) { Glibc.connect(descriptor, $0, $1) }
    return result == 0 ? nil : String(cString: strerror(errno))
}

extension Socket {
    /// A descriptor of the caller's own.
    package func descriptorCopy() -> Int32 { dup(descriptor) }

    /// The same, in blocking mode.
    package func blockingCopy() -> Int32 {
        let copy = dup(descriptor)
        _ = fcntl(copy, F_SETFL, fcntl(copy, F_GETFL) & ~O_NONBLOCK)
        return copy
    }
}
