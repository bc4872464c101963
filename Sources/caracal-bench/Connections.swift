import CLinux
import Cluster
import Foundation
import Glibc
import Linux
import Model
import Synchronization

/// TCP connections a second: connect, send 64 bytes, get 64 bytes back, close; one after another,
/// client and server on one processor, where the scheduler cannot make two figures of one.
enum Connections {
    static func perSecond(
        from source: Prober.Endpoint,
        to destination: Prober.Endpoint,
        port: UInt16,
        for duration: Duration = .seconds(2)
    ) throws -> Double {
        guard let address = destination.address(.v4) else {
            throw ClusterError("\(destination.name) has no IPv4 address")
        }
        try allowReuse(source)
        let server = try listener(destination, port)
        let served = Atomic(false)
        return try withExtendedLifetime(served) {
            try startThread {
                pin()
                serve(server)
            }
            var result: Result<Double, any Error> = .success(0)
            try NetworkNamespace(path: source.namespace).run {
                pin()
                result = Result { try connect(address, port, duration) }
            }
            shutdown(server, Int32(SHUT_RDWR))
            return try result.get()
        }
    }

    private static func connect(
        _ address: Address,
        _ port: UInt16,
        _ duration: Duration
    ) throws -> Double {
        var buffer = [UInt8](repeating: 1, count: 64)
        let start = ContinuousClock.now
        var count = 0
        while start.duration(to: .now) < duration {
            let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
            if let failure = connectBlocking(descriptor, address, port) {
                close(descriptor)
                throw ClusterError("connection \(count) to \(address):\(port): \(failure)")
            }
            send(descriptor, buffer, buffer.count, Int32(MSG_NOSIGNAL))
            recv(descriptor, &buffer, buffer.count, Int32(MSG_WAITALL))
            close(descriptor)
            count += 1
        }
        return Double(count) / (start.duration(to: .now) / .seconds(1))
    }

    private static func serve(_ server: Int32) {
        var buffer = [UInt8](repeating: 0, count: 64)
        while case let descriptor = accept(server, nil, nil), descriptor >= 0 {
            if recv(descriptor, &buffer, buffer.count, 0) > 0 {
                send(descriptor, buffer, buffer.count, Int32(MSG_NOSIGNAL))
            }
            close(descriptor)
        }
        close(server)
    }

    /// Tens of thousands of connections from one address need ports back before a minute is over.
    private static func allowReuse(_ endpoint: Prober.Endpoint) throws {
        try Command.run([
            "nsenter", "--net=\(endpoint.namespace)", "sysctl", "-q", "-w",
            "net.ipv4.tcp_tw_reuse=1", "net.ipv4.ip_local_port_range=1024 65535",
        ])
    }

    private static func pin() {
        _ = linux_pin(0)
    }
}
