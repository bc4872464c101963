import Wire

/// A BGP message (RFC 4271 §4).
package enum Message: Hashable, Sendable {
    case open(OpenMessage)
    case update(UpdateMessage)
    case notification(NotificationMessage)
    case keepalive
    case routeRefresh(RouteRefreshMessage)

    package var type: MessageType {
        switch self {
        case .open: .open
        case .update: .update
        case .notification: .notification
        case .keepalive: .keepalive
        case .routeRefresh: .routeRefresh
        }
    }

    /// Decodes one whole message, as `MessageFramer` hands it out.
    package init(decoding bytes: [UInt8], _ context: MessageContext) throws(MessageError) {
        var reader = ByteReader(bytes.span.bytes)
        let header = try MessageHeader(parsing: &reader, maximumLength: context.maximumLength)
        guard header.length == bytes.count else {
            throw MessageError(.header(.badMessageLength), data: Array(bytes[16..<18]))
        }
        switch header.type {
        case .open: self = .open(try OpenMessage(parsing: &reader))
        case .update: self = .update(try UpdateMessage(parsing: &reader, context))
        case .notification:
            do {
                self = .notification(try NotificationMessage(parsing: &reader))
            } catch {
                throw MessageError(.header(.badMessageLength))
            }
        case .keepalive: self = .keepalive
        case .routeRefresh:
            self = .routeRefresh(try RouteRefreshMessage(parsing: &reader, of: bytes))
        }
    }

    /// The whole message, header included.
    package func encoded(_ context: MessageContext) -> [UInt8] {
        var writer = ByteWriter(reserving: 64)
        let start = MessageHeader.begin(type, &writer)
        switch self {
        case .open(let message): message.write(to: &writer)
        case .update(let message): message.write(to: &writer, context)
        case .notification(let message):
            message.write(to: &writer, maximumLength: context.maximumLength)
        case .keepalive: break
        case .routeRefresh(let message): message.write(to: &writer)
        }
        MessageHeader.finish(start, &writer)
        return writer.bytes
    }
}
