package import BGPMessage

/// Who opened a connection.
package enum Side: String, Hashable, Sendable, CaseIterable {
    case outgoing
    case incoming

    package var other: Side { self == .outgoing ? .incoming : .outgoing }
}

/// The states of RFC 4271 §8.2.2.
package enum FSMState: Int, Hashable, Sendable, CaseIterable, Comparable {
    case idle
    case connect
    case active
    case openSent
    case openConfirm
    case established

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

extension FSMState: CustomStringConvertible {
    /// The RFC's spelling.
    package var description: String {
        switch self {
        case .idle: "Idle"
        case .connect: "Connect"
        case .active: "Active"
        case .openSent: "OpenSent"
        case .openConfirm: "OpenConfirm"
        case .established: "Established"
        }
    }
}

/// The events of RFC 4271 §8.1, with their numbers there.
package enum FSMEvent: Hashable, Sendable {
    /// 1; with the listener alone (4) for the side that is connected to.
    case manualStart
    /// 2. The Cease goes to the peer if it has our OPEN.
    case manualStop(NotificationMessage)
    /// 3, 5, 6 and 7.
    case automaticStart
    /// 8.
    case automaticStop(NotificationMessage)
    /// 9.
    case connectRetryTimerExpires
    /// 10.
    case holdTimerExpires
    /// 11.
    case keepaliveTimerExpires
    /// 13.
    case idleHoldTimerExpires
    /// 16 for the side that connects, 17 for the one that is connected to.
    case connectionUp
    /// 18.
    case connectionFails(String)
    /// 19.
    case open
    /// 21.
    case headerError(NotificationMessage)
    /// 22.
    case openError(NotificationMessage)
    /// 23.
    case openCollisionDump
    /// 24.
    case notificationVersionError(NotificationMessage)
    /// 25.
    case notification(NotificationMessage)
    /// 26.
    case keepalive
    /// 27.
    case update
    /// 28, when RFC 7606 leaves nothing milder than a reset.
    case updateError(NotificationMessage)
    /// ROUTE-REFRESH (RFC 2918), treated as 27 is.
    case routeRefresh
    /// 29 of RFC 9687.
    case sendHoldTimerExpires
    /// The transport took bytes (RFC 9687 §3.1).
    case sent
}

extension FSMEvent {
    /// The event without what it carries, in words for logs.
    package var name: String {
        switch self {
        case .manualStart: "ManualStart"
        case .manualStop: "ManualStop"
        case .automaticStart: "AutomaticStart"
        case .automaticStop: "AutomaticStop"
        case .connectRetryTimerExpires: "ConnectRetryTimer_Expires"
        case .holdTimerExpires: "HoldTimer_Expires"
        case .keepaliveTimerExpires: "KeepaliveTimer_Expires"
        case .idleHoldTimerExpires: "IdleHoldTimer_Expires"
        case .connectionUp: "TcpConnectionConfirmed"
        case .connectionFails: "TcpConnectionFails"
        case .open: "BGPOpen"
        case .headerError: "BGPHeaderErr"
        case .openError: "BGPOpenMsgErr"
        case .openCollisionDump: "OpenCollisionDump"
        case .notificationVersionError: "NotifMsgVerErr"
        case .notification: "NotifMsg"
        case .keepalive: "KeepAliveMsg"
        case .update: "UpdateMsg"
        case .updateError: "UpdateMsgErr"
        case .routeRefresh: "RouteRefreshMsg"
        case .sendHoldTimerExpires: "SendHoldTimer_Expires"
        case .sent: "Sent"
        }
    }
}

/// The timers of one connection.
package enum FSMTimer: Hashable, Sendable, CaseIterable {
    case connectRetry
    case hold
    case keepalive
    case idleHold
    case sendHold
}

/// What an ``FSM`` wants done.
package enum FSMAction: Hashable, Sendable {
    case connect
    /// Close the connection or give up opening it, once what was sent before is out.
    case drop
    case send(FSMMessage)
    /// Starting a timer that runs starts it anew.
    case start(FSMTimer)
    case stop(FSMTimer)
    case established
    /// The message that was the event is the session's.
    case deliver
    case ended(SessionEnd)
}

/// A message that an ``FSM`` sends.
package enum FSMMessage: Hashable, Sendable {
    case open
    case keepalive
    case notification(NotificationMessage)
}
