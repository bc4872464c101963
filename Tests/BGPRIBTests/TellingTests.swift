import BGPMessage
import BGPRIB
import Model
import Testing

/// What goes out, and how.
@Suite struct TellingTests {
    private static func updates(_ messages: [Message]) -> [UpdateMessage] {
        messages.compactMap { if case .update(let update) = $0 { update } else { nil } }
    }

    private static func fill(_ scene: Scene, _ count: UInt32, _ sets: UInt32 = 1) throws {
        for number in 0..<count {
            let prefix = try #require(Prefix(Address(v4: 0x0b00_0000 + number << 8), length: 24))
            var attributes = PathAttributes(localPreference: 100)
            attributes.multiExitDiscriminator = number % sets
            scene.rib.announce(LocalRoute(prefix, attributes: attributes))
        }
    }

    @Test func `routes with the same attributes share messages, full ones`() throws {
        let scene = Scene()
        let peer = scene.peer()
        try Self.fill(scene, 6000, 3)
        try scene.run()
        let updates = Self.updates(scene.messages(peer)).filter { $0.endOfRIB == nil }
        #expect(scene.told(peer).count == 6000)
        // 4096 octets hold about a thousand; 2000 of each kind, in parts of 2048 of all kinds.
        #expect(updates.count <= 9)
        for update in updates {
            #expect(Message.update(update).encoded(MessageContext()).count <= 4096)
        }
    }

    @Test func `long messages are used where they are agreed`() throws {
        let scene = Scene()
        let peer = scene.peer({ $0.sending.maximumLength = MessageHeader.extendedMaximum })
        try Self.fill(scene, 2000)
        try scene.run()
        #expect(Self.updates(scene.messages(peer)).filter { $0.endOfRIB == nil }.count == 1)
    }

    @Test func `a slow peer is told the state, not its history`() throws {
        let scene = Scene()
        let source = scene.peer(as: 7)
        let slow = scene.peer()
        try scene.run()
        _ = scene.messages(slow)
        for round in 0..<1000 {
            scene.send(source, "10.1.0.0/16", path: [UInt32(round + 1)])
            if round % 3 == 0 { scene.withdraw(source, "10.2.0.0/16") }
            if round % 3 == 1 { scene.send(source, "10.2.0.0/16") }
            _ = scene.rib.settle()
        }
        try scene.run()
        #expect(Self.updates(scene.messages(slow)).count <= 2)
        #expect(scene.told(slow, "10.1.0.0/16")?.asPath == ASPath(sequence: [7, 1000]))
    }

    @Test func `what nobody was told is not withdrawn`() throws {
        let scene = Scene()
        let source = scene.peer(as: 7)
        let sink = scene.peer()
        try scene.run()
        _ = scene.messages(sink)
        scene.send(source, "10.1.0.0/16")
        scene.withdraw(source, "10.1.0.0/16")
        try scene.run()
        #expect(scene.messages(sink).isEmpty)
        #expect(
            scene.messages(source).allSatisfy {
                $0 == .update(.init(endOfRIB: .ipv4Unicast))
                    || $0 == .update(.init(endOfRIB: .ipv6Unicast))
            }
        )
    }

    @Test func `the end of each family's routes is said once, after them`() throws {
        let scene = Scene()
        try Self.fill(scene, 10)
        let peer = scene.peer()
        try scene.run()
        try Self.fill(scene, 20)
        try scene.run()
        let ends = Self.updates(scene.messages(peer)).map(\.endOfRIB)
        #expect(ends == [nil, .ipv4Unicast, .ipv6Unicast, nil])
    }

    @Test func `a repetition stands between markers for those who know them`() throws {
        let scene = Scene()
        let able = scene.peer({ $0.hasEnhancedRefresh = true })
        let unable = scene.peer()
        try Self.fill(scene, 10)
        try scene.run()
        _ = scene.messages(able)
        _ = scene.messages(unable)
        scene.rib.repeatRoutes(able, .v4)
        scene.rib.repeatRoutes(unable, .v4)
        try scene.run()
        let messages = scene.messages(able)
        #expect(messages.first == .routeRefresh(RouteRefreshMessage(.ipv4Unicast, .begin)))
        #expect(messages.last == .routeRefresh(RouteRefreshMessage(.ipv4Unicast, .end)))
        #expect(Self.updates(messages).flatMap(\.nlri).count == 10)
        #expect(scene.messages(unable).count == 1)
    }

    @Test func `a family that is deferred is neither decided nor told`() throws {
        let scene = Scene()
        let peer = scene.peer()
        scene.rib.setDeferred(.v4, true)
        try Self.fill(scene, 3)
        #expect(try scene.run().isEmpty)
        #expect(Self.updates(scene.messages(peer)).map(\.endOfRIB) == [.ipv6Unicast])
        scene.rib.setDeferred(.v4, false)
        #expect(try scene.run().count == 3)
        #expect(Self.updates(scene.messages(peer)).last?.endOfRIB == .ipv4Unicast)
    }

    @Test func `IPv6 routes travel in their attribute`() throws {
        let scene = Scene()
        let peer = scene.peer(as: 7)
        let prefix = try #require(Prefix("2001:db8:1::/48"))
        scene.rib.announce(LocalRoute(prefix))
        try scene.run()
        #expect(
            scene.told(peer)[prefix]?.nextHop?.address == Address(high: 0x2001_0db8 << 32, low: 1)
        )
        scene.rib.withdraw(prefix)
        try scene.run()
        #expect(scene.told(peer).isEmpty)
    }

    @Test func `a change of policy is told as the difference`() throws {
        let scene = Scene()
        let peer = scene.peer()
        try Self.fill(scene, 100)
        try scene.run()
        _ = scene.messages(peer)
        var configuration = scene.rib.configuration(of: peer)
        let one = try #require(Prefix("11.0.5.0/24"))
        configuration.exportPolicy = RoutePolicy(
            [.init([.prefix(.init(one, .equal))], action: .reject)],
            otherwise: .accept
        )
        scene.rib.update(peer, configuration)
        try scene.run()
        let updates = Self.updates(scene.messages(peer))
        #expect(updates.flatMap(\.withdrawn).map(\.prefix) == [one])
        #expect(updates.flatMap(\.nlri).isEmpty)
    }

    @Test func `many prefixes that come and go leave nothing behind`() throws {
        let scene = Scene()
        let source = scene.peer(as: 7)
        _ = scene.peer()
        for round in 0..<40 {
            let prefixes = (0..<500).compactMap {
                Prefix(Address(v4: 0x0b00_0000 + UInt32(round * 500 + $0) << 8), length: 24)
            }
            var attributes = PathAttributes(asPath: ASPath(sequence: [7, UInt32(round + 10)]))
            attributes.nextHop = NextHop(Address(v4: 0x0a00_0909))
            let nlri = prefixes.map { NLRI($0) }
            scene.rib.receive(UpdateMessage(attributes: attributes, nlri: nlri), from: source)
            try scene.run()
            scene.rib.receive(UpdateMessage(withdrawn: nlri), from: source)
            try scene.run()
        }
        #expect(scene.rib.attributeSetCount == 0)
        #expect(scene.rib.prefixCount(.v4) <= 2048)
    }
}
