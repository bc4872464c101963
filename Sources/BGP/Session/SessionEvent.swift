package import BGPMessage

/// What happens to a session.
package enum SessionEvent: Hashable, Sendable {
    /// By the operator or at the beginning.
    case start
    /// Down until started again; the peer is told why.
    case stop(Stop)
    /// Down and up again.
    case reset(Stop)
    /// Down without a word, so that a peer that can do graceful restart keeps our routes.
    case leave
    /// The connection we wanted is there, or one of the peer's was accepted.
    case connected(Side)
    case connectionFailed(Side, String)
    case received(Side, Message)
    /// What the peer sent is no message; the NOTIFICATION says why.
    case malformed(Side, NotificationMessage)
    /// An UPDATE that nothing milder than a reset answers (RFC 7606).
    case updateError(NotificationMessage)
    /// The peer took bytes.
    case transmitted(Side)
    case timer(SessionTimer)
    /// The peer sent more than ``SessionFamily/maximumPrefixes``.
    case maximumPrefixesReached(AddressFamily, Int)
    /// BFD has lost the path (RFC 5882 §4.2, RFC 9384).
    case pathLost
    /// We want the peer's routes of a family once more (RFC 2918).
    case refresh(AddressFamily)
}

extension SessionEvent {
    /// The event in words, for logs.
    package var name: String {
        switch self {
        case .start: "started"
        case .stop: "stopped"
        case .reset: "reset"
        case .leave: "this speaker restarts"
        case .connected(.outgoing): "connected"
        case .connected(.incoming): "the peer connected"
        case .connectionFailed(_, let why): "connection failed: \(why)"
        case .received(_, .open): "received OPEN"
        case .received(_, .keepalive): "received KEEPALIVE"
        case .received: "received a message"
        case .malformed(_, let error), .updateError(let error): "malformed: \(error)"
        case .transmitted: "transmitted"
        case .timer(let timer): "timer \(timer)"
        case .maximumPrefixesReached(let family, let limit): "over \(limit) prefixes in \(family)"
        case .pathLost: "BFD lost the path"
        case .refresh: "refresh"
        }
    }
}

/// Why we end a session (RFC 4486, RFC 9003).
package enum Stop: Hashable, Sendable {
    /// With the operator's text; what does not fit into 255 bytes is left out.
    case administrativeShutdown(String)
    case administrativeReset(String)
    case peerDeconfigured
    case configurationChange
    case outOfResources
}

/// The timers of a session.
package enum SessionTimer: Hashable, Sendable {
    case connection(Side, FSMTimer)
    /// The session has been up long enough for its failures to be forgotten.
    case stable
    /// The peer has not come back (RFC 4724 §4.2).
    case restart
    /// The peer is back, but has not sent all its End-of-RIBs (RFC 4724 §4.2).
    case staleRoutes
    /// RFC 9494 §4.3.
    case longLived(AddressFamily)
    /// The peer began a refresh and did not end it (RFC 7313 §4).
    case refresh(AddressFamily)
}

/// What the shell around a session is to do, in order.
package enum SessionAction: Hashable, Sendable {
    /// Open a connection; the answer is ``SessionEvent/connected(_:)`` or a failure.
    case connect
    /// Close a connection, or give up opening it, once what was sent before is out.
    case drop(Side)
    case send(Side, Message)
    /// Milliseconds; starting a timer that runs starts it anew.
    case startTimer(SessionTimer, Int64)
    case stopTimer(SessionTimer)
    case stateChanged(StateChange)
    /// From now on this connection carries routes.
    case up(Side, Negotiated)
    /// No connection carries routes any more. Routes of retained families become stale, all
    /// others of the peer go.
    case down(SessionEnd, retained: [AddressFamily])
    case update(UpdateMessage)
    case endOfRIB(AddressFamily)
    /// What is there now is stale until it comes again (RFC 7313 §4).
    case markStale(AddressFamily)
    /// What is still stale goes.
    case dropStale(AddressFamily)
    /// What is stale becomes long-lived stale (RFC 9494 §4.3).
    case keepLongLived(AddressFamily)
    /// The peer wants our routes again: with markers if it knows them (RFC 7313).
    case readvertise(AddressFamily, marked: Bool)
}

/// A change of a session's state and why.
package struct StateChange: Hashable, Sendable {
    package let from: FSMState
    package let to: FSMState
    /// In words, for logs.
    package let reason: String

    package init(from: FSMState, to: FSMState, reason: String) {
        self.from = from
        self.to = to
        self.reason = reason
    }
}
