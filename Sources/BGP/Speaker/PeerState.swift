import BFD
import BGPMessage
import BGPRIB
import BGPSession
import NIOCore

/// What the speaker holds for one peer.
struct PeerState {
    let name: PeerName
    var configuration: PeerSettings {
        didSet { hasLimits = configuration.hasLimits }
    }
    /// Some family has a limit of prefixes.
    private(set) var hasLimits: Bool
    var session: Session
    let id: PeerID
    var timers = PeerTimers()
    /// The connection, or the attempt, of each side.
    var connections: [Side: ConnectionID] = [:]
    /// Since when the session is in its state.
    var since = NIODeadline.now()
    /// Why it left the last state.
    var lastReason = ""
    var establishedCount = 0
    var counters = MessageCounters()

    init(_ name: PeerName, _ configuration: PeerSettings, _ id: PeerID) {
        self.name = name
        self.id = id
        self.configuration = configuration
        hasLimits = configuration.hasLimits
        session = Session(configuration.session)
    }
}

extension PeerSettings {
    fileprivate var hasLimits: Bool {
        session.families.contains { $0.maximumPrefixes != nil }
    }
}

/// Messages of a peer since it was configured.
package struct MessageCounters: Hashable, Sendable {
    package var messagesReceived: UInt64 = 0
    package var messagesSent: UInt64 = 0
    package var updatesReceived: UInt64 = 0
    package var bytesReceived: UInt64 = 0
    package var bytesSent: UInt64 = 0
    /// UPDATEs with faults that the session outlived (RFC 7606).
    package var faultyUpdates: UInt64 = 0
}
