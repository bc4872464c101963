import BGPMessage

/// One session with one peer: two state machines, one for each connection that may lead to it,
/// and what outlives them.
///
/// Events in, actions out; neither clock, socket nor routes. The shell fires the timers it was
/// told to start, and gives randomness for jitter (RFC 4271 §10).
package struct Session: Sendable {
    package internal(set) var configuration: SessionConfiguration
    package private(set) var isEnabled = false
    /// How the last connection that got as far as an OPEN ended.
    package private(set) var lastEnd: SessionEnd?
    /// The connection that carries routes.
    package private(set) var established: Side?
    /// Failures in a row, for the back-off.
    package internal(set) var failures = 0

    var outgoing = FSM(.outgoing)
    var incoming = FSM(.incoming)
    /// What the OPENs received so far have led to.
    var agreed: [Side: Negotiated] = [:]
    /// Sides whose IdleHoldTimer runs.
    var held: Set<Side> = []
    var stale = StaleRoutes()
    /// Families in which the peer has begun a refresh (RFC 7313).
    var refreshing: Set<AddressFamily> = []
    /// The peer refused our OPEN for having capabilities (RFC 5492 §3).
    private(set) var isWithoutCapabilities = false
    var jitter: UInt8 = 0
    /// Why a connection ended during the event at hand.
    private var ending: EndReason?

    package init(_ configuration: SessionConfiguration) {
        self.configuration = configuration
    }

    /// The state of the connection that has come furthest.
    package var state: FSMState { max(outgoing.state, incoming.state) }

    /// What the established session has agreed on.
    package var negotiated: Negotiated? { established.flatMap { agreed[$0] } }

    package func state(of side: Side) -> FSMState {
        side == .outgoing ? outgoing.state : incoming.state
    }

    /// Takes an event; `jitter` is any number, evenly distributed.
    package mutating func event(_ event: SessionEvent, jitter: UInt8) -> [SessionAction] {
        self.jitter = jitter
        let before = state
        ending = nil
        return take(event) + change(since: before, by: event.name)
    }

    private func change(since before: FSMState, by name: String) -> [SessionAction] {
        guard state != before else { return [] }
        let reason = ending?.description ?? name
        return [.stateChanged(StateChange(from: before, to: state, reason: reason))]
    }

    private mutating func take(_ event: SessionEvent) -> [SessionAction] {
        switch event {
        case .start: start()
        case .stop(let why): stop(why)
        case .reset(let why): reset(why)
        case .leave: leave()
        case .connected(let side): step(side, .connectionUp)
        case .connectionFailed(let side, let why): step(side, .connectionFails(why))
        case .received(let side, let message): received(message, on: side)
        case .malformed(let side, let error): malformed(error, on: side)
        case .updateError(let error): onEstablished { .updateError(error) }
        case .transmitted(let side): step(side, .sent)
        case .timer(let timer): fired(timer)
        case .maximumPrefixesReached(let family, let limit): tooManyPrefixes(family, limit)
        case .pathLost: onEstablished { .automaticStop(.cease(.bfdDown)) }
        case .refresh(let family): requestRefresh(family)
        }
    }
}

// MARK: - Operator

extension Session {
    private mutating func start() -> [SessionAction] {
        guard !isEnabled else { return [] }
        isEnabled = true
        failures = 0
        isWithoutCapabilities = false
        return begin(.incoming, .manualStart) + begin(.outgoing, .manualStart)
    }

    /// A passive session has no outgoing connection.
    mutating func begin(_ side: Side, _ event: FSMEvent) -> [SessionAction] {
        guard side == .incoming || !configuration.isPassive else { return [] }
        return step(side, event)
    }

    private mutating func stop(_ why: Stop) -> [SessionAction] {
        isEnabled = false
        var actions: [SessionAction] = []
        for side in Side.allCases {
            held.remove(side)
            actions += step(side, .manualStop(cease(why, on: side)))
        }
        return actions + abandonStale()
    }

    private mutating func reset(_ why: Stop) -> [SessionAction] {
        Side.allCases.reduce(into: []) { actions, side in
            guard state(of: side) >= .openSent else { return }
            actions += step(side, .automaticStop(cease(why, on: side)))
        }
    }

    private mutating func leave() -> [SessionAction] {
        isEnabled = false
        var actions: [SessionAction] = []
        for side in Side.allCases {
            held.remove(side)
            actions += step(side, .connectionFails("this speaker restarts"))
            actions += step(side, .manualStop(.cease(.administrativeShutdown)))
        }
        return actions + abandonStale()
    }

    private mutating func tooManyPrefixes(
        _ family: AddressFamily,
        _ limit: Int
    ) -> [SessionAction] {
        guard established != nil else { return [] }
        isEnabled = false
        let actions = onEstablished { .automaticStop(.maximumPrefixes(family, limit: limit)) }
        return actions + stop(.outOfResources)
    }

    /// With N bits exchanged a Cease would leave routes in place; what we end on purpose shall
    /// not (RFC 8538 §3.1).
    private func cease(_ why: Stop, on side: Side) -> NotificationMessage {
        let cease = NotificationMessage.stop(why)
        let isHard = agreed[side]?.peerRestart?.hasNotificationSupport ?? false
        return isHard ? .hardReset(cease) : cease
    }
}

// MARK: - Connections

extension Session {
    /// Whether a connection of the peer may come in now, and what must be done before.
    ///
    /// The shell follows up with ``SessionEvent/connected(_:)`` when it may.
    package mutating func admit(jitter: UInt8) -> (isAdmitted: Bool, actions: [SessionAction]) {
        self.jitter = jitter
        guard isEnabled else { return (false, []) }
        let before = state
        ending = nil
        var actions: [SessionAction] = []
        if let established, agreed[established]?.peerRestart != nil {
            // RFC 4724 §5: a peer that has restarted need not have closed its old connection.
            actions = step(established, .connectionFails("the peer opened a new connection"))
        } else if incoming.state == .openSent || incoming.state == .openConfirm {
            // The peer gave its first connection up, or it would not open another.
            actions = step(.incoming, .connectionFails("the peer opened a new connection"))
        }
        if incoming.state == .idle, established != .incoming, !held.contains(.incoming) {
            actions += step(.incoming, .automaticStart)
        }
        actions += change(since: before, by: "the peer opened a new connection")
        return (incoming.state == .active, actions)
    }

    /// Lets one state machine take an event.
    mutating func step(_ side: Side, _ event: FSMEvent) -> [SessionAction] {
        let actions: [FSMAction]
        switch side {
        case .outgoing: actions = outgoing.event(event)
        case .incoming: actions = incoming.event(event)
        }
        return actions.reduce(into: []) { $0 += perform($1, side) }
    }

    private mutating func onEstablished(_ event: () -> FSMEvent) -> [SessionAction] {
        guard let established else { return [] }
        return step(established, event())
    }

    private mutating func perform(_ action: FSMAction, _ side: Side) -> [SessionAction] {
        switch action {
        case .connect: return [.connect]
        case .drop: return [.drop(side)]
        case .send(.open): return [.send(side, .open(openMessage))]
        case .send(.keepalive): return [.send(side, .keepalive)]
        case .send(.notification(let error)): return [.send(side, .notification(error))]
        case .start(let timer):
            let duration = duration(timer, side)
            return duration > 0 ? [.startTimer(.connection(side, timer), duration)] : []
        case .stop(let timer):
            if timer == .idleHold { held.remove(side) }
            return [.stopTimer(.connection(side, timer))]
        case .established: return cameUp(side)
        case .deliver: return []
        case .ended(let end): return ended(end, side)
        }
    }

    private mutating func cameUp(_ side: Side) -> [SessionAction] {
        guard let negotiated = agreed[side] else { return [] }
        established = side
        // One that has not got to its OPEN yet would only collide.
        let other = state(of: side.other)
        let quiet =
            other == .connect || other == .active
            ? step(side.other, .manualStop(.cease(.connectionCollisionResolution))) : []
        held.remove(side.other)
        return quiet
            + [
                .stopTimer(.connection(side.other, .idleHold)),
                .startTimer(.stable, 60_000), .up(side, negotiated),
            ]
            + staleRoutesAfterReturn(negotiated)
    }

    private mutating func ended(_ end: SessionEnd, _ side: Side) -> [SessionAction] {
        var actions: [SessionAction] = []
        if established == nil || established == side { ending = end.reason }
        let negotiated = agreed.removeValue(forKey: side)
        if end.left >= .openSent, end.reason != .collision { lastEnd = end }
        if established == side {
            established = nil
            refreshing.forEach { actions.append(.stopTimer(.refresh($0))) }
            refreshing = []
            let retained = negotiated.map { retainedFamilies(end, $0) } ?? []
            actions += [.stopTimer(.stable), .down(end, retained: retained)]
            actions += staleRoutesAfterLoss(retained, negotiated)
        }
        guard isEnabled, established == nil else { return actions }
        if end.isFailure { failures += 1 }
        if case .notified(let message) = end.reason, message.isUnsupportedParameter {
            isWithoutCapabilities = true
        }
        return actions + wait(side, after: end) + wakeDumped(side.other)
    }

    /// Idle until it may start again (RFC 4271 §8.1.1, DampPeerOscillations).
    private mutating func wait(_ side: Side, after end: SessionEnd) -> [SessionAction] {
        if end.reason == .collision, state(of: side.other) >= .openSent { return [] }
        // A first failure need not keep the peer from connecting at once.
        if side == .incoming, failures <= 1 { return begin(.incoming, .automaticStart) }
        return hold(side, for: end.left >= .openSent ? backOff : configuration.connectRetryTime)
    }

    /// A side that lost a collision starts again when the one that won has ended.
    private mutating func wakeDumped(_ side: Side) -> [SessionAction] {
        guard state(of: side) == .idle, !held.contains(side) else { return [] }
        if side == .incoming { return begin(.incoming, .automaticStart) }
        return hold(side, for: backOff)
    }

    private mutating func hold(_ side: Side, for seconds: UInt16) -> [SessionAction] {
        guard side == .incoming || !configuration.isPassive else { return [] }
        held.insert(side)
        return [.startTimer(.connection(side, .idleHold), jittered(seconds))]
    }

    var backOff: UInt16 {
        let range = configuration.idleHoldTime
        let doubled = Int(range.lowerBound) << min(max(failures - 1, 0), 15)
        return UInt16(min(doubled, Int(range.upperBound)))
    }
}
