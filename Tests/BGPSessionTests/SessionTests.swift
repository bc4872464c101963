import BGPMessage
import BGPSession
import Testing

private let withoutN = peerConfiguration { $0.gracefulRestart?.hasNotificationSupport = false }

@Suite struct SessionTests {
    @Test func `a session comes up with one connection`() {
        var session = Session(configuration())
        let start = session.event(.start, jitter: 0)
        #expect(start.contains(.connect))
        #expect(session.state == .connect || session.state == .active)
        let up = bringUp(&session)
        #expect(session.established == .outgoing)
        #expect(up.contains { if case .up(.outgoing, _) = $0 { true } else { false } })
        guard case .stateChanged(let change) = up.last else {
            Issue.record("no change of state is told")
            return
        }
        #expect(change.from == .openConfirm && change.to == .established)
        #expect(change.reason == "received KEEPALIVE")
    }

    @Test func `shutting down tells the peer the operator's text`() {
        var session = established(peer: withoutN)
        let stop = Stop.administrativeShutdown("back at noon")
        let sent = session.event(.stop(stop), jitter: 0).sentNotifications
        #expect(sent.map(\.shutdownText) == ["back at noon"])
        #expect(session.state == .idle)
    }

    @Test func `a text too long is cut between characters`() {
        var session = established(peer: withoutN)
        let text = String(repeating: "ä", count: 200)
        let sent = session.event(.reset(.administrativeReset(text)), jitter: 0).sentNotifications
        #expect(sent.map(\.shutdownText) == [String(repeating: "ä", count: 127)])
        #expect(sent.map(\.data.count) == [255])
    }

    @Test func `with N bits exchanged a stop is a hard reset around the Cease`() {
        var session = established()
        let stop = Stop.administrativeShutdown("gone")
        let sent = session.event(.stop(stop), jitter: 0).sentNotifications
        #expect(sent.map(\.error) == [.cease(.hardReset)])
        #expect(sent.map { $0.hardResetReason?.shutdownText } == ["gone"])
    }

    @Test func `a text that claims more bytes than there are is no text`() {
        #expect(notification(6, 2, [5, 65, 66]).shutdownText == nil)
        #expect(notification(6, 2, [2, 0xff, 66]).shutdownText == "\u{FFFD}B")
        #expect(notification(6, 2).shutdownText == nil)
    }

    @Test func `failures double the wait up to its bound`() {
        var session = Session(configuration { $0.idleHoldTime = 1...8 })
        _ = session.event(.start, jitter: 255)
        var waits: [Int64] = []
        for _ in 0..<6 {
            _ = session.event(.connected(.outgoing), jitter: 255)
            let error = SessionEvent.malformed(.outgoing, notification(1, 1))
            let actions = session.event(error, jitter: 255)
            waits.append(actions.timer(.connection(.outgoing, .idleHold)) ?? 0)
            _ = session.event(.timer(.connection(.outgoing, .idleHold)), jitter: 255)
        }
        #expect(waits == [1000, 2000, 4000, 8000, 8000, 8000])
    }

    @Test func `a session that was stable forgets its failures`() {
        var session = established()
        _ = session.event(.malformed(.outgoing, notification(1, 1)), jitter: 0)
        bringUp(&session)
        #expect(session.failures == 1)
        _ = session.event(.timer(.stable), jitter: 0)
        #expect(session.failures == 0)
    }

    @Test func `a refused connection is tried again after the retry time`() {
        var session = Session(configuration())
        _ = session.event(.start, jitter: 0)
        let actions = session.event(.connectionFailed(.outgoing, "refused"), jitter: 255)
        #expect(actions.timer(.connection(.outgoing, .idleHold)) == 5000)
        #expect(session.failures == 0)
        let again = session.event(.timer(.connection(.outgoing, .idleHold)), jitter: 0)
        #expect(again.contains(.connect))
    }

    @Test func `after its first failure the peer may connect at once`() {
        var session = established()
        _ = session.event(.connectionFailed(.outgoing, "reset"), jitter: 0)
        #expect(session.admit(jitter: 0).isAdmitted)
    }

    @Test func `too many prefixes end the session until it is started again`() {
        var session = established()
        let event = SessionEvent.maximumPrefixesReached(.ipv6Unicast, 1000)
        let actions = session.event(event, jitter: 0)
        let cease = notification(6, 1, [0, 2, 1, 0, 0, 3, 0xe8])
        #expect(actions.sentNotifications == [cease])
        #expect(actions.timer(.connection(.outgoing, .idleHold)) == nil)
        #expect(!session.admit(jitter: 0).isAdmitted)
        #expect(session.event(.start, jitter: 0).contains(.connect))
    }

    @Test func `a path lost by BFD is a Cease of its own`() {
        var session = established(peer: withoutN)
        #expect(session.event(.pathLost, jitter: 0).notifications == ["outgoing 6/10"])
    }

    @Test func `the last end is remembered, a collision is not`() {
        var session = established()
        _ = session.event(.received(.outgoing, .notification(notification(6, 4))), jitter: 0)
        #expect(session.lastEnd?.reason == .notified(notification(6, 4)))
        #expect(session.lastEnd?.left == .established)
    }
}

@Suite struct RefreshTests {
    @Test func `a refresh is asked for where the peer knows how`() {
        var session = established()
        let request = RouteRefreshMessage(.ipv4Unicast, .request)
        #expect(
            session.event(.refresh(.ipv4Unicast), jitter: 0)
                == [.send(.outgoing, .routeRefresh(request))]
        )
        var down = Session(configuration())
        #expect(down.event(.refresh(.ipv4Unicast), jitter: 0).isEmpty)
    }

    @Test func `a request is answered with markers`() {
        var session = established()
        let actions = session.received(.request)
        #expect(actions.contains(.readvertise(.ipv4Unicast, marked: true)))
    }

    @Test func `what did not come between the markers goes`() {
        var session = established()
        let begin = session.received(.begin)
        #expect(begin.contains(.markStale(.ipv4Unicast)))
        #expect(begin.timer(.refresh(.ipv4Unicast)) == 360_000)
        let end = session.received(.end)
        #expect(end.contains(.dropStale(.ipv4Unicast)))
        #expect(!session.received(.end).contains(.dropStale(.ipv4Unicast)))
    }

    @Test func `a refresh without end marker is ended by its timer`() {
        var session = established()
        _ = session.received(.begin)
        let actions = session.event(.timer(.refresh(.ipv4Unicast)), jitter: 0)
        #expect(actions.contains(.dropStale(.ipv4Unicast)))
    }

    @Test func `a lost session forgets an unfinished refresh`() {
        var session = established()
        _ = session.received(.begin)
        let actions = session.event(.connectionFailed(.outgoing, "reset"), jitter: 0)
        #expect(actions.contains(.stopTimer(.refresh(.ipv4Unicast))))
        #expect(session.event(.timer(.refresh(.ipv4Unicast)), jitter: 0).isEmpty)
    }
}

extension Session {
    fileprivate mutating func received(_ kind: RouteRefreshMessage.Kind) -> [SessionAction] {
        let message = RouteRefreshMessage(.ipv4Unicast, kind)
        return event(.received(.outgoing, .routeRefresh(message)), jitter: 0)
    }
}

private struct Change: CustomTestStringConvertible {
    let testDescription: String
    let expected: SessionConfigurationChange
    let change: @Sendable (inout SessionConfiguration) -> Void
}

private let changes = [
    Change(testDescription: "nothing", expected: .none) { _ in },
    Change(testDescription: "retry time", expected: .live) { $0.connectRetryTime = 9 },
    Change(testDescription: "back-off", expected: .live) { $0.idleHoldTime = 2...4 },
    Change(testDescription: "limit", expected: .live) { $0.families[0].maximumPrefixes = 5 },
    Change(testDescription: "restart is over", expected: .live) {
        $0.gracefulRestart?.isRestarting = true
    },
    Change(testDescription: "hold time", expected: .reset) { $0.holdTime = 30 },
    Change(testDescription: "peer's AS", expected: .reset) { $0.peerAS = 7 },
    Change(testDescription: "families", expected: .reset) { $0.families.removeLast() },
    Change(testDescription: "ADD-PATH", expected: .reset) {
        $0.families[0].sendsAdditionalPaths = true
    },
    Change(testDescription: "restart time", expected: .reset) {
        $0.gracefulRestart?.restartTime = 5
    },
]

@Suite struct SessionConfigurationTests {
    @Test(arguments: changes)
    private func `only what stands in the OPEN needs a reset`(row: Change) {
        var session = established()
        let change = session.configure(configuration(row.change))
        #expect(change == row.expected)
        #expect(session.configuration == configuration(row.change))
    }
}
