import BGPMessage
import BGPRIB
import Model
import Testing

/// RFC 4271 §9.1.2.2 and RFC 4456 §9, step by step.
@Suite struct DecisionTests {
    typealias Change = @Sendable (inout PathAttributes) -> Void

    struct Case: CustomTestStringConvertible {
        let testDescription: String
        let step: DecisionStep
        var winnerAS = Scene.ownAS
        var loserAS = Scene.ownAS
        var winnerPath: [UInt32] = [7]
        var loserPath: [UInt32] = [7]
        let winner: Change
        let loser: Change

        init(
            _ name: String,
            _ step: DecisionStep,
            winnerAS: UInt32 = Scene.ownAS,
            loserAS: UInt32 = Scene.ownAS,
            winnerPath: [UInt32] = [7],
            loserPath: [UInt32] = [7],
            winner: @escaping Change = { _ in },
            loser: @escaping Change = { _ in }
        ) {
            testDescription = name
            self.step = step
            self.winnerAS = winnerAS
            self.loserAS = loserAS
            self.winnerPath = winnerPath
            self.loserPath = loserPath
            self.winner = winner
            self.loser = loser
        }
    }

    static let cases = [
        Case("stale for long", .longLivedStale) {
            $0.localPreference = 1
        } loser: {
            $0.add(Community.longLivedStale)
        },
        Case("local preference", .localPreference) { $0.localPreference = 101 },
        Case("length of the path", .asPathLength, loserPath: [7, 8]),
        Case("origin", .origin, loser: { $0.origin = .egp }),
        Case(
            "MED of one AS",
            .multiExitDiscriminator,
            winner: { $0.multiExitDiscriminator = 1 },
            loser: { $0.multiExitDiscriminator = 2 }
        ),
        Case(
            "no MED is the least",
            .multiExitDiscriminator,
            loser: { $0.multiExitDiscriminator = 1 }
        ),
        Case("from outside", .externalOverInternal, winnerAS: 7, winnerPath: [], loserPath: [7]),
        Case("interior cost", .interiorCost, loser: { $0.nextHop = NextHop(Self.far) }),
        Case(
            "originator",
            .identifier,
            winner: {
                $0.originatorID = 1; $0.clusterList = [9, 9]
            },
            loser: { $0.originatorID = 2 }
        ),
        Case(
            "length of the cluster list",
            .clusterListLength,
            winner: { $0.originatorID = 1 },
            loser: {
                $0.originatorID = 1; $0.clusterList = [9]
            }
        ),
        Case(
            "address of the peer",
            .peerAddress,
            winner: { $0.originatorID = 1 },
            loser: { $0.originatorID = 1 }
        ),
        Case(
            "MEDs of different ASes say nothing: the identifier decides",
            .identifier,
            winnerPath: [8],
            winner: { $0.multiExitDiscriminator = 9 },
            loser: { $0.multiExitDiscriminator = 1 }
        ),
    ]

    static let far = Address(v4: 0x0a00_0707)

    @Test(arguments: cases, [false, true])
    func `the better path wins, whichever comes first`(_ c: Case, _ isReversed: Bool) throws {
        let scene = Scene()
        scene.rib.resolve(Self.far, .reachable(cost: 10, interface: nil))
        let winner = scene.peer(as: c.winnerAS)
        let loser = scene.peer(as: c.loserAS)
        func send(_ scene: Scene, _ isWinner: Bool) throws {
            if isWinner {
                scene.send(winner, "10.1.0.0/16", path: c.winnerPath, c.winner)
            } else {
                scene.send(loser, "10.1.0.0/16", path: c.loserPath, c.loser)
            }
            try scene.run()
        }
        try send(scene, !isReversed)
        try send(scene, isReversed)
        let prefix = try #require(Prefix("10.1.0.0/16"))
        #expect(scene.rib.best(prefix)?.source == winner)
        let explanation = scene.rib.explain(prefix)
        #expect(explanation.paths.map(\.route.peer) == [winner, loser])
        #expect(explanation.paths.map(\.lost) == [nil, c.step])
    }

    @Test func `a MED counts only among the paths of its AS, whatever their order`() throws {
        // B beats A by MED, C beats B by identifier, A would beat C: only removal by groups is stable.
        let prefix = try #require(Prefix("10.1.0.0/16"))
        for order in [[0, 1, 2], [0, 2, 1], [1, 0, 2], [1, 2, 0], [2, 0, 1], [2, 1, 0]] {
            let scene = Scene()
            let peers = [scene.peer(), scene.peer(), scene.peer()]
            for index in order {
                scene.send(peers[index], "10.1.0.0/16", path: [index == 2 ? 8 : 7]) {
                    $0.originatorID = [1, 3, 2][index]
                    $0.multiExitDiscriminator = [20, 10, 30][index]
                }
                try scene.run()
            }
            #expect(scene.rib.best(prefix)?.source == peers[2], "\(order)")
        }
    }

    @Test func `equally good paths are used together`() throws {
        let scene = Scene { $0.maximumPaths = 2 }
        let peers = [scene.peer(), scene.peer(), scene.peer()]
        for (index, peer) in peers.enumerated() {
            scene.send(peer, "10.1.0.0/16", nextHop: 0x0a00_0a00 + UInt32(index))
        }
        let changes = try scene.run()
        #expect(changes.count == 1)
        #expect(changes[0].best?.source == peers[0])
        #expect(changes[0].best?.nextHop == NextHop(Address(v4: 0x0a00_0a00)))
        #expect(changes[0].best?.furtherNextHops == [NextHop(Address(v4: 0x0a00_0a01))])
        scene.withdraw(peers[1], "10.1.0.0/16")
        let more = try scene.run()
        #expect(more[0].best?.furtherNextHops == [NextHop(Address(v4: 0x0a00_0a02))])
    }

    @Test func `a next hop that cannot be reached takes its routes out`() throws {
        let scene = Scene { $0.assumesReachable = false }
        let peer = scene.peer()
        scene.send(peer, "10.1.0.0/16")
        #expect(try scene.run().isEmpty)
        let hop = Address(v4: 0x0a00_0909)
        #expect(scene.rib.takeUnresolvedNextHops() == [hop])
        scene.rib.resolve(hop, .reachable(cost: 1, interface: "eth0"))
        #expect(try scene.run().map(\.best?.source) == [peer])
        scene.rib.resolve(hop, .unreachable)
        #expect(try scene.run().map(\.best) == [nil])
        let prefix = try #require(Prefix("10.1.0.0/16"))
        let explanation = scene.rib.explain(prefix)
        #expect(explanation.paths.map(\.route.ineligibility) == [.unreachableNextHop])
    }
}
