import BGPMessage
import BGPSession
import Testing

/// RFC 4271 §8.2.2 as a table: the state that follows, and the NOTIFICATION that is sent.
///
/// A dot is the same state and no NOTIFICATION.
private let table = """
    event                      Idle     Connect  Active   OpenSent  OpenConfirm  Established
    ManualStart                Connect  .        .        .         .            .
    ManualStop                 .        Idle     Idle     Idle:6/2  Idle:6/2     Idle:6/2
    AutomaticStart             Connect  .        .        .         .            .
    AutomaticStop              .        Idle     Idle     Idle:6/4  Idle:6/4     Idle:6/4
    ConnectRetryTimer_Expires  .        .        Connect  Idle:5/1  Idle:5/2     Idle:5/3
    HoldTimer_Expires          .        Idle     Idle     Idle:4/0  Idle:4/0     Idle:4/0
    KeepaliveTimer_Expires     .        Idle     Idle     Idle:5/1  .            .
    IdleHoldTimer_Expires      Connect  Idle     Idle     Idle:5/1  Idle:5/2     Idle:5/3
    TcpConnectionConfirmed     .        OpenSent OpenSent .         .            .
    TcpConnectionFails         .        Idle     Idle     Idle      Idle         Idle
    BGPOpen                    .        Idle     Idle     OpenConfirm Idle:5/2   Idle:5/3
    BGPHeaderErr               .        Idle     Idle     Idle:1/2  Idle:1/2     Idle:1/2
    BGPOpenMsgErr              .        Idle     Idle     Idle:2/6  Idle:2/6     Idle:2/6
    OpenCollisionDump          .        Idle     Idle     Idle:6/7  Idle:6/7     Idle:6/7
    NotifMsgVerErr             .        Idle     Idle     Idle      Idle         Idle
    NotifMsg                   .        Idle     Idle     Idle      Idle         Idle
    KeepAliveMsg               .        Idle     Idle     Idle:5/1  Established  .
    UpdateMsg                  .        Idle     Idle     Idle:5/1  Idle:5/2     .
    UpdateMsgErr               .        Idle     Idle     Idle:3/1  Idle:3/1     Idle:3/1
    RouteRefreshMsg            .        Idle     Idle     Idle:5/1  Idle:5/2     .
    SendHoldTimer_Expires      .        Idle     Idle     Idle:8/0  Idle:8/0     Idle:8/0
    Sent                       .        Idle     Idle     .         .            .
    """

private let events: [FSMEvent] = [
    .manualStart, .manualStop(.cease(.administrativeShutdown)), .automaticStart,
    .automaticStop(.cease(.administrativeReset)), .connectRetryTimerExpires, .holdTimerExpires,
    .keepaliveTimerExpires, .idleHoldTimerExpires, .connectionUp, .connectionFails("reset"),
    .open, .headerError(notification(1, 2)), .openError(notification(2, 6)), .openCollisionDump,
    .notificationVersionError(notification(2, 1)), .notification(notification(6, 4)), .keepalive,
    .update, .updateError(notification(3, 1)), .routeRefresh, .sendHoldTimerExpires, .sent,
]

private func machine(in state: FSMState, _ side: Side = .outgoing) -> FSM {
    var machine = FSM(side)
    guard state != .idle else { return machine }
    _ = machine.event(.manualStart)
    if state == .connect || machine.state == state { return machine }
    let path: [FSMEvent] = [.connectionUp, .open, .keepalive]
    for event in path where machine.state != state { _ = machine.event(event) }
    return machine
}

private struct Cell: CustomTestStringConvertible {
    let state: FSMState
    let event: FSMEvent
    let next: String
    let notification: String?

    var testDescription: String { "\(event.name) in \(state)" }
}

/// The side that connects has no Active state of its own; the other is asked for that column.
private let cells: [Cell] = {
    let rows = table.split(separator: "\n").map { $0.split(separator: " ").map(String.init) }
    let names = rows[0].dropFirst()
    return rows.dropFirst().flatMap { row in
        zip(names, row.dropFirst()).compactMap { name, cell -> Cell? in
            guard let event = events.first(where: { $0.name == row[0] }),
                let state = FSMState.allCases.first(where: { $0.description == name })
            else { return nil }
            let parts = cell.split(separator: ":").map(String.init)
            return Cell(
                state: state,
                event: event,
                next: parts[0] == "." ? name : parts[0],
                notification: parts.count > 1 ? parts[1] : nil
            )
        }
    }
}()

extension [FSMAction] {
    fileprivate var notifications: [String] {
        compactMap {
            guard case .send(.notification(let sent)) = $0 else { return nil }
            return "\(sent.code)/\(sent.subcode)"
        }
    }

    fileprivate var ends: [SessionEnd] {
        compactMap { if case .ended(let end) = $0 { end } else { nil } }
    }
}

@Suite struct FSMTests {
    @Test func `the table has a cell for each state and event`() {
        #expect(cells.count == FSMState.allCases.count * events.count)
        #expect(Set(events.map(\.name)).count == events.count)
    }

    @Test(arguments: cells.filter { $0.state != .active })
    private func `the side that connects goes where RFC 4271 says`(cell: Cell) {
        var machine = machine(in: cell.state)
        #expect(machine.state == cell.state)
        let actions = machine.event(cell.event)
        #expect(machine.state.description == cell.next)
        #expect(actions.notifications == (cell.notification.map { [$0] } ?? []))
    }

    @Test(arguments: cells.filter { $0.state != .connect })
    private func `the side that is connected to differs only in waiting`(cell: Cell) {
        var machine = machine(in: cell.state, .incoming)
        #expect(machine.state == cell.state)
        let actions = machine.event(cell.event)
        let next = cell.next == "Connect" ? "Active" : cell.next
        #expect(machine.state.description == next)
        #expect(actions.notifications == (cell.notification.map { [$0] } ?? []))
    }

    @Test(arguments: cells.filter { $0.next == "Idle" && $0.state != .idle && $0.state != .active })
    private func `going idle stops all timers, drops the connection and says why`(cell: Cell) {
        var machine = machine(in: cell.state)
        let actions = machine.event(cell.event)
        for timer in FSMTimer.allCases where timer != .idleHold {
            #expect(actions.contains(.stop(timer)))
        }
        #expect(actions.contains(.drop))
        #expect(actions.ends.map(\.left) == [cell.state])
        // What is sent goes before the connection does.
        if cell.notification != nil {
            #expect(actions.first.map { [$0].notifications.count } == 1)
        }
    }

    @Test func `a connection is a line of OPEN, KEEPALIVE and the timers between`() {
        var machine = FSM(.outgoing)
        #expect(
            machine.event(.manualStart) == [.stop(.idleHold), .start(.connectRetry), .connect]
        )
        #expect(
            machine.event(.connectionUp) == [.stop(.connectRetry), .send(.open), .start(.hold)]
        )
        #expect(
            machine.event(.open) == [
                .stop(.connectRetry), .send(.keepalive), .start(.keepalive), .start(.hold),
            ]
        )
        #expect(machine.event(.keepalive) == [.start(.hold), .start(.sendHold), .established])
        #expect(machine.event(.update) == [.start(.hold), .deliver])
        #expect(
            machine.event(.keepaliveTimerExpires) == [.send(.keepalive), .start(.keepalive)]
        )
        #expect(machine.event(.sent) == [.start(.sendHold)])
    }

    @Test func `a retry gives the attempt up and makes another`() {
        var machine = machine(in: .connect)
        let retry: [FSMAction] = [.drop, .start(.connectRetry), .connect]
        #expect(machine.event(.connectRetryTimerExpires) == retry)
    }

    @Test func `failures are counted until the operator starts or stops`() {
        var machine = machine(in: .established)
        _ = machine.event(.holdTimerExpires)
        #expect(machine.connectRetryCounter == 1)
        _ = machine.event(.automaticStart)
        _ = machine.event(.connectionFails("refused"))
        #expect(machine.connectRetryCounter == 2)
        _ = machine.event(.manualStart)
        #expect(machine.connectRetryCounter == 0)
    }
}
