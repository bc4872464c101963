import Wire

/// NOTIFICATION: the last word of a session (RFC 4271 §4.5).
///
///     19     20        21
///     | code | subcode | data …
package struct NotificationMessage: Hashable, Sendable, CustomStringConvertible {
    package var error: NotificationError
    /// What else there is to say; its form depends on `error`.
    package var data: [UInt8]

    package init(_ error: NotificationError, data: [UInt8] = []) {
        self.error = error
        self.data = data
    }

    package init(code: UInt8, subcode: UInt8, data: [UInt8] = []) {
        self.init(NotificationError(code: code, subcode: subcode), data: data)
    }

    package var code: UInt8 { error.code }
    package var subcode: UInt8 { error.subcode }

    package var description: String {
        shutdownText.map { "\(error): \($0)" } ?? "\(error)"
    }
}

// MARK: Text for people (RFC 9003)

extension NotificationMessage {
    /// Says goodbye with a text, of which as many whole characters are sent as 255 octets hold.
    package static func cease(_ reason: CeaseReason, text: String) -> NotificationMessage {
        var utf8: [UInt8] = []
        for character in text {
            let more = Array(character.utf8)
            guard utf8.count + more.count <= 255 else { break }
            utf8 += more
        }
        let data = utf8.isEmpty ? [] : [UInt8(utf8.count)] + utf8
        return NotificationMessage(.cease(reason), data: data)
    }

    /// The operator's text of an administrative shutdown or reset (RFC 9003 §2); what is no UTF-8 in
    /// it is shown as U+FFFD, `nil` when its length is wrong or it is empty.
    package var shutdownText: String? {
        switch error {
        case .cease(.administrativeShutdown), .cease(.administrativeReset): break
        default: return nil
        }
        guard let length = data.first, length > 0, Int(length) == data.count - 1 else { return nil }
        return String(decoding: data.dropFirst(), as: UTF8.self)
    }

    /// What a hard reset wraps: the NOTIFICATION that gives the reason (RFC 8538 §3.1).
    package var hardResetReason: NotificationMessage? {
        guard error == .cease(.hardReset), data.count >= 2 else { return nil }
        return NotificationMessage(code: data[0], subcode: data[1], data: Array(data.dropFirst(2)))
    }

    /// Wraps `reason` so that the other end does not keep our routes (RFC 8538 §3.1).
    package static func hardReset(_ reason: NotificationMessage) -> NotificationMessage {
        NotificationMessage(
            .cease(.hardReset),
            data: [reason.code, reason.subcode] + reason.data
        )
    }
}

// MARK: Wire

extension NotificationMessage {
    init(parsing reader: inout ByteReader) throws(WireError) {
        self.init(code: try reader.read(), subcode: try reader.read(), data: reader.readRest())
    }

    /// Writes the body; data that would not fit the message is cut off.
    func write(to writer: inout ByteWriter, maximumLength: Int) {
        writer.write(code)
        writer.write(subcode)
        let room = maximumLength - MessageType.notification.minimumLength
        writer.write(bytes: data.prefix(room))
    }
}
