import CLinux
import Control
import Glibc
import JSON
import NIOCore

/// One client: requests in, answers out, each wait bounded.
struct ControlConnection {
    private let channel: any Channel
    private let outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>
    private let patience: TimeAmount
    private var frames = ControlFrames(limit: ControlFrames.requestLimit)

    init(
        _ channel: any Channel,
        _ outbound: NIOAsyncChannelOutboundWriter<ByteBuffer>,
        _ patience: TimeAmount
    ) {
        self.channel = channel
        self.outbound = outbound
        self.patience = patience
    }

    /// Answers until the client has no more requests, is too slow, or talks nonsense.
    mutating func serve(
        _ inbound: NIOAsyncChannelInboundStream<ByteBuffer>,
        _ handler: ControlServer.Handler
    ) async throws {
        var alarm = closeLater()
        defer { alarm.cancel() }
        for try await buffer in inbound {
            frames.append(buffer.readableBytesView)
            while let request = try await nextRequest() {
                alarm.cancel()
                let response = await handler(request)
                alarm = closeLater()
                try await send(response)
            }
        }
    }

    /// The next request that is all there; nonsense is answered once and ends the connection.
    private mutating func nextRequest() async throws -> ControlRequest? {
        do throws(ControlFrameError) {
            guard let json = try frames.next() else { return nil }
            if let request = ControlRequest(json: json) { return request }
        } catch {
            try await refuse(error.description)
            throw error
        }
        try await refuse("the request has no verb")
        throw ChannelError.inputClosed
    }

    private func refuse(_ reason: String) async throws {
        let failure = ControlFailure(code: Int(EINVAL), message: reason)
        try await send(.failure(failure))
    }

    private func send(_ response: ControlResponse) async throws {
        try await outbound.write(ByteBuffer(bytes: ControlFrames.encode(response.json)))
    }

    /// A timer that closes the connection, which ends whatever waits on it.
    private func closeLater() -> Scheduled<Void> {
        let channel = channel
        return channel.eventLoop.scheduleTask(in: patience) { channel.close(promise: nil) }
    }
}

extension Channel {
    /// The user at the other end of a local socket.
    func peerUser() -> EventLoopFuture<UInt32> {
        guard let options = self as? any SocketOptionProvider else {
            return eventLoop.makeFailedFuture(ChannelError.operationUnsupported)
        }
        let peer: EventLoopFuture<linux_peer> = options.unsafeGetSocketOption(
            level: .socket,
            name: NIOBSDSocket.Option(rawValue: SO_PEERCRED)
        )
        return peer.map(\.uid)
    }
}
