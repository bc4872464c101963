package import Control
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
        let server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .bind(listener.duplicateSocket()) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(
                        wrappingChannelSynchronously: channel
                    )
                }
            }
        await whenListening()
        try await server.executeThenClose { connections in
            let gate = ConnectionGate(limit: limits.connections)
            try await withThrowingDiscardingTaskGroup { group in
                for try await connection in connections {
                    group.addTask {
                        await gate.admit(connection) { await serve(connection) }
                    }
                }
            }
        }
    }

    private func serve(_ channel: NIOAsyncChannel<ByteBuffer, ByteBuffer>) async {
        do {
            try await channel.executeThenClose { inbound, outbound in
                guard try await limits.users.contains(channel.channel.peerUser()) else { return }
                var connection = ControlConnection(channel.channel, outbound, limits.patience)
                try await connection.serve(inbound, handler)
            }
        } catch {
            // The peer went away, or was shown the door: nobody is left to tell.
        }
    }
}
