internal import NIOCore
internal import NIOHTTP1
internal import NIOPosix

/// A small HTTP server that answers GET and HEAD of fixed paths: health and metrics.
package struct StatusServer: Sendable {
    /// What a path answers.
    package struct Reply: Sendable {
        package var isGood: Bool
        package var text: String
        package var type: String

        package init(
            isGood: Bool = true,
            _ text: String,
            type: String = "text/plain; charset=utf-8"
        ) {
            self.isGood = isGood
            self.text = text
            self.type = type
        }
    }

    package typealias Routes = [String: @Sendable () async -> Reply]

    private let host: String
    private let port: Int
    private let routes: Routes

    package init(host: String, port: Int, routes: Routes) {
        self.host = host
        self.port = port
        self.routes = routes
    }

    private typealias Connection = NIOAsyncChannel<HTTPServerRequestPart, HTTPServerResponsePart>

    /// Serves until cancelled; `listening` is told the port once it is open.
    package func run(listening: @Sendable (Int) -> Void = { _ in }) async throws {
        let server = try await ServerBootstrap(group: .singletonMultiThreadedEventLoopGroup)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .bind(host: host, port: port) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.configureHTTPServerPipeline()
                    return try Connection(wrappingChannelSynchronously: channel)
                }
            }
        listening(server.channel.localAddress?.port ?? port)
        try await server.executeThenClose { connections in
            try await withThrowingDiscardingTaskGroup { group in
                for try await connection in connections {
                    group.addTask { await serve(connection) }
                }
            }
        }
    }

    private func serve(_ connection: Connection) async {
        // A client that goes away in the middle concerns nobody else.
        try? await connection.executeThenClose { inbound, outbound in
            var head: HTTPRequestHead?
            for try await part in inbound {
                switch part {
                case .head(let received): head = received
                case .body: break
                case .end:
                    guard let request = head else { return }
                    try await answer(request, outbound)
                    guard request.isKeepAlive else { return }
                }
            }
        }
    }

    private func answer(
        _ request: HTTPRequestHead,
        _ outbound: NIOAsyncChannelOutboundWriter<HTTPServerResponsePart>
    ) async throws {
        let path = String(request.uri.prefix { $0 != "?" })
        let status: HTTPResponseStatus
        let reply: Reply
        if request.method != .GET, request.method != .HEAD {
            (status, reply) = (.methodNotAllowed, Reply("only GET and HEAD\n"))
        } else if let route = routes[path] {
            reply = await route()
            status = reply.isGood ? .ok : .serviceUnavailable
        } else {
            (status, reply) = (.notFound, Reply("no such path\n"))
        }
        let body = ByteBuffer(string: reply.text)
        let headers: HTTPHeaders = [
            "content-type": reply.type, "content-length": "\(body.readableBytes)",
        ]
        let version = request.version
        try await outbound.write(
            .head(HTTPResponseHead(version: version, status: status, headers: headers))
        )
        if request.method != .HEAD { try await outbound.write(.body(.byteBuffer(body))) }
        try await outbound.write(.end(nil))
    }
}
