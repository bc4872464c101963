import BGPMessage
import BGPRIB
import BGPSession
import BGPSpeaker
import Glibc
import Linux
import Logging
import Model
import NIOPosix

/// Our speaker with the two peers of ``Drive``, for as long as it is not killed.
enum Ours {
    static func run(_ drive: Drive) async throws {
        let group = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        var log = Logger(label: "speaker") { StreamLogHandler.standardError(label: $0) }
        log.logLevel = .warning
        let speaker = Speaker(on: group.next(), log: log)
        var rib = RIBConfiguration(identifier: drive.target.v4 ?? 1)
        rib.reportsBestChanges = false
        var configuration = SpeakerConfiguration(localAS: 65002, rib: rib)
        configuration.listeners = [Listener(drive.target, port: drive.port)]
        for (name, address, number) in [
            ("sender", drive.sender, drive.senderAS),
            ("receiver", drive.receiver, drive.receiverAS),
        ] {
            var session = SessionConfiguration(
                localAS: 65002,
                localIdentifier: drive.target.v4 ?? 1,
                peerAS: number,
                families: [SessionFamily(.ipv4Unicast)]
            )
            session.isPassive = true
            configuration.peers[PeerName(name)] = PeerSettings(address, session: session)
        }
        await speaker.configure(configuration)
        while true { try await Task.sleep(for: .seconds(3600)) }
    }
}
