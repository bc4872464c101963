import BGPMessage
import BGPSession
import Linux
import NIOCore
import NIOPosix

/// A transport connection of a peer, or the attempt at one.
final class Connection {
    let id: ConnectionID
    let peer: PeerName
    let side: Side
    /// There once the socket is.
    var channel: (any Channel)?
    var framer = MessageFramer()
    /// How messages are read and written; what OPENs agree on comes in when the session is up.
    var reading = MessageContext()
    var writing = MessageContext()
    /// The peer was told goodbye: what it still sends is of no interest.
    var isClosing = false

    init(_ id: ConnectionID, peer: PeerName, side: Side) {
        self.id = id
        self.peer = peer
        self.side = side
    }
}

/// Tells connections apart, also those that are gone.
struct ConnectionID: Hashable, Sendable {
    let rawValue: UInt64
}

/// Hands what happens on a channel to the speaker, whose executor is the channel's loop.
///
/// A handler rather than an asynchronous sequence: the speaker reads when it has room for the
/// result and writes when the socket has, on one thread, without a hop between.
final class ConnectionHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let speaker: Speaker
    private let id: ConnectionID

    init(_ speaker: Speaker, _ id: ConnectionID) {
        self.speaker = speaker
        self.id = id
    }

    func channelActive(context: ChannelHandlerContext) {
        let id = id
        speaker.assumeIsolated { $0.opened(id) }
        context.read()
    }

    func channelInactive(context: ChannelHandlerContext) {
        let id = id
        speaker.assumeIsolated { $0.closed(id, "closed by the peer") }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let (buffer, id) = (unwrapInboundIn(data), id)
        speaker.assumeIsolated { $0.received(buffer, on: id) }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        context.read()
    }

    func channelWritabilityChanged(context: ChannelHandlerContext) {
        guard context.channel.isWritable else { return }
        let id = id
        speaker.assumeIsolated { $0.becameWritable(id) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        let (id, why) = (id, describe(error))
        speaker.assumeIsolated { $0.closed(id, why) }
        context.close(promise: nil)
    }
}

/// An error of the transport in a few words.
func describe(_ error: any Error) -> String {
    switch error {
    case let error as IOError: errorText(error.errnoCode)
    case ChannelError.connectTimeout: "timed out"
    case let error as NIOConnectionError:
        error.connectionErrors.first.map { describe($0.error) } ?? "no address to connect to"
    default: "\(error)"
    }
}
