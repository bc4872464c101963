import BGPMessage
import BGPSession
import Testing

private struct Refused: CustomTestStringConvertible {
    let testDescription: String
    let sent: String
    var ours: @Sendable (inout SessionConfiguration) -> Void = { _ in }
    var change: @Sendable (inout OpenMessage) -> Void = { _ in }
    var peer: @Sendable (inout SessionConfiguration) -> Void = { _ in }
}

private let refused = [
    Refused(testDescription: "another AS", sent: "2/2", peer: { $0.localAS = 65003 }),
    Refused(testDescription: "AS 0", sent: "2/2", peer: { $0.localAS = 0 }),
    Refused(testDescription: "identifier 0", sent: "2/3", change: { $0.identifier = 0 }),
    Refused(
        testDescription: "our identifier within our AS",
        sent: "2/3",
        ours: { $0.peerAS = 65002 },
        peer: {
            $0.localAS = 65002; $0.localIdentifier = 0x0a00_0002
        }
    ),
    Refused(testDescription: "hold time 1", sent: "2/6", change: { $0.holdTime = 1 }),
    Refused(testDescription: "hold time 2", sent: "2/6", change: { $0.holdTime = 2 }),
    Refused(
        testDescription: "no common family",
        sent: "2/7",
        ours: { $0.families = [SessionFamily(.ipv6Unicast)] },
        peer: { $0.families = [SessionFamily(.ipv4Unicast)] }
    ),
    Refused(
        testDescription: "two providers",
        sent: "2/11",
        ours: { $0.role = RoleConfiguration(.provider) },
        peer: { $0.role = RoleConfiguration(.provider) }
    ),
    Refused(
        testDescription: "no role where one is demanded",
        sent: "2/11",
        ours: {
            $0.role = RoleConfiguration(.peer); $0.role?.isStrict = true
        }
    ),
]

@Suite struct NegotiationTests {
    @Test(arguments: refused)
    private func `an OPEN that cannot be accepted is answered with its code`(row: Refused) {
        var session = Session(configuration(row.ours))
        _ = session.event(.start, jitter: 0)
        _ = session.event(.connected(.outgoing), jitter: 0)
        var message = open(peerConfiguration(row.peer))
        row.change(&message)
        let actions = session.event(.received(.outgoing, .open(message)), jitter: 0)
        #expect(actions.notifications == ["outgoing \(row.sent)"])
        #expect(session.state(of: .outgoing) == .idle)
    }

    @Test func `two sessions agree on all that both can do`() throws {
        let paths: (inout SessionConfiguration) -> Void = {
            $0.families[0].sendsAdditionalPaths = true
            $0.families[1].hasExtendedNextHop = true
        }
        let peer = peerConfiguration {
            $0.families[0].receivesAdditionalPaths = true
            $0.families[0].sendsAdditionalPaths = true
            $0.holdTime = 30
        }
        let negotiated = try #require(established(configuration(paths), peer: peer).negotiated)
        #expect(negotiated.peerAS == 65001)
        #expect(negotiated.peerIdentifier == 0x0a00_0001)
        #expect(negotiated.holdTime == 30)
        #expect(negotiated.keepaliveTime == 10)
        #expect(negotiated.families == [.ipv4Unicast, .ipv6Unicast])
        #expect(negotiated.hasFourOctetAS && negotiated.hasExtendedMessages)
        #expect(negotiated.hasRouteRefresh && negotiated.hasEnhancedRouteRefresh)
        #expect(negotiated.sendsPathIdentifiers == [.ipv4Unicast])
        #expect(negotiated.receivesPathIdentifiers.isEmpty)
        #expect(negotiated.extendedNextHop.isEmpty)
        #expect(negotiated.peerRestart?.restartTime == 120)
        #expect(negotiated.peerRestart?.hasNotificationSupport == true)
    }

    @Test func `a peer without capabilities speaks IPv4 unicast in two octets`() throws {
        var session = Session(configuration())
        _ = session.event(.start, jitter: 0)
        _ = session.event(.connected(.outgoing), jitter: 0)
        var message = open(peerConfiguration())
        message.capabilities = []
        _ = session.event(.received(.outgoing, .open(message)), jitter: 0)
        _ = session.event(.received(.outgoing, .keepalive), jitter: 0)
        let negotiated = try #require(session.negotiated)
        #expect(negotiated.families == [.ipv4Unicast])
        #expect(!negotiated.hasFourOctetAS && !negotiated.hasRouteRefresh)
        #expect(negotiated.peerRestart == nil)
    }

    @Test func `an AS beyond two octets stands as AS_TRANS beside the capability`() throws {
        let large = peerConfiguration { $0.localAS = 4_200_000_001 }
        #expect(open(large).autonomousSystem == 23456)
        let ours = configuration { $0.peerAS = 4_200_000_001 }
        #expect(established(ours, peer: large).negotiated?.peerAS == 4_200_000_001)
    }

    @Test func `hold time 0 means no hold and no keepalive timer`() {
        var session = Session(configuration { $0.holdTime = 0 })
        _ = session.event(.start, jitter: 0)
        let actions = bringUp(&session)
        #expect(actions.timer(.connection(.outgoing, .keepalive)) == nil)
        #expect(actions.timer(.connection(.outgoing, .sendHold)) == nil)
        #expect(session.negotiated?.holdTime == 0)
    }

    @Test(
        arguments: [
            (90, nil, 90_000, 30_000, 480_000), (300, nil, 300_000, 100_000, 600_000),
            (90, 20, 90_000, 20_000, 480_000), (90, 60, 90_000, 30_000, 480_000),
        ] as [(UInt16, UInt16?, Int64, Int64, Int64)]
    )
    func `timers follow the hold time agreed on`(row: (UInt16, UInt16?, Int64, Int64, Int64)) {
        var session = Session(
            configuration {
                $0.holdTime = row.0; $0.keepaliveTime = row.1
            }
        )
        _ = session.event(.start, jitter: 0)
        let actions = bringUp(&session, peer: peerConfiguration { $0.holdTime = 3600 })
        #expect(actions.timer(.connection(.outgoing, .hold)) == row.2)
        #expect(actions.timer(.connection(.outgoing, .keepalive)) == row.3 * 3 / 4)
        #expect(actions.timer(.connection(.outgoing, .sendHold)) == row.4)
        let again = session.event(
            .timer(.connection(.outgoing, .keepalive)),
            jitter: 255
        )
        #expect(again.timer(.connection(.outgoing, .keepalive)) == row.3)
    }

    @Test func `a peer that knows no capabilities is tried without`() {
        var session = Session(configuration())
        _ = session.event(.start, jitter: 0)
        _ = session.event(.connected(.outgoing), jitter: 0)
        let refusal = Message.notification(notification(2, 4))
        _ = session.event(.received(.outgoing, refusal), jitter: 0)
        _ = session.event(.timer(.connection(.outgoing, .idleHold)), jitter: 0)
        let opens = session.event(.connected(.outgoing), jitter: 0).opens
        #expect(opens.map(\.capabilities) == [[]])
    }
}
