/// What an operator sets for a session; intervals are microseconds.
package struct BFDConfiguration: Hashable, Sendable {
    package var desiredMinTransmit: UInt32
    package var requiredMinReceive: UInt32
    /// At least 1.
    package var detectMultiplier: UInt8

    /// Refuses nothing: zeros are raised to 1, as a packet must not carry them.
    package init(
        desiredMinTransmit: UInt32 = 300_000,
        requiredMinReceive: UInt32 = 300_000,
        detectMultiplier: UInt8 = 3
    ) {
        self.desiredMinTransmit = max(desiredMinTransmit, 1)
        self.requiredMinReceive = requiredMinReceive
        self.detectMultiplier = max(detectMultiplier, 1)
    }
}

/// One BFD session in asynchronous mode (RFC 5880 §6), without clock and socket.
///
/// The shell around it sends what ``BFDAction/send(_:)`` holds, and runs two timers; starting one
/// that runs starts it anew. The names of the RFC's variables (§6.8.1) stand beside ours.
package struct BFDSession: Sendable {
    /// bfd.SessionState.
    package private(set) var state = BFDState.down
    /// bfd.LocalDiag.
    package private(set) var diagnostic = BFDDiagnostic.none
    /// bfd.RemoteSessionState.
    package private(set) var remoteState = BFDState.down
    /// What the other end last gave as its reason.
    package private(set) var remoteDiagnostic = BFDDiagnostic.none
    /// bfd.LocalDiscr; not 0, and no other session of this system has it.
    package let localDiscriminator: UInt32
    /// bfd.RemoteDiscr; 0 while nothing is heard.
    package private(set) var remoteDiscriminator: UInt32 = 0
    package private(set) var configuration: BFDConfiguration

    /// bfd.RemoteMinRxInterval.
    private var remoteMinReceive: UInt32 = 1
    /// The other end's Desired Min TX Interval.
    private var remoteMinTransmit: UInt32 = 0
    private var remoteDetectMultiplier: UInt8 = 0
    /// bfd.RemoteDemandMode.
    private var isRemoteDemanding = false
    /// A poll sequence runs: every periodic packet asks until a final comes (§6.5).
    package private(set) var isPolling = false
    /// What counts until a running poll sequence ends (§6.8.3).
    private var transmitIntervalInUse: UInt32
    private var receiveIntervalInUse: UInt32
    private var isTransmitting = false

    /// While a session is not up it sends no faster than this (§6.8.3).
    static let slowTransmit: UInt32 = 1_000_000

    package init(localDiscriminator: UInt32, _ configuration: BFDConfiguration) {
        precondition(localDiscriminator != 0, "a discriminator is not 0")
        self.localDiscriminator = localDiscriminator
        self.configuration = configuration
        transmitIntervalInUse = max(configuration.desiredMinTransmit, Self.slowTransmit)
        receiveIntervalInUse = configuration.requiredMinReceive
    }

    package mutating func event(_ event: BFDEvent) -> [BFDAction] {
        switch event {
        case .start(let jitter): return start(jitter: jitter)
        case .packet(let packet): return received(packet)
        case .transmitTimerFired(let jitter): return transmitTimerFired(jitter: jitter)
        case .detectionTimerFired: return detectionTimerFired()
        case .configure(let new): return configure(new)
        case .adminDown: return adminDown()
        case .adminUp(let jitter):
            guard state == .adminDown else { return [] }
            return move(to: .down, .none) + start(jitter: jitter)
        }
    }
}

// MARK: - Timers

extension BFDSession {
    /// bfd.DesiredMinTxInterval: what the operator wants once up, a slow second before (§6.8.3).
    private var desiredMinTransmit: UInt32 {
        state == .up
            ? configuration.desiredMinTransmit
            : max(configuration.desiredMinTransmit, Self.slowTransmit)
    }

    /// Microseconds between two packets before jitter (§6.8.2); `nil` when none are to be sent.
    package var transmitInterval: UInt32? {
        // §6.8.7: a peer that requires 0 wants no periodic packets, nor one in demand mode while
        // both ends are up and no poll runs.
        guard remoteMinReceive != 0 else { return nil }
        if isRemoteDemanding, state == .up, remoteState == .up, !isPolling { return nil }
        return max(transmitIntervalInUse, remoteMinReceive)
    }

    /// Microseconds without a packet after which the path counts as down (§6.8.4).
    package var detectionTime: UInt64 {
        UInt64(remoteDetectMultiplier) * UInt64(max(receiveIntervalInUse, remoteMinTransmit))
    }

    /// The interval less a random 0–25 %, or 10–25 % when one lost packet is already too many
    /// (§6.8.7); `jitter` is any number, evenly distributed.
    private func jittered(_ interval: UInt32, _ jitter: UInt8) -> UInt32 {
        let interval = UInt64(interval)
        let (least, range): (UInt64, UInt64) =
            configuration.detectMultiplier == 1 ? (10, 15) : (0, 25)
        let cut = interval * least / 100 + interval * range * UInt64(jitter) / 25500
        return UInt32(truncatingIfNeeded: interval - cut)
    }

    private mutating func start(jitter: UInt8) -> [BFDAction] {
        guard state != .adminDown, !isTransmitting else { return [] }
        isTransmitting = true
        return transmit(jitter: jitter)
    }

    private mutating func transmitTimerFired(jitter: UInt8) -> [BFDAction] {
        // A timer may fire while it is being stopped.
        guard state != .adminDown else { return [] }
        isTransmitting = true
        return transmit(jitter: jitter)
    }

    private mutating func transmit(jitter: UInt8) -> [BFDAction] {
        guard let interval = transmitInterval else {
            isTransmitting = false
            return [.stopTransmitTimer]
        }
        return [sendNow, .startTransmitTimer(jittered(interval, jitter))]
    }

    /// Sends with the new interval at once when it became shorter or packets may flow again; a
    /// timer that waits too long would let the other end's detection time pass.
    private mutating func transmitAnew(since old: UInt32?) -> [BFDAction] {
        guard state != .adminDown, let new = transmitInterval else { return [] }
        if let old, new >= old { return [] }
        isTransmitting = true
        return transmit(jitter: 0)
    }

    private mutating func detectionTimerFired() -> [BFDAction] {
        // §6.8.1: after a detection time of silence the other end's discriminator is forgotten.
        remoteDiscriminator = 0
        isRemoteDemanding = false
        guard state == .initializing || state == .up else { return [] }
        return move(to: .down, .detectionTimeExpired) + [sendNow]
    }
}

// MARK: - Packets

extension BFDSession {
    /// What would be sent now (§6.8.7).
    package var packet: BFDPacket {
        BFDPacket(
            state: state,
            diagnostic: diagnostic,
            detectMultiplier: configuration.detectMultiplier,
            myDiscriminator: localDiscriminator,
            yourDiscriminator: remoteDiscriminator,
            desiredMinTransmit: desiredMinTransmit,
            requiredMinReceive: configuration.requiredMinReceive
        )
    }

    /// The packet with the poll bit as it stands.
    private var sendNow: BFDAction {
        var packet = packet
        packet.isPoll = isPolling
        return .send(packet)
    }

    /// The rest of §6.8.6, once the packet is known to be this session's.
    private mutating func received(_ packet: BFDPacket) -> [BFDAction] {
        guard packet.yourDiscriminator == 0 || packet.yourDiscriminator == localDiscriminator else {
            return []
        }
        let intervalBefore = transmitInterval
        remoteDiscriminator = packet.myDiscriminator
        remoteState = packet.state
        remoteDiagnostic = packet.diagnostic
        isRemoteDemanding = packet.isDemand
        remoteMinReceive = packet.requiredMinReceive
        remoteMinTransmit = packet.desiredMinTransmit
        remoteDetectMultiplier = packet.detectMultiplier
        if isPolling, packet.isFinal { endPoll() }
        guard state != .adminDown else { return [] }

        let change = transition(on: packet.state)
        var actions = change + [.startDetectionTimer(detectionTime)]
        if packet.isPoll {
            // §6.5: at once and whatever the timer says; a final is never itself a poll.
            var answer = self.packet
            answer.isFinal = true
            actions.append(.send(answer))
        }
        let anew = transmitAnew(since: intervalBefore)
        // §6.8.7: what differs from the last packet is worth sending before the timer fires.
        return actions + (anew.isEmpty && !change.isEmpty ? [sendNow] : anew)
    }

    /// The state machine of §6.2, as §6.8.6 spells it out.
    private mutating func transition(on received: BFDState) -> [BFDAction] {
        switch (state, received) {
        case (.adminDown, _), (.down, .adminDown), (.down, .up): []
        case (.initializing, .adminDown), (.up, .adminDown): move(to: .down, .neighborSignaledDown)
        case (.down, .down): move(to: .initializing, .none)
        case (.down, .initializing): move(to: .up, .none)
        case (.initializing, .down): []
        case (.initializing, .initializing), (.initializing, .up): move(to: .up, .none)
        case (.up, .down): move(to: .down, .neighborSignaledDown)
        case (.up, .initializing), (.up, .up): []
        }
    }

    private mutating func move(to new: BFDState, _ reason: BFDDiagnostic) -> [BFDAction] {
        let old = state
        state = new
        // §6.8.1: bfd.LocalDiag tells of the last change out of up; coming up clears it.
        if reason != .none || new == .up || old == .adminDown { diagnostic = reason }
        if new == .up {
            // The slow interval ends: a change of Desired Min TX, so the other end is polled.
            transmitIntervalInUse = configuration.desiredMinTransmit
            receiveIntervalInUse = configuration.requiredMinReceive
            isPolling = true
        } else {
            endPoll()
        }
        return [.stateChanged(BFDChange(from: old, to: new, reason))]
    }

    /// §6.8.3: what was held back during the poll counts from now on.
    private mutating func endPoll() {
        isPolling = false
        transmitIntervalInUse = desiredMinTransmit
        receiveIntervalInUse = configuration.requiredMinReceive
    }
}

// MARK: - Operator

extension BFDSession {
    /// A change of parameters (§6.8.3); while up, the other end learns of it by a poll sequence.
    private mutating func configure(_ new: BFDConfiguration) -> [BFDAction] {
        guard new != configuration else { return [] }
        let intervalBefore = transmitInterval
        configuration = new
        guard state == .up else {
            endPoll()
            return transmitAnew(since: intervalBefore)
        }
        // Slower sending and a shorter detection time wait until the other end has agreed.
        transmitIntervalInUse = min(transmitIntervalInUse, new.desiredMinTransmit)
        receiveIntervalInUse = max(receiveIntervalInUse, new.requiredMinReceive)
        isPolling = true
        var poll = packet
        poll.isPoll = true
        return [.send(poll)] + transmitAnew(since: intervalBefore)
    }

    /// §6.8.16: the other end is told, so that it does not take silence for a dead path.
    private mutating func adminDown() -> [BFDAction] {
        guard state != .adminDown else { return [] }
        let change = move(to: .adminDown, .administrativelyDown)
        isTransmitting = false
        return change + [.send(packet), .stopTransmitTimer, .stopDetectionTimer]
    }
}
