package import Control
import Glibc
import Linux
package import NIOCore
import NIOPosix

/// Answers requests on the agent's local socket: one at a time on each connection, any number of
/// connections beside each other.
package struct ControlServer: Sendable {
    /// What is allowed to a connection before it is closed.
    package struct Limits: Sendable {
        /// Users who may ask; the kernel says who is at the other end.
        package var users: Set<UInt32> = [0]
        /// How long a request may take to come, and an answer to be fetched.
        package var patience = TimeAmount.seconds(30)
        /// Connections beside each other; more are closed as they come.
        package var connections = 1024

        package init() {}
    }

    package typealias Handler = @Sendable (ControlRequest) async -> ControlResponse

    private let path: String
    private let limits: Limits
    private let handler: Handler

    package init(
        path: String = ControlSocket.defaultPath,
        limits: Limits = Limits(),
        handler: @escaping Handler
    ) {
        self.path = path
        self.limits = limits
        self.handler = handler
    }

    /// Listens until the task is cancelled; `whenListening` runs once clients can connect.
    ///
    /// Throws when another agent holds the path. A socket left by one that died is replaced.
    package func run(
        whenListening: @Sendable () async -> Void = {}
    ) async throws {
        let listener = try ControlListener(path: path)
        defer { listener.removeSocket() }
        let users = limits.users
        let server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.backlog, value: ControlListener.backlog)
            .bind(listener.duplicateSocket()) { channel in
                channel.peerUser().flatMapThrowing { user in
                    guard users.contains(user) else {
                        channel.close(promise: nil)
                        throw LinuxError(call: "accept", object: "user \(user)", errno: EPERM)
                    }
                    return try Connection(wrappingChannelSynchronously: channel)
                }
            }
        await whenListening()
        // Not a child: a cancelled one would drop connections accepted but not yet served, which
        // NIO does not allow. Closing the server's channel ends it, with each of them in hand.
        let accepting = Task { try await accept(server) }
        try await withTaskCancellationHandler {
            try await accepting.value
        } onCancel: {
            server.channel.close(promise: nil)
        }
    }

    typealias Connection = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    private func accept(_ server: NIOAsyncChannel<Connection, Never>) async throws {
        try await server.executeThenClose { connections in
            let gate = ConnectionGate(limit: limits.connections)
            try await withThrowingDiscardingTaskGroup { group in
                for try await connection in connections {
                    group.addTask {
                        await gate.admit(connection) { await serve(connection) }
                    }
                }
                group.cancelAll()
            }
        }
    }

    private func serve(_ connection: Connection) async {
        do {
            try await connection.executeThenClose { inbound, outbound in
                var client = ControlConnection(connection.channel, outbound, limits.patience)
                try await client.serve(inbound, handler)
            }
        } catch {
            // The peer went away, or was shown the door: nobody is left to tell.
        }
    }
}
