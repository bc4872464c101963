import BGPMessage
import BGPRIB
import BGPSession
import BGPSpeaker
import Linux
import Logging
import Model
import NIOPosix
import Routing

/// Our speaker with the peers of a plan, for as long as it is not killed.
enum Ours {
    static func run(_ plan: Plan) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        var log = Logger(label: "speaker") { StreamLogHandler.standardError(label: $0) }
        log.logLevel = .warning
        let speaker = Speaker(on: group.next(), log: log)
        var rib = RIBConfiguration(identifier: Plan.speaker.v4 ?? 1)
        rib.reportsBestChanges = plan.writesKernel
        var configuration = SpeakerConfiguration(localAS: Plan.speakerAS, rib: rib)
        configuration.listeners = [Listener(Plan.speaker)]
        for peer in plan.peers {
            configuration.peers[PeerName("\(peer.address)")] = settings(peer)
        }
        await speaker.configure(configuration)
        if plan.writesKernel { try await write(speaker) }
        while true { try await Task.sleep(for: .seconds(3600)) }
    }

    private static func settings(_ peer: Plan.Peer) -> PeerSettings {
        var session = SessionConfiguration(
            localAS: Plan.speakerAS,
            localIdentifier: Plan.speaker.v4 ?? 1,
            peerAS: peer.autonomousSystem,
            families: [SessionFamily(.ipv4Unicast)]
        )
        session.isPassive = true
        var settings = PeerSettings(peer.address, session: session)
        settings.routes.isReflectorClient = peer.isClient
        return settings
    }

    /// As `caracal bgp` does, without a configuration that judges routes.
    private static func write(_ speaker: Speaker) async throws {
        let keeper = LearntRouteKeeper(executor: try ThreadExecutor())
        while true {
            var changes: [Prefix: LearntRoute?] = [:]
            for change in await speaker.nextLearnt() {
                guard let best = change.best, let nextHop = best.nextHop else {
                    changes[change.prefix] = .some(nil)
                    continue
                }
                let hops = [nextHop] + best.furtherNextHops
                changes[change.prefix] = LearntRoute(via: hops.map { Gateway($0.address) })
            }
            _ = try await keeper.apply(changes)
        }
    }
}
