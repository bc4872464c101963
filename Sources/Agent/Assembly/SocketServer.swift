internal import Control
internal import Glibc
internal import Linux
internal import NIOCore
internal import NIOPosix

/// The agent's local socket: takes requests of any number of clients and has each answered.
struct SocketServer: Sendable {
    private let path: String
    private let answer: @Sendable (ControlRequest) async -> ControlResponse

    private typealias Connection = NIOAsyncChannel<ByteBuffer, ByteBuffer>

    init(path: String, answer: @escaping @Sendable (ControlRequest) async -> ControlResponse) {
        self.path = path
        self.answer = answer
    }

    /// Serves until cancelled.
    ///
    /// Whoever may write the socket may do as the agent does, so that it is root's alone.
    func run(listening: @Sendable () -> Void) async throws {
        try Self.makeFolder(of: path)
        let server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            // A burst of pods comes as a burst of connections.
            .serverChannelOption(.backlog, value: 1024)
            .bind(unixDomainSocketPath: path, cleanupExistingSocketFile: true) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try Connection(wrappingChannelSynchronously: channel)
                }
            }
        _ = try call("chmod", on: path) { chmod(path, 0o600) }
        listening()
        try await server.executeThenClose { connections in
            try await withThrowingDiscardingTaskGroup { group in
                for try await connection in connections {
                    group.addTask { await serve(connection) }
                }
            }
        }
    }

    private func serve(_ connection: Connection) async {
        // A client that goes away, or talks nonsense, concerns nobody else.
        try? await connection.executeThenClose { inbound, outbound in
            var frames = ControlFrames(limit: ControlFrames.requestLimit)
            for try await part in inbound {
                frames.append(part.readableBytesView)
                while let json = try frames.next() {
                    let response: ControlResponse =
                        if let request = ControlRequest(json: json) {
                            await answer(request)
                        } else {
                            .failure(ControlFailure(code: 6, message: "no request: verb"))
                        }
                    try await outbound.write(ByteBuffer(bytes: ControlFrames.encode(response.json)))
                }
            }
        }
    }

    private static func makeFolder(of path: String) throws(LinuxError) {
        var folder = ""
        for part in path.split(separator: "/").dropLast() {
            folder += "/\(part)"
            do throws(LinuxError) {
                _ = try call("mkdir", on: folder) { mkdir(folder, 0o755) }
            } catch  where error.errno == EEXIST {
                continue
            }
        }
    }
}
