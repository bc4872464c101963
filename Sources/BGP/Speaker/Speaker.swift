import BGPMessage
import BGPRIB
import BGPSession
package import Logging
package import NIOCore
import NIOPosix

/// A BGP speaker: sockets and timers around the sessions and the routes, all on one event loop.
///
/// The actor's executor is that loop, so everything about routes happens on one thread and needs
/// no lock. Work is cut into slices: what a connection brought is taken up to 64 KiB at a time,
/// and what peers are to get is written only as far as their sockets take it, for some two
/// milliseconds a turn. Between slices the loop looks at sockets and timers, so that keepalives
/// are never late behind bulk work.
package actor Speaker {
    nonisolated let loop: any EventLoop
    private nonisolated let executor: any SerialExecutor
    nonisolated let log: Logger

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        executor.asUnownedSerialExecutor()
    }

    package internal(set) var configuration: SpeakerConfiguration
    var peers: [PeerName: PeerState] = [:]
    /// Peers by where their connections come from.
    var names: [PeerKey: PeerName] = [:]
    var connections: [ConnectionID: Connection] = [:]
    var listeners: [Listener: any Channel] = [:]
    var lastConnection: UInt64 = 0
    var rib: RIB
    /// Our own routes as the RIB has them.
    var announced: [AnnouncementKey: LocalRoute] = [:]
    var learnt = LearntChanges()
    var isDraining = false
    var bfd = BFDPeers()
    var deferral: Deferral<PeerName>?
    /// Peers that are up, in the order of their turns.
    var served: [PeerName] = []
    var nextServed = 0
    var isServing = false
    var isStopped = false

    /// A speaker that does nothing until it is configured.
    ///
    /// - Parameters:
    ///   - loop: of `MultiThreadedEventLoopGroup`; it is the speaker's alone.
    ///   - log: gets a line for each change of a session's state, with its reason.
    package init(on loop: any EventLoop, log: Logger) {
        self.loop = loop
        executor = loop.executor
        self.log = log
        configuration = SpeakerConfiguration(localAS: 0, rib: RIBConfiguration(identifier: 0))
        rib = RIB(RIBConfiguration(identifier: 0))
    }

    nonisolated func jitter() -> UInt8 { UInt8.random(in: 0...255) }
}

/// Where a peer's connections come from.
struct PeerKey: Hashable {
    var address: SocketAddressKey

    init(_ address: SocketAddressKey) {
        self.address = address
    }
}
