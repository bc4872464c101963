import BGPMessage
import BGPSession
import Testing

private let both: [AddressFamily] = [.ipv4Unicast, .ipv6Unicast]
private let longLived = configuration {
    $0.gracefulRestart?.maximumLongLivedStaleTime = 3600
}
private let longLivedPeer = peerConfiguration { $0.families[0].longLivedStaleTime = 7200 }

private struct Loss: CustomTestStringConvertible {
    let testDescription: String
    let event: SessionEvent
    /// With N bits exchanged, and without.
    let isGraceful: (notified: Bool, plain: Bool)
}

private func received(_ notification: NotificationMessage) -> SessionEvent {
    .received(.outgoing, .notification(notification))
}

private let losses = [
    Loss(
        testDescription: "connection lost",
        event: .connectionFailed(.outgoing, "reset"),
        isGraceful: (true, true)
    ),
    Loss(
        testDescription: "hold timer",
        event: .timer(.connection(.outgoing, .hold)),
        isGraceful: (true, false)
    ),
    Loss(
        testDescription: "Cease received",
        event: received(notification(6, 4)),
        isGraceful: (true, false)
    ),
    Loss(
        testDescription: "hard reset received",
        event: received(notification(6, 9, [6, 2])),
        isGraceful: (false, false)
    ),
    Loss(
        testDescription: "error sent",
        event: .updateError(notification(3, 1)),
        isGraceful: (true, false)
    ),
    Loss(
        testDescription: "stopped by us",
        event: .stop(.administrativeShutdown("")),
        isGraceful: (false, false)
    ),
    Loss(testDescription: "BFD", event: .pathLost, isGraceful: (false, false)),
]

@Suite struct RestartTests {
    @Test(arguments: losses)
    private func `routes outlive what RFC 4724 and RFC 8538 say`(loss: Loss) {
        let plain = peerConfiguration { $0.gracefulRestart?.hasNotificationSupport = false }
        for (peer, isGraceful) in [
            (peerConfiguration(), loss.isGraceful.notified), (plain, loss.isGraceful.plain),
        ] {
            var session = established(peer: peer)
            let actions = session.event(loss.event, jitter: 0)
            #expect(actions.retained == [isGraceful ? both : []])
            #expect((actions.timer(.restart) == 120_000) == isGraceful)
        }
    }

    @Test func `a peer without graceful restart leaves nothing behind`() {
        var session = established(peer: peerConfiguration { $0.gracefulRestart = nil })
        let actions = session.event(.connectionFailed(.outgoing, "reset"), jitter: 0)
        #expect(actions.retained == [[]])
    }

    @Test func `a peer that stays away loses its routes when its time is over`() {
        var session = established()
        _ = session.event(.connectionFailed(.outgoing, "reset"), jitter: 0)
        let actions = session.event(.timer(.restart), jitter: 0)
        #expect(actions == both.map { .dropStale($0) })
    }

    @Test func `the restart time is bounded by what we grant`() {
        var session = established(
            configuration { $0.gracefulRestart?.maximumPeerRestartTime = 10 }
        )
        let actions = session.event(.connectionFailed(.outgoing, "reset"), jitter: 0)
        #expect(actions.timer(.restart) == 10_000)
    }

    @Test func `each family waits for its own End-of-RIB`() {
        var session = established()
        _ = session.event(.connectionFailed(.outgoing, "reset"), jitter: 0)
        let up = bringUp(&session)
        #expect(up.contains(.stopTimer(.restart)))
        #expect(up.timer(.staleRoutes) == 360_000)
        #expect(!up.contains(.dropStale(.ipv4Unicast)))
        let first = session.endOfRIB(.ipv4Unicast)
        #expect(first.contains(.dropStale(.ipv4Unicast)))
        #expect(!first.contains(.stopTimer(.staleRoutes)))
        let second = session.endOfRIB(.ipv6Unicast)
        #expect(second.suffix(2) == [.dropStale(.ipv6Unicast), .stopTimer(.staleRoutes)])
    }

    @Test func `what the peer did not preserve goes as soon as it is back`() {
        var session = established()
        _ = session.event(.connectionFailed(.outgoing, "reset"), jitter: 0)
        let peer = peerConfiguration { $0.families[1].preservesForwarding = false }
        let up = bringUp(&session, peer: peer)
        #expect(up.contains(.dropStale(.ipv6Unicast)))
        #expect(!up.contains(.dropStale(.ipv4Unicast)))
    }

    @Test func `a peer that comes back without graceful restart keeps nothing`() {
        var session = established()
        _ = session.event(.connectionFailed(.outgoing, "reset"), jitter: 0)
        let up = bringUp(&session, peer: peerConfiguration { $0.gracefulRestart = nil })
        #expect(both.allSatisfy { up.contains(.dropStale($0)) })
        #expect(up.timer(.staleRoutes) == nil)
    }

    @Test func `a second restart before End-of-RIB keeps routes, but within the first bound`() {
        var session = established()
        _ = session.event(.connectionFailed(.outgoing, "reset"), jitter: 0)
        _ = bringUp(&session)
        let again = session.event(.connectionFailed(.outgoing, "reset"), jitter: 0)
        #expect(again.retained == [both])
        #expect(!again.contains(.stopTimer(.staleRoutes)))
        let up = bringUp(&session)
        #expect(up.timer(.staleRoutes) == nil)
        let late = session.event(.timer(.staleRoutes), jitter: 0)
        #expect(both.allSatisfy { late.contains(.dropStale($0)) })
    }

    @Test func `long-lived stale routes stay for the shorter of two times`() {
        var session = established(longLived, peer: longLivedPeer)
        _ = session.event(.connectionFailed(.outgoing, "reset"), jitter: 0)
        let expired = session.event(.timer(.restart), jitter: 0)
        #expect(expired.contains(.keepLongLived(.ipv4Unicast)))
        #expect(expired.timer(.longLived(.ipv4Unicast)) == 3_600_000)
        #expect(expired.contains(.dropStale(.ipv6Unicast)))
        let over = session.event(.timer(.longLived(.ipv4Unicast)), jitter: 0)
        #expect(over.contains(.dropStale(.ipv4Unicast)))
    }

    @Test func `End-of-RIB ends long-lived staleness, too`() {
        var session = established(longLived, peer: longLivedPeer)
        _ = session.event(.connectionFailed(.outgoing, "reset"), jitter: 0)
        _ = session.event(.timer(.restart), jitter: 0)
        _ = bringUp(&session, peer: longLivedPeer)
        let end = session.endOfRIB(.ipv4Unicast)
        #expect(end.contains(.dropStale(.ipv4Unicast)))
        #expect(end.contains(.stopTimer(.longLived(.ipv4Unicast))))
    }

    @Test func `stopping a session leaves no stale routes`() {
        var session = established()
        _ = session.event(.connectionFailed(.outgoing, "reset"), jitter: 0)
        let actions = session.event(.stop(.peerDeconfigured), jitter: 0)
        #expect(both.allSatisfy { actions.contains(.dropStale($0)) })
        #expect(actions.contains(.stopTimer(.restart)))
    }

    @Test func `leaving says nothing, so that the peer keeps our routes`() {
        var session = established()
        let actions = session.event(.leave, jitter: 0)
        #expect(actions.notifications.isEmpty)
        #expect(actions.contains(.drop(.outgoing)))
        #expect(session.state == .idle)
    }

    @Test func `a restarting speaker says so, and which forwarding it kept`() throws {
        let message = open(peerConfiguration { $0.gracefulRestart?.isRestarting = true })
        let negotiated = try #require(outcome(of: message))
        #expect(negotiated.peerRestart?.isRestarting == true)
        #expect(negotiated.peerRestart?.preservesForwarding[.ipv4Unicast] == true)
    }

    private func outcome(of message: OpenMessage) -> Negotiated? {
        var session = Session(configuration())
        _ = session.event(.start, jitter: 0)
        _ = session.event(.connected(.outgoing), jitter: 0)
        _ = session.event(.received(.outgoing, .open(message)), jitter: 0)
        _ = session.event(.received(.outgoing, .keepalive), jitter: 0)
        return session.negotiated
    }
}

@Suite struct DeferralTests {
    private func negotiated(
        _ families: [AddressFamily],
        _ change: (inout SessionConfiguration) -> Void = { _ in }
    ) throws -> Negotiated {
        let peer = peerConfiguration {
            $0.families = families.map { SessionFamily($0) }
            change(&$0)
        }
        return try #require(established(peer: peer).negotiated)
    }

    @Test func `a family is released by the last End-of-RIB that it needs`() throws {
        var deferral = Deferral(expecting: [1, 2], families: [.ipv4Unicast])
        let peer = try negotiated([.ipv4Unicast])
        #expect(deferral.up(1, peer) == [])
        #expect(deferral.endOfRIB(1, .ipv4Unicast) == [])
        #expect(deferral.up(2, peer) == [])
        #expect(deferral.isDeferred(.ipv4Unicast))
        #expect(deferral.endOfRIB(2, .ipv4Unicast) == [.ipv4Unicast])
        #expect(deferral.isOver)
    }

    @Test func `a family that no session carries waits for nobody`() throws {
        var deferral = Deferral(expecting: [1], families: [.ipv4Unicast, .ipv6Unicast])
        #expect(deferral.up(1, try negotiated([.ipv4Unicast])) == [.ipv6Unicast])
    }

    @Test func `peers without graceful restart or just restarted are not waited for`() throws {
        var deferral = Deferral(expecting: [1, 2], families: [.ipv4Unicast])
        let without = try negotiated([.ipv4Unicast]) { $0.gracefulRestart = nil }
        let restarting = try negotiated([.ipv4Unicast]) {
            $0.gracefulRestart?.isRestarting = true
        }
        #expect(deferral.up(1, without) == [])
        #expect(deferral.up(2, restarting) == [.ipv4Unicast])
    }

    @Test func `the timer and vanished peers release what is left`() throws {
        var deferral = Deferral(expecting: [1, 2], families: [.ipv4Unicast])
        #expect(deferral.gone(1) == [])
        #expect(deferral.gone(2) == [.ipv4Unicast])
        var other = Deferral(expecting: [1], families: [.ipv6Unicast, .ipv4Unicast])
        #expect(other.expire() == [.ipv4Unicast, .ipv6Unicast])
        #expect(other.isOver)
    }
}
