import BGPMessage
import BGPRIB
import Model
import Testing

/// Where routes may go, and what is done to them on the way.
@Suite struct RuleTests {
    static let prefix = "10.1.0.0/16"

    @Test func `routes from inside go inside by reflection only`() throws {
        let scene = Scene()
        let plain = [scene.peer(), scene.peer()]
        let clients = [
            scene.peer({ _ in }) { $0.isReflectorClient = true },
            scene.peer({ _ in }) { $0.isReflectorClient = true },
        ]
        let outside = scene.peer(as: 7)
        scene.send(plain[0], "10.1.0.0/16")
        scene.send(clients[0], "10.2.0.0/16")
        scene.send(outside, "10.3.0.0/16")
        try scene.run()
        #expect(
            scene.told(plain[0]).keys.map(\.description).sorted() == ["10.2.0.0/16", "10.3.0.0/16"]
        )
        #expect(
            scene.told(plain[1]).keys.map(\.description).sorted() == ["10.2.0.0/16", "10.3.0.0/16"]
        )
        #expect(
            scene.told(clients[0]).keys.map(\.description).sorted() == [
                "10.1.0.0/16", "10.3.0.0/16",
            ]
        )
        #expect(scene.told(clients[1]).count == 3)
        #expect(scene.told(outside).count == 2)
        let reflected = try #require(scene.told(clients[1], "10.1.0.0/16"))
        #expect(reflected.originatorID == 0x0a00_0200 + UInt32(plain[0].rawValue))
        #expect(reflected.clusterList == [0x0a00_0001])
        #expect(reflected.nextHop == NextHop(Address(v4: 0x0a00_0909)))
        let passedOn = try #require(scene.told(clients[1], "10.3.0.0/16"))
        #expect(passedOn.originatorID == nil && passedOn.localPreference == 100)
    }

    struct Loop: CustomTestStringConvertible {
        let testDescription: String
        let reason: Ineligibility
        let change: @Sendable (inout PathAttributes) -> Void
    }

    static let loops = [
        Loop(testDescription: "our AS", reason: .asLoop) {
            $0.asPath = ASPath(sequence: [7, Scene.ownAS])
        },
        Loop(testDescription: "our identifier", reason: .originatorLoop) {
            $0.originatorID = 0x0a00_0001
        },
        Loop(testDescription: "our cluster", reason: .clusterLoop) {
            $0.clusterList = [5, 0x0a00_0001]
        },
    ]

    @Test(arguments: loops)
    func `what went through us is not taken again`(_ loop: Loop) throws {
        let scene = Scene()
        let peer = scene.peer()
        scene.send(peer, Self.prefix) { loop.change(&$0) }
        #expect(try scene.run().isEmpty)
        let prefix = try #require(Prefix(Self.prefix))
        #expect(scene.rib.explain(prefix).paths.map(\.route.ineligibility) == [loop.reason])
        #expect(scene.rib.counters(peer, .v4).received == 1)
        #expect(scene.rib.counters(peer, .v4).accepted == 0)
        var configuration = scene.rib.configuration(of: peer)
        configuration.allowedOwnAS = 1
        scene.rib.update(peer, configuration)
        #expect(try scene.run().count == (loop.reason == .asLoop ? 1 : 0))
    }

    @Test func `well-known communities stop routes where they say`() throws {
        let scene = Scene()
        let source = scene.peer(as: 7)
        let inside = scene.peer()
        let outside = scene.peer(as: 8)
        scene.send(source, "10.1.0.0/16") { $0.add(Community.noExport) }
        scene.send(source, "10.2.0.0/16") { $0.add(Community.noAdvertise) }
        scene.send(source, "10.3.0.0/16") { $0.add(Community.noExportSubconfederation) }
        try scene.run()
        #expect(
            scene.told(inside).keys.map(\.description).sorted() == ["10.1.0.0/16", "10.3.0.0/16"]
        )
        #expect(scene.told(outside).isEmpty)
    }

    @Test func `graceful shutdown makes a route the last choice`() throws {
        let scene = Scene()
        let leaving = scene.peer(as: 7)
        let staying = scene.peer(as: 8)
        scene.send(leaving, Self.prefix) { $0.add(Community.gracefulShutdown) }
        scene.send(staying, Self.prefix, path: [9, 9, 9])
        try scene.run()
        let prefix = try #require(Prefix(Self.prefix))
        #expect(scene.rib.best(prefix)?.source == staying)
    }

    @Test func `without a policy nothing passes between ASes where that is asked for`() throws {
        let scene = Scene { $0.requiresExternalPolicy = true }
        let mute = scene.peer(as: 7)
        let open = scene.peer(as: 8, { _ in }) {
            $0.importPolicy = .acceptAll
            $0.exportPolicy = .acceptAll
        }
        let inside = scene.peer()
        scene.send(mute, "10.1.0.0/16")
        scene.send(open, "10.2.0.0/16")
        scene.send(inside, "10.3.0.0/16")
        try scene.run()
        #expect(scene.told(mute).isEmpty)
        #expect(scene.told(open).count == 1)
        #expect(scene.told(inside).count == 1)
        var configuration = scene.rib.configuration(of: mute)
        configuration.importPolicy = .acceptAll
        scene.rib.update(mute, configuration)
        try scene.run()
        #expect(scene.told(inside).count == 2)
    }

    @Test func `roles keep routes from leaking`() throws {
        let scene = Scene()
        let provider = scene.peer(as: 7, { _ in }) { $0.role = .customer }
        let customer = scene.peer(as: 8, { _ in }) { $0.role = .provider }
        let other = scene.peer(as: 9, { _ in }) { $0.role = .customer }
        let lateral = scene.peer(as: 10, { _ in }) { $0.role = .peer }
        scene.send(provider, "10.1.0.0/16")
        scene.send(customer, "10.2.0.0/16")
        scene.send(customer, "10.3.0.0/16") { $0.onlyToCustomer = 5 }
        scene.send(lateral, "10.4.0.0/16") { $0.onlyToCustomer = 5 }
        scene.send(lateral, "10.5.0.0/16")
        try scene.run()
        #expect(scene.told(customer, "10.1.0.0/16")?.onlyToCustomer == 7)
        #expect(scene.told(other, "10.1.0.0/16") == nil)
        #expect(scene.told(other, "10.2.0.0/16")?.onlyToCustomer == nil)
        #expect(scene.told(lateral, "10.2.0.0/16")?.onlyToCustomer == Scene.ownAS)
        #expect(scene.told(other, "10.3.0.0/16") == nil)
        #expect(scene.told(customer, "10.4.0.0/16") == nil)
        #expect(scene.told(customer, "10.5.0.0/16")?.onlyToCustomer == 10)
        #expect(scene.told(provider, "10.5.0.0/16") == nil)
        let leak = try #require(Prefix("10.3.0.0/16"))
        #expect(scene.rib.explain(leak).paths.map(\.route.ineligibility) == [.routeLeak])
    }

    @Test func `next hops are ours or the route's, as the mode says`() throws {
        let scene = Scene()
        let source = scene.peer(as: 7)
        let own = NextHop(Address(v4: 0x0a00_0001))
        let kept = NextHop(Address(v4: 0x0a00_0909))
        let expected: [(PeerID, NextHop)] = [
            (scene.peer(), kept), (scene.peer(as: 8), own),
            (scene.peer({ _ in }) { $0.nextHopMode = .own }, own),
            (scene.peer(as: 8, { _ in }) { $0.nextHopMode = .keep }, kept),
        ]
        scene.send(source, Self.prefix)
        try scene.run()
        for (peer, nextHop) in expected {
            #expect(scene.told(peer, Self.prefix)?.nextHop == nextHop, "\(peer)")
        }
    }

    @Test func `a router of another AS on our subnet sends to others there itself`() throws {
        let scene = Scene()
        let subnet = Prefix("10.0.0.0/16")
        let source = scene.peer()
        let near = scene.peer(as: 8, { _ in }) {
            $0.address = Address(v4: 0x0a00_0808)
            $0.commonSubnet = subnet
        }
        let elsewhere = scene.peer(as: 9, { _ in }) {
            $0.address = Address(v4: 0x0b00_0101)
            $0.commonSubnet = subnet
        }
        let own = NextHop(Address(v4: 0x0a00_0001))
        // One behind a node of the subnet, one behind another network, one behind the router itself.
        for (prefix, nextHop) in [
            ("10.1.0.0/16", 0x0a00_0909), ("10.2.0.0/16", 0x0c00_0909),
            ("10.3.0.0/16", 0x0a00_0808),
        ] as [(String, UInt32)] {
            scene.send(source, prefix, nextHop: nextHop)
        }
        try scene.run()
        #expect(
            scene.told(near, "10.1.0.0/16")?.nextHop == NextHop(Address(v4: 0x0a00_0909))
        )
        #expect(scene.told(near, "10.2.0.0/16")?.nextHop == own)
        #expect(scene.told(near, "10.3.0.0/16")?.nextHop == own)
        #expect(scene.told(elsewhere, "10.1.0.0/16")?.nextHop == own)
    }

    @Test func `IPv4 goes over IPv6 only to those who can`() throws {
        let scene = Scene()
        let able = scene.peer(as: 7, { $0.hasExtendedNextHop = true }) { $0.ownNextHopV4 = nil }
        let unable = scene.peer(as: 8, { _ in }) { $0.ownNextHopV4 = nil }
        let prefix = try #require(Prefix(Self.prefix))
        scene.rib.announce(LocalRoute(prefix))
        try scene.run()
        #expect(scene.told(able, Self.prefix)?.nextHop?.address.family == .v6)
        #expect(scene.told(unable).isEmpty)
    }

    @Test func `stale routes go when swept, and come last when kept for long`() throws {
        let scene = Scene()
        let peer = scene.peer(as: 7)
        let able = scene.peer({ $0.isLongLivedCapable = true })
        let unable = scene.peer()
        scene.send(peer, "10.1.0.0/16", "10.2.0.0/16")
        scene.send(peer, "10.3.0.0/16") { $0.add(Community.noLongLived) }
        try scene.run()
        scene.close(peer, retaining: .v4)
        #expect(try scene.run().isEmpty)
        #expect(scene.rib.counters(peer, .v4).stale == 3)
        scene.rib.beginLongLived(peer, .v4)
        try scene.run()
        #expect(scene.told(able).count == 2)
        #expect(scene.told(able, "10.1.0.0/16")?.contains(.longLivedStale) == true)
        #expect(scene.told(unable).isEmpty)
        scene.open(peer)
        scene.send(peer, "10.1.0.0/16")
        scene.rib.sweepStale(peer, .v4)
        try scene.run()
        #expect(scene.told(able).keys.map(\.description) == ["10.1.0.0/16"])
        #expect(scene.told(unable).keys.map(\.description) == ["10.1.0.0/16"])
        #expect(scene.rib.counters(peer, .v4).stale == 0)
    }

    @Test func `what a repetition leaves out is gone`() throws {
        let scene = Scene()
        let peer = scene.peer()
        scene.send(peer, "10.1.0.0/16", "10.2.0.0/16")
        scene.rib.beginRefresh(peer, .v4)
        scene.send(peer, "10.2.0.0/16")
        scene.rib.endRefresh(peer, .v4)
        #expect(scene.rib.counters(peer, .v4).received == 1)
    }
}
