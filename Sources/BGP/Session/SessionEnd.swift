package import BGPMessage

/// Why a connection ended, as logs and `caracalctl` tell it.
package enum EndReason: Hashable, Sendable {
    /// We wanted it: the Cease says why (RFC 4486, 9003).
    case stopped(NotificationMessage)
    /// The transport: refused, reset, timed out or closed by the peer.
    case connectionFailed(String)
    case holdTimerExpired
    /// The peer took no bytes for too long (RFC 9687).
    case sendHoldTimerExpired
    /// The other of two connections was kept (RFC 4271 §6.8).
    case collision
    /// The peer broke the protocol, and was told so.
    case protocolError(NotificationMessage)
    /// The peer said so.
    case notified(NotificationMessage)
    /// An event that the state has no place for.
    case unexpected(String, in: FSMState)
}

extension EndReason: CustomStringConvertible {
    package var description: String {
        switch self {
        case .stopped(let cease): "stopped: \(cease)"
        case .connectionFailed(let why): "connection failed: \(why)"
        case .holdTimerExpired: "hold timer expired"
        case .sendHoldTimerExpired: "send hold timer expired"
        case .collision: "connection collision"
        case .protocolError(let error): "sent \(error)"
        case .notified(let received): "received \(received)"
        case .unexpected(let event, let state): "\(event) in \(state)"
        }
    }
}

/// The end of a connection.
package struct SessionEnd: Hashable, Sendable {
    package let reason: EndReason
    /// The state that was left.
    package let left: FSMState
    package let sent: NotificationMessage?

    package init(_ reason: EndReason, left: FSMState, sent: NotificationMessage? = nil) {
        self.reason = reason
        self.left = left
        self.sent = sent
    }
}
