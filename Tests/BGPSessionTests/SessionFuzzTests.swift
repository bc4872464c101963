import BGPMessage
import BGPSession
import Support
import Testing

/// What a shell would have: which timers run, and which connections are there.
private struct Shell {
    var timers: Set<SessionTimer> = []
    var connections: Set<Side> = []
    var isUp = false

    mutating func perform(_ actions: [SessionAction], _ session: Session) {
        for action in actions {
            switch action {
            case .startTimer(let timer, let time):
                #expect(time > 0)
                timers.insert(timer)
            case .stopTimer(let timer): timers.remove(timer)
            case .drop(let side): connections.remove(side)
            case .send(let side, _): #expect(connections.contains(side))
            case .up:
                #expect(!isUp, "up twice")
                isUp = true
            case .down:
                #expect(isUp, "down without up")
                isUp = false
            case .stateChanged(let change): #expect(change.from != change.to)
            case .update, .endOfRIB, .readvertise, .markStale: #expect(isUp)
            case .connect, .dropStale, .keepLongLived: break
            }
        }
        check(session)
    }

    private func check(_ session: Session) {
        #expect(isUp == (session.established != nil))
        #expect(isUp == (session.negotiated != nil))
        let established = Side.allCases.filter { session.state(of: $0) == .established }
        #expect(established.count <= 1)
        #expect(established.first == session.established)
        for side in Side.allCases {
            let state = session.state(of: side)
            let running = FSMTimer.allCases.filter { timers.contains(.connection(side, $0)) }
            // An idle side waits to start again, or for nothing.
            if state == .idle { #expect(running.isEmpty || running == [.idleHold]) }
            if state != .idle { #expect(!running.contains(.idleHold)) }
            if state == .openSent { #expect(running.contains(.hold)) }
            if state >= .openSent { #expect(connections.contains(side)) }
        }
        if !session.isEnabled {
            #expect(session.state == .idle)
            #expect(timers.isEmpty, "\(timers)")
        } else if !isUp {
            // Something always leads on: no session is lost for good.
            let waits = Side.allCases.contains { session.state(of: $0) != .idle }
            #expect(
                waits
                    || timers.contains {
                        if case .connection(_, .idleHold) = $0 { true } else { false }
                    }
            )
        }
    }
}

@Suite struct SessionFuzzTests {
    @Test(arguments: 0..<40)
    func `no sequence of events breaks what must always hold`(seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        let ours = configuration {
            $0.isPassive = seed % 5 == 0
            $0.gracefulRestart?.maximumLongLivedStaleTime = seed % 3 == 0 ? 60 : 0
        }
        var session = Session(ours)
        var shell = Shell()
        for _ in 0..<1500 {
            step(&session, &shell, &random)
        }
    }

    private func step(_ session: inout Session, _ shell: inout Shell, _ random: inout SeededRandom)
    {
        let jitter = UInt8.random(in: 0...255, using: &random)
        let event = anyEvent(session, shell, &random)
        switch event {
        case .connected(.incoming) where !shell.connections.contains(.incoming) || random.oneIn(4):
            let (isAdmitted, actions) = session.admit(jitter: jitter)
            shell.perform(actions, session)
            guard isAdmitted else { return }
            shell.connections.insert(.incoming)
        case .connected(.outgoing):
            guard session.state(of: .outgoing) == .connect else { return }
            shell.connections.insert(.outgoing)
        case .received(let side, _), .malformed(let side, _), .connectionFailed(let side, _),
            .transmitted(let side):
            guard shell.connections.contains(side) || session.state(of: side) == .connect else {
                return
            }
        default: break
        }
        if case .timer(let timer) = event { shell.timers.remove(timer) }
        shell.perform(session.event(event, jitter: jitter), session)
    }

    private func anyEvent(
        _ session: Session,
        _ shell: Shell,
        _ random: inout SeededRandom
    ) -> SessionEvent {
        let side = random.pick(Side.allCases)
        let family = random.pick([AddressFamily.ipv4Unicast, .ipv6Unicast])
        switch Int.random(in: 0..<40, using: &random) {
        case 0: return .start
        case 1 where random.oneIn(4): return .stop(.administrativeShutdown("x"))
        case 2: return .reset(.configurationChange)
        case 3 where random.oneIn(4): return .leave
        case 4: return .pathLost
        case 5: return .refresh(family)
        case 6 where random.oneIn(4): return .maximumPrefixesReached(family, 3)
        case 7: return .updateError(notification(3, 1))
        case 8: return .malformed(side, notification(1, 1))
        case 9: return .connectionFailed(side, "reset")
        case 10: return .transmitted(side)
        case 11...16: return .connected(side)
        case 17...21: return .received(side, .keepalive)
        case 22...28: return .received(side, .open(anyOpen(&random)))
        case 29: return .received(side, .notification(notification(6, UInt8(jitterless(&random)))))
        case 30:
            let kind = random.pick([RouteRefreshMessage.Kind.request, .begin, .end])
            return .received(side, .routeRefresh(RouteRefreshMessage(family, kind)))
        default:
            guard !shell.timers.isEmpty else { return .start }
            let timers = shell.timers.sorted { "\($0)" < "\($1)" }
            return .timer(random.pick(timers))
        }
    }

    private func jitterless(_ random: inout SeededRandom) -> Int {
        Int.random(in: 0...10, using: &random)
    }

    private func anyOpen(_ random: inout SeededRandom) -> OpenMessage {
        let identifier = random.pick([0x0a00_0001, 0x0a00_0003] as [UInt32])
        let isRestarting = random.oneIn(2)
        let isPlain = random.oneIn(5)
        return open(
            peerConfiguration {
                $0.localIdentifier = identifier
                $0.gracefulRestart?.isRestarting = isRestarting
                $0.families[0].longLivedStaleTime = 30
                if isPlain { $0.gracefulRestart = nil }
                if identifier == 0x0a00_0003 { $0.families.removeLast() }
            }
        )
    }
}
