/// What happens to a session.
///
/// A jitter is any number, evenly distributed: randomness comes from outside.
package enum BFDEvent: Hashable, Sendable {
    case start(jitter: UInt8)
    /// A packet that passed ``BFDPacket/init(_:)`` and the path's TTL, and is of this session.
    case packet(BFDPacket)
    case transmitTimerFired(jitter: UInt8)
    case detectionTimerFired
    case configure(BFDConfiguration)
    /// Down on purpose, and the other end is told so.
    case adminDown
    case adminUp(jitter: UInt8)
}

/// What the shell is to do.
package enum BFDAction: Hashable, Sendable {
    case send(BFDPacket)
    /// Microseconds.
    case startTransmitTimer(UInt32)
    case stopTransmitTimer
    /// Microseconds.
    case startDetectionTimer(UInt64)
    case stopDetectionTimer
    case stateChanged(BFDChange)
}

/// A change of a session's state and why.
package struct BFDChange: Hashable, Sendable {
    package let from: BFDState
    package let to: BFDState
    package let reason: BFDDiagnostic

    package init(from: BFDState, to: BFDState, _ reason: BFDDiagnostic) {
        self.from = from
        self.to = to
        self.reason = reason
    }

    /// The client is to be told that the path is lost.
    ///
    /// Not when the other end is administratively down (RFC 5882 §3.2, §4.1): that says nothing
    /// of the path.
    package func isPathLoss(remote: BFDState) -> Bool {
        from == .up && to == .down && remote != .adminDown
    }
}
