package import Wire

/// The kinds of messages (RFC 4271 §4.1, RFC 2918 §3).
package enum MessageType: UInt8, Hashable, Sendable, CaseIterable {
    case open = 1
    case update = 2
    case notification = 3
    case keepalive = 4
    case routeRefresh = 5

    /// The least that a message of the kind takes, with its header (RFC 4271 §4.2–4.5).
    package var minimumLength: Int {
        switch self {
        case .open: 29
        case .update: 23
        case .notification: 21
        case .keepalive: 19
        case .routeRefresh: 23
        }
    }

    /// OPEN and KEEPALIVE never grow, whatever was agreed (RFC 8654 §4).
    func maximumLength(agreed: Int) -> Int {
        switch self {
        case .keepalive: minimumLength
        case .open: MessageHeader.usualMaximum
        case .update, .notification, .routeRefresh: agreed
        }
    }
}

/// What all messages start with (RFC 4271 §4.1).
///
///     0                16       18     19
///     | marker: 16×ff | length | type | …
///
/// The length counts the header.
package struct MessageHeader: Hashable, Sendable {
    package var length: Int
    package var type: MessageType

    package static let size = 19
    /// RFC 4271 §4.1.
    package static let usualMaximum = 4096
    /// RFC 8654 §3.
    package static let extendedMaximum = 65_535

    /// Checks in the order of RFC 4271 §6.1.
    package init(
        parsing reader: inout ByteReader,
        maximumLength: Int
    ) throws(MessageError) {
        let marker: (UInt64, UInt64)
        let length: UInt16
        let code: UInt8
        do {
            marker = (try reader.read(), try reader.read())
            length = try reader.read()
            code = try reader.read()
        } catch {
            throw MessageError(.header(.badMessageLength))
        }
        guard marker == (.max, .max) else {
            throw MessageError(.header(.connectionNotSynchronized))
        }
        let badLength = MessageError(
            .header(.badMessageLength),
            data: [UInt8(length >> 8), UInt8(truncatingIfNeeded: length)]
        )
        guard length >= Self.size, length <= maximumLength else { throw badLength }
        guard let type = MessageType(rawValue: code) else {
            throw MessageError(.header(.badMessageType), data: [code])
        }
        guard length >= type.minimumLength,
            length <= type.maximumLength(agreed: maximumLength)
        else { throw badLength }
        self.length = Int(length)
        self.type = type
    }

    /// Writes a header without its length; where it starts.
    package static func begin(_ type: MessageType, _ writer: inout ByteWriter) -> Int {
        let start = writer.count
        writer.write(UInt64.max)
        writer.write(UInt64.max)
        writer.write(UInt16(0))
        writer.write(type.rawValue)
        return start
    }

    /// Puts the length into the header at `start` of a message that ends here.
    package static func finish(_ start: Int, _ writer: inout ByteWriter) {
        writer.patch(UInt16(writer.count - start), at: start + 16)
    }
}
