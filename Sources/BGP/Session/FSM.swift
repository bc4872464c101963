import BGPMessage

/// The state machine of one connection with a peer, to be laid beside RFC 4271 §8.2.2.
///
/// A session has two of them (§8.2.1): one connects, the other is connected to. Which of two
/// connections survives, and when to start again, is the ``Session``'s to say. DelayOpenTimer is
/// not used, so events 12 and 20 do not exist; events 14 and 15 are the listener's.
package struct FSM: Sendable {
    package let side: Side
    package private(set) var state = FSMState.idle
    /// How often connections failed since the last ManualStart or ManualStop (§8.1.1).
    package private(set) var connectRetryCounter = 0

    package init(_ side: Side) {
        self.side = side
    }

    /// Takes one event of §8.1 and says what is to be done, in order.
    package mutating func event(_ event: FSMEvent) -> [FSMAction] {
        switch (state, event) {
        case (.idle, .manualStart):
            connectRetryCounter = 0
            return start()
        case (.idle, .automaticStart), (.idle, .idleHoldTimerExpires):
            return start()
        case (.idle, .manualStop):
            connectRetryCounter = 0
            return [.stop(.idleHold)]
        case (.idle, _):
            return []

        case (.connect, .manualStart), (.connect, .automaticStart):
            return []
        case (.connect, .manualStop(let cease)):
            connectRetryCounter = 0
            return end(.stopped(cease))
        case (.connect, .connectRetryTimerExpires):
            return [.drop, .start(.connectRetry), .connect]
        case (.connect, .connectionUp):
            return sendOpen()
        case (.connect, .connectionFails(let why)):
            return end(.connectionFailed(why), counts: true)
        case (.connect, _):
            return end(.unexpected(event.name, in: .connect), counts: true)

        case (.active, .manualStart), (.active, .automaticStart):
            return []
        case (.active, .manualStop(let cease)):
            connectRetryCounter = 0
            return end(.stopped(cease))
        case (.active, .connectRetryTimerExpires):
            return side == .outgoing ? go(.connect, [.start(.connectRetry), .connect]) : []
        case (.active, .connectionUp):
            return sendOpen()
        case (.active, .connectionFails(let why)):
            return end(.connectionFailed(why), counts: true)
        case (.active, _):
            return end(.unexpected(event.name, in: .active), counts: true)

        case (.openSent, .manualStart), (.openSent, .automaticStart), (.openSent, .connectionUp):
            return []
        case (.openSent, .open):
            return go(
                .openConfirm,
                [.stop(.connectRetry), .send(.keepalive), .start(.keepalive), .start(.hold)]
            )
        case (.openSent, .connectionFails(let why)):
            // The text has this FSM wait for the peer in Active; here the other one does that.
            return end(.connectionFailed(why), counts: true)
        case (.openSent, .sent):
            return []

        case (.openConfirm, .manualStart), (.openConfirm, .automaticStart),
            (.openConfirm, .connectionUp):
            return []
        case (.openConfirm, .keepaliveTimerExpires):
            return [.send(.keepalive), .start(.keepalive)]
        case (.openConfirm, .keepalive):
            return go(.established, [.start(.hold), .start(.sendHold), .established])
        case (.openConfirm, .connectionFails(let why)):
            return end(.connectionFailed(why), counts: true)
        case (.openConfirm, .sent):
            return []

        case (.established, .manualStart), (.established, .automaticStart),
            (.established, .connectionUp):
            return []
        case (.established, .keepaliveTimerExpires):
            return [.send(.keepalive), .start(.keepalive)]
        case (.established, .keepalive):
            return [.start(.hold)]
        case (.established, .update), (.established, .routeRefresh):
            return [.start(.hold), .deliver]
        case (.established, .sent):
            // RFC 9687 §3.1: what the peer took restarts the timer.
            return [.start(.sendHold)]
        case (.established, .connectionFails(let why)):
            return end(.connectionFailed(why), counts: true)

        // What OpenSent, OpenConfirm and Established have in common.
        case (_, .manualStop(let cease)):
            connectRetryCounter = 0
            return end(.stopped(cease), notify: cease)
        case (_, .automaticStop(let cease)):
            return end(.stopped(cease), notify: cease, counts: true)
        case (_, .holdTimerExpires):
            return end(
                .holdTimerExpired,
                notify: NotificationMessage(.holdTimerExpired),
                counts: true
            )
        case (_, .sendHoldTimerExpires):
            // RFC 9687 §3.2: the peer takes nothing, so the NOTIFICATION may never reach it.
            return end(
                .sendHoldTimerExpired,
                notify: NotificationMessage(.sendHoldTimerExpired),
                counts: true
            )
        case (_, .openCollisionDump):
            return end(.collision, notify: .cease(.connectionCollisionResolution))
        case (_, .headerError(let error)), (_, .openError(let error)), (_, .updateError(let error)):
            return end(.protocolError(error), notify: error, counts: true)
        case (_, .notificationVersionError(let received)):
            return end(.notified(received))
        case (_, .notification(let received)):
            // In OpenSent the text answers with an FSM error; a NOTIFICATION is never answered (§6).
            return end(.notified(received), counts: true)
        case (_, _):
            let error = NotificationMessage.stateMachine(in: state)
            return end(.protocolError(error), notify: error, counts: true)
        }
    }
}

extension FSM {
    private mutating func go(_ new: FSMState, _ actions: [FSMAction]) -> [FSMAction] {
        state = new
        return actions
    }

    private mutating func start() -> [FSMAction] {
        switch side {
        case .outgoing: go(.connect, [.stop(.idleHold), .start(.connectRetry), .connect])
        case .incoming: go(.active, [.stop(.idleHold)])
        }
    }

    /// The hold timer starts with a large value until the peer's OPEN is there (§8.2.2).
    private mutating func sendOpen() -> [FSMAction] {
        go(.openSent, [.stop(.connectRetry), .send(.open), .start(.hold)])
    }

    /// Back to Idle: sends the NOTIFICATION if there is one, stops all timers, drops the
    /// connection.
    private mutating func end(
        _ reason: EndReason,
        notify: NotificationMessage? = nil,
        counts: Bool = false
    ) -> [FSMAction] {
        let left = state
        if counts { connectRetryCounter += 1 }
        state = .idle
        return (notify.map { [.send(.notification($0))] } ?? [])
            + [
                .stop(.connectRetry), .stop(.hold), .stop(.keepalive), .stop(.sendHold), .drop,
                .ended(SessionEnd(reason, left: left, sent: notify)),
            ]
    }
}
