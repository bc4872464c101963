import BGPMessage
import BGPSession
import Testing

private let lower = peerConfiguration()
private let higher = peerConfiguration { $0.localIdentifier = 0x0a00_0003 }

private func two() -> Session {
    var session = Session(configuration())
    _ = session.event(.start, jitter: 0)
    _ = session.event(.connected(.outgoing), jitter: 0)
    #expect(session.admit(jitter: 0).isAdmitted)
    _ = session.event(.connected(.incoming), jitter: 0)
    #expect(session.state(of: .outgoing) == .openSent)
    #expect(session.state(of: .incoming) == .openSent)
    return session
}

@Suite struct CollisionTests {
    @Test(arguments: Side.allCases)
    func `the connection of the higher identifier stays, whichever OPEN is first`(first: Side) {
        for (peer, kept) in [(lower, Side.outgoing), (higher, .incoming)] {
            var session = two()
            var actions = session.event(.received(first, .open(open(peer))), jitter: 0)
            #expect(actions.notifications.isEmpty)
            actions = session.event(.received(first.other, .open(open(peer))), jitter: 0)
            #expect(actions.notifications == ["\(kept.other) 6/7"])
            #expect(session.state(of: kept) == .openConfirm)
            #expect(session.state(of: kept.other) == .idle)
            #expect(actions.timer(.connection(kept.other, .idleHold)) == nil)
        }
    }

    @Test func `of equal identifiers the higher AS decides`() {
        let same = peerConfiguration { $0.localIdentifier = 0x0a00_0002 }
        var session = two()
        _ = session.event(.received(.outgoing, .open(open(same))), jitter: 0)
        let actions = session.event(.received(.incoming, .open(open(same))), jitter: 0)
        #expect(actions.notifications == ["incoming 6/7"])
    }

    @Test func `an established session survives any second connection`() {
        var session = two()
        _ = session.event(.received(.outgoing, .open(open(higher))), jitter: 0)
        _ = session.event(.received(.outgoing, .keepalive), jitter: 0)
        let actions = session.event(.received(.incoming, .open(open(higher))), jitter: 0)
        #expect(actions.notifications == ["incoming 6/7"])
        #expect(session.established == .outgoing)
    }

    @Test func `coming up ends the other side's attempts`() {
        var session = Session(configuration())
        _ = session.event(.start, jitter: 0)
        _ = session.admit(jitter: 0)
        let actions = bringUp(&session, on: .incoming)
        #expect(actions.contains(.drop(.outgoing)))
        #expect(session.state(of: .outgoing) == .idle)
        #expect(session.established == .incoming)
    }

    @Test func `what lost a collision starts again when what won has ended`() {
        var session = two()
        _ = session.event(.received(.outgoing, .open(open(lower))), jitter: 0)
        _ = session.event(.received(.incoming, .open(open(lower))), jitter: 0)
        let actions = session.event(.connectionFailed(.outgoing, "reset"), jitter: 0)
        #expect(session.state(of: .incoming) == .active)
        #expect(actions.timer(.connection(.outgoing, .idleHold)) != nil)
    }

    @Test func `a peer in graceful restart replaces its old connection`() {
        var session = established(on: .incoming)
        let (isAdmitted, actions) = session.admit(jitter: 0)
        #expect(isAdmitted)
        #expect(actions.retained == [[.ipv4Unicast, .ipv6Unicast]])
        #expect(actions.contains(.drop(.incoming)))
        #expect(session.established == nil)
    }

    @Test func `without graceful restart a second incoming connection is refused`() {
        var session = established(
            peer: peerConfiguration { $0.gracefulRestart = nil },
            on: .incoming
        )
        let (isAdmitted, actions) = session.admit(jitter: 0)
        #expect(!isAdmitted && actions.isEmpty)
        #expect(session.established == .incoming)
    }

    @Test func `a new connection replaces one that is not up yet`() {
        var session = Session(configuration { $0.isPassive = true })
        _ = session.event(.start, jitter: 0)
        _ = session.admit(jitter: 0)
        _ = session.event(.connected(.incoming), jitter: 0)
        let (isAdmitted, actions) = session.admit(jitter: 0)
        #expect(isAdmitted)
        #expect(actions.contains(.drop(.incoming)))
    }

    @Test func `a passive session never connects`() {
        var session = Session(configuration { $0.isPassive = true })
        var actions = session.event(.start, jitter: 0)
        _ = session.admit(jitter: 0)
        actions += bringUp(&session, on: .incoming)
        actions += session.event(.connectionFailed(.incoming, "closed"), jitter: 0)
        actions += session.event(.timer(.connection(.outgoing, .idleHold)), jitter: 0)
        #expect(!actions.contains(.connect))
    }

    @Test func `a session that is stopped admits nobody`() {
        var session = Session(configuration())
        #expect(!session.admit(jitter: 0).isAdmitted)
    }
}
