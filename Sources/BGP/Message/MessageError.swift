/// A message that ends the session: what to tell the other end (RFC 4271 §6).
package struct MessageError: Error, Hashable, Sendable, CustomStringConvertible {
    package var notification: NotificationMessage

    package init(_ error: NotificationError, data: [UInt8] = []) {
        notification = NotificationMessage(error, data: data)
    }

    package var description: String { notification.description }
}
