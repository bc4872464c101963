import BGPMessage
import BGPRIB
import BGPSession
import BGPSpeaker
import Linux
import Logging
import Model
import NIOCore
import NIOPosix

/// Our speaker in a namespace of a lab: its loop's thread lives there, and so do its sockets.
final class Ours: Sendable {
    let speaker: Speaker
    private let group: MultiThreadedEventLoopGroup

    init(in namespace: String) throws {
        let namespace = try NetworkNamespace.open(named: namespace)
        group = try namespace.run { MultiThreadedEventLoopGroup(numberOfThreads: 1) }
        var log = Logger(label: "speaker") { StreamLogHandler.standardError(label: $0) }
        log.logLevel = .error
        speaker = Speaker(on: group.next(), log: log)
    }

    /// Prefixes that the peers gave us and that are in use.
    func learnt() async -> Set<String> {
        var result: Set<String> = []
        for family in Family.allCases {
            for route in await speaker.routes(of: family, limit: 10_000)
            where route.peer != .local && route.isUsed {
                result.insert("\(route.prefix)")
            }
        }
        return result
    }

    func state(of name: String = "peer") async -> FSMState? {
        await speaker.status(of: PeerName(name))?.state
    }

    deinit {
        let (speaker, group) = (speaker, group)
        Task {
            await speaker.shutDown("")
            try? await group.shutdownGracefully()
        }
    }
}

enum Setting {
    static let theirs = address("10.99.0.1")
    static let theirsV6 = address("fd99::1")
    static let ourRoutes: Set<String> = ["203.0.113.0/24", "10.20.30.0/26", "2001:db8:2::/48"]

    static func address(_ text: String) -> Address {
        guard let address = Address(text) else { preconditionFailure(text) }
        return address
    }

    /// One peer, called `peer`, AS 65001.
    static func peer(
        as number: UInt32,
        _ address: Address = theirs,
        _ change: (inout PeerSettings) -> Void = { _ in }
    ) -> PeerSettings {
        var session = SessionConfiguration(
            localAS: number,
            localIdentifier: 0x0a63_0002,
            peerAS: 65001,
            families: [SessionFamily(.ipv4Unicast), SessionFamily(.ipv6Unicast)]
        )
        session.connectRetryTime = 1
        var settings = PeerSettings(address, session: session)
        settings.routes.ownNextHopV4 = NextHop(Self.address("10.99.0.2"))
        settings.routes.ownNextHopV6 = NextHop(Self.address("fd99::2"))
        change(&settings)
        return settings
    }

    static func configuration(
        as number: UInt32,
        peers: [String: PeerSettings],
        _ change: (inout SpeakerConfiguration) -> Void = { _ in }
    ) -> SpeakerConfiguration {
        var configuration = SpeakerConfiguration(
            localAS: number,
            rib: RIBConfiguration(identifier: 0x0a63_0002)
        )
        configuration.listeners = [
            Listener(Address(v4: 0)), Listener(Address(high: 0, low: 0)),
        ]
        for (name, peer) in peers { configuration.peers[PeerName(name)] = peer }
        configuration.announcements = ourRoutes.sorted().compactMap {
            Prefix($0).map { LocalRoute($0) }
        }
        change(&configuration)
        return configuration
    }
}
