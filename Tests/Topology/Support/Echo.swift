import Cluster
import Glibc
import Linux
import Model
import Testing

/// A datagram to a server that sends it back.
struct Echo {
    private let server: Socket
    private let client: Socket
    private let address: Address
    private let port: UInt16

    /// Opens both ends; a `sourcePort` of 0 leaves the choice to the kernel.
    init(
        from source: Prober.Endpoint,
        to destination: Prober.Endpoint,
        port: UInt16,
        _ family: Family,
        sourcePort: UInt16 = 0
    ) throws {
        let own = try #require(source.address(family))
        let address = try #require(destination.address(family))
        server = try NetworkNamespace(path: destination.namespace).run {
            let socket = try Socket.open(family, .datagram, protocol: Int32(IPPROTO_UDP))
            try socket.bind(address, port)
            return socket
        }
        client = try NetworkNamespace(path: source.namespace).run {
            let socket = try Socket.open(family, .datagram, protocol: Int32(IPPROTO_UDP))
            try socket.bind(own, sourcePort)
            return socket
        }
        self.address = address
        self.port = port
    }

    /// Whether a datagram of that many bytes arrives, and comes back, as it was.
    func isAnswered(bytes count: Int = 1) throws -> Bool {
        let datagram = (0..<count).map { UInt8(truncatingIfNeeded: $0 / 7) }
        try #require(client.send(datagram, to: address, port))
        guard wait(server), let (bytes, sender, senderPort) = server.receive() else {
            return false
        }
        #expect(bytes == datagram)
        try #require(server.send(bytes, to: sender, senderPort))
        guard wait(client), let answer = client.receive() else { return false }
        #expect(answer.bytes == datagram)
        return true
    }

    private func wait(_ socket: Socket) -> Bool {
        var waiting = pollfd(fd: socket.descriptor, events: Int16(POLLIN), revents: 0)
        return poll(&waiting, 1, 300) == 1
    }
}
