import BFD
import BGPMessage
import BGPRIB
import BGPSession
import BGPSpeaker
import Model
import Testing

private func base() -> SpeakerConfiguration {
    var configuration = SpeakerConfiguration(
        localAS: 65002,
        rib: RIBConfiguration(identifier: 2)
    )
    configuration.listeners = [Listener(Address(v4: 0))]
    for number in 1...3 as ClosedRange<UInt32> {
        let session = SessionConfiguration(
            localAS: 65002,
            localIdentifier: 2,
            peerAS: 65000,
            families: [SessionFamily(.ipv4Unicast)]
        )
        configuration.peers[PeerName("p\(number)")] = PeerSettings(
            Address(v4: number),
            session: session
        )
    }
    return configuration
}

private struct Row: CustomTestStringConvertible {
    let testDescription: String
    let expected: PeerDifference
    let change: @Sendable (inout PeerSettings) -> Void
}

private let rows = [
    Row(testDescription: "password", expected: .reset) { $0.password = "new" },
    Row(testDescription: "source address", expected: .reset) { $0.sourceAddress = Address(v4: 9) },
    Row(testDescription: "distance", expected: .reset) { $0.distance = .multihop(3) },
    Row(testDescription: "hold time", expected: [.session, .reset]) { $0.session.holdTime = 9 },
    Row(testDescription: "retry time", expected: .session) { $0.session.connectRetryTime = 9 },
    Row(testDescription: "limit", expected: .session) {
        $0.session.families[0].maximumPrefixes = 4
    },
    Row(testDescription: "filter", expected: .routes) { $0.routes.importPolicy = .rejectAll },
    Row(testDescription: "BFD", expected: .bfd) { $0.bfd = .init() },
    Row(testDescription: "shutdown", expected: .shutdown) { $0.shutdown = "" },
]

@Suite struct SpeakerDifferenceTests {
    @Test func `the same configuration touches nothing`() {
        #expect(SpeakerDifference(from: base(), to: base()).isEmpty)
    }

    @Test(arguments: rows)
    private func `a change of one peer is of that peer alone`(row: Row) throws {
        var new = base()
        let name = PeerName("p2")
        var peer = try #require(new.peers[name])
        row.change(&peer)
        new.peers[name] = peer
        let difference = SpeakerDifference(from: base(), to: new)
        #expect(difference.changed == [name: row.expected])
        #expect(difference.added.isEmpty && difference.removed.isEmpty)
        #expect(difference.opened.isEmpty && difference.closed.isEmpty)
        #expect(!difference.hasOtherIdentity && !difference.hasOtherAnnouncements)
    }

    @Test func `peers and listeners come and go one by one`() {
        var new = base()
        new.peers[PeerName("p1")] = nil
        new.peers[PeerName("p4")] = new.peers[PeerName("p2")]
        new.listeners = [Listener(Address(v4: 0), port: 1790)]
        let difference = SpeakerDifference(from: base(), to: new)
        #expect(difference.added == [PeerName("p4")])
        #expect(difference.removed == [PeerName("p1")])
        #expect(difference.changed.isEmpty)
        #expect(difference.opened == [Listener(Address(v4: 0), port: 1790)])
        #expect(difference.closed == [Listener(Address(v4: 0))])
    }
}
