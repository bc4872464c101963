import BFD
import Support
import Testing

private let fast = BFDConfiguration()

/// A packet of the other end.
private func heard(
    _ state: BFDState,
    transmit: UInt32 = 300_000,
    receive: UInt32 = 300_000,
    multiplier: UInt8 = 3,
    _ change: (inout BFDPacket) -> Void = { _ in }
) -> BFDEvent {
    var packet = BFDPacket(
        state: state,
        detectMultiplier: multiplier,
        myDiscriminator: 99,
        yourDiscriminator: 7,
        desiredMinTransmit: transmit,
        requiredMinReceive: receive
    )
    change(&packet)
    return .packet(packet)
}

private func session(in state: BFDState, _ configuration: BFDConfiguration = fast) -> BFDSession {
    var session = BFDSession(localDiscriminator: 7, configuration)
    switch state {
    case .down: break
    case .adminDown: _ = session.event(.adminDown)
    case .initializing: _ = session.event(heard(.down))
    case .up:
        _ = session.event(heard(.initializing))
        _ = session.event(heard(.up) { $0.isFinal = true })
    }
    return session
}

private struct Cell: CustomTestStringConvertible {
    let state: BFDState
    let received: BFDState
    let next: BFDState
    var diagnostic = BFDDiagnostic.none

    var testDescription: String { "\(state) hears \(received)" }
}

/// The whole of RFC 5880 §6.2.
private let table = [
    Cell(state: .down, received: .adminDown, next: .down),
    Cell(state: .down, received: .down, next: .initializing),
    Cell(state: .down, received: .initializing, next: .up),
    Cell(state: .down, received: .up, next: .down),
    Cell(
        state: .initializing,
        received: .adminDown,
        next: .down,
        diagnostic: .neighborSignaledDown
    ),
    Cell(state: .initializing, received: .down, next: .initializing),
    Cell(state: .initializing, received: .initializing, next: .up),
    Cell(state: .initializing, received: .up, next: .up),
    Cell(state: .up, received: .adminDown, next: .down, diagnostic: .neighborSignaledDown),
    Cell(state: .up, received: .down, next: .down, diagnostic: .neighborSignaledDown),
    Cell(state: .up, received: .initializing, next: .up),
    Cell(state: .up, received: .up, next: .up),
    Cell(
        state: .adminDown,
        received: .up,
        next: .adminDown,
        diagnostic: .administrativelyDown
    ),
    Cell(
        state: .adminDown,
        received: .down,
        next: .adminDown,
        diagnostic: .administrativelyDown
    ),
]

extension [BFDAction] {
    fileprivate var sent: [BFDPacket] {
        compactMap { if case .send(let packet) = $0 { packet } else { nil } }
    }

    fileprivate var transmitTimer: UInt32? {
        compactMap { if case .startTransmitTimer(let time) = $0 { time } else { nil } }.last
    }

    fileprivate var detectionTimer: UInt64? {
        compactMap { if case .startDetectionTimer(let time) = $0 { time } else { nil } }.last
    }
}

@Suite struct BFDSessionTests {
    @Test(arguments: table)
    private func `each state and received state leads where section 6.2 says`(cell: Cell) {
        var session = session(in: cell.state)
        let actions = session.event(heard(cell.received))
        #expect(session.state == cell.next)
        #expect(session.diagnostic == cell.diagnostic)
        let changed = actions.contains {
            if case .stateChanged = $0 { true } else { false }
        }
        #expect(changed == (cell.next != cell.state))
        if changed { #expect(actions.sent.last?.state == cell.next) }
    }

    @Test func `two sessions come up within four packets each and then send fast`() {
        var left = BFDSession(localDiscriminator: 7, fast)
        var right = BFDSession(localDiscriminator: 99, fast)
        var wire = left.event(.start(jitter: 0)).sent.map { (toRight: true, $0) }
        wire += right.event(.start(jitter: 0)).sent.map { (toRight: false, $0) }
        var count = 0
        while !wire.isEmpty, count < 20 {
            let (toRight, packet) = wire.removeFirst()
            count += 1
            let sent = toRight ? right.event(.packet(packet)) : left.event(.packet(packet))
            wire += sent.sent.map { (!toRight, $0) }
        }
        #expect(left.state == .up)
        #expect(right.state == .up)
        #expect(count <= 8)
        #expect(left.event(.transmitTimerFired(jitter: 0)).transmitTimer == 300_000)
    }

    @Test func `a session that is not up sends at most once a second`() {
        var session = BFDSession(localDiscriminator: 7, fast)
        #expect(session.event(.start(jitter: 0)).transmitTimer == 1_000_000)
        #expect(session.packet.desiredMinTransmit == 1_000_000)
    }

    @Test(
        arguments: [
            (multiplier: 3, jitter: 0, expected: 300_000), (3, 255, 225_000),
            (1, 0, 270_000), (1, 255, 225_000),
        ] as [(multiplier: UInt8, jitter: UInt8, expected: UInt32)]
    )
    func `jitter shortens by up to a quarter`(row: (UInt8, UInt8, UInt32)) {
        var session = session(in: .up, BFDConfiguration(detectMultiplier: row.0))
        #expect(session.event(.transmitTimerFired(jitter: row.1)).transmitTimer == row.2)
    }

    @Test func `the detection time is the peer's multiplier times the slower of two intervals`() {
        var session = session(in: .up)
        let slowPeer = heard(.up, transmit: 700_000, multiplier: 5)
        #expect(session.event(slowPeer).detectionTimer == 3_500_000)
        #expect(session.event(heard(.up, transmit: 50)).detectionTimer == 900_000)
    }

    @Test func `silence takes the session down and forgets the peer's discriminator`() {
        var session = session(in: .up)
        let actions = session.event(.detectionTimerFired)
        let change = BFDChange(from: .up, to: .down, .detectionTimeExpired)
        #expect(actions.contains(.stateChanged(change)))
        #expect(change.isPathLoss(remote: session.remoteState))
        #expect(session.remoteDiscriminator == 0)
        #expect(actions.sent.map(\.state) == [.down])
    }

    @Test func `a peer that is administratively down is no lost path`() {
        var session = session(in: .up)
        _ = session.event(heard(.adminDown))
        let change = BFDChange(from: .up, to: .down, .neighborSignaledDown)
        #expect(!change.isPathLoss(remote: session.remoteState))
    }

    @Test func `a poll is answered at once with a final that is no poll`() {
        var session = session(in: .up)
        let sent = session.event(heard(.up) { $0.isPoll = true }).sent
        #expect(sent.map(\.isFinal) == [true])
        #expect(sent.map(\.isPoll) == [false])
    }

    @Test func `coming up starts a poll that a final ends`() {
        var session = session(in: .initializing)
        let up = session.event(heard(.up))
        #expect(up.sent.last?.isPoll == true)
        #expect(session.isPolling)
        _ = session.event(heard(.up) { $0.isFinal = true })
        #expect(!session.isPolling)
        #expect(session.event(.transmitTimerFired(jitter: 0)).sent.last?.isPoll == false)
    }

    @Test func `slower sending waits for the end of the poll, faster does not`() {
        var session = session(in: .up)
        let slower = BFDConfiguration(desiredMinTransmit: 800_000, requiredMinReceive: 300_000)
        #expect(session.event(.configure(slower)).sent.last?.isPoll == true)
        #expect(session.transmitInterval == 300_000)
        _ = session.event(heard(.up) { $0.isFinal = true })
        #expect(session.transmitInterval == 800_000)

        let actions = session.event(.configure(fast))
        #expect(session.transmitInterval == 300_000)
        #expect(actions.transmitTimer != nil)
    }

    @Test func `a shorter detection time waits for the end of the poll`() {
        var session = session(in: .up)
        _ = session.event(.configure(BFDConfiguration(requiredMinReceive: 100_000)))
        #expect(session.event(heard(.up, transmit: 50_000)).detectionTimer == 900_000)
        let final = heard(.up, transmit: 50_000) { $0.isFinal = true }
        #expect(session.event(final).detectionTimer == 300_000)
    }

    @Test func `a peer that requires no packets gets none until it does`() {
        var session = session(in: .up)
        _ = session.event(heard(.up, receive: 0))
        #expect(session.event(.transmitTimerFired(jitter: 0)) == [.stopTransmitTimer])
        #expect(session.event(heard(.up)).sent.count == 1)
    }

    @Test func `a peer in demand mode gets packets only in a poll`() {
        var session = session(in: .up)
        _ = session.event(heard(.up) { $0.isDemand = true })
        #expect(session.event(.transmitTimerFired(jitter: 0)) == [.stopTransmitTimer])
        let new = BFDConfiguration(desiredMinTransmit: 200_000)
        #expect(session.event(.configure(new)).sent.last?.isPoll == true)
    }

    @Test func `administratively down tells the peer and stops both timers`() {
        var session = session(in: .up)
        let actions = session.event(.adminDown)
        #expect(actions.sent.map(\.diagnostic) == [.administrativelyDown])
        #expect(actions.suffix(2) == [.stopTransmitTimer, .stopDetectionTimer])
        #expect(session.event(heard(.up)).isEmpty)
        #expect(session.event(.adminUp(jitter: 0)).sent.map(\.state) == [.down])
    }

    @Test func `a packet for another discriminator changes nothing`() {
        var session = session(in: .up)
        #expect(session.event(heard(.down) { $0.yourDiscriminator = 8 }).isEmpty)
        #expect(session.state == .up)
    }

    @Test func `no sequence of events sends fast while down or arms a timer when held down`() {
        var random = SeededRandom(seed: 5881)
        var session = BFDSession(localDiscriminator: 7, fast)
        for _ in 0..<20_000 {
            let actions = session.event(anyEvent(&random))
            for packet in actions.sent {
                #expect(packet.myDiscriminator == 7 && !(packet.isPoll && packet.isFinal))
            }
            if session.state != .up {
                #expect(session.packet.desiredMinTransmit >= 1_000_000)
            }
            if session.state == .adminDown {
                #expect(actions.transmitTimer == nil && actions.detectionTimer == nil)
            }
        }
    }
}

private func anyEvent(_ random: inout SeededRandom) -> BFDEvent {
    let jitter = UInt8.random(in: 0...255, using: &random)
    switch Int.random(in: 0..<12, using: &random) {
    case 0: return .start(jitter: jitter)
    case 1: return .detectionTimerFired
    case 2: return .configure(random.pick([fast, BFDConfiguration(desiredMinTransmit: 1)]))
    case 3: return .adminDown
    case 4, 5: return .adminUp(jitter: jitter)
    case 6: return .transmitTimerFired(jitter: jitter)
    default:
        let bits = Int.random(in: 0..<16, using: &random)
        return heard(random.pick(BFDState.allCases), receive: bits == 5 ? 0 : 300_000) {
            $0.isPoll = bits & 1 != 0
            $0.isFinal = bits & 2 != 0
            $0.isDemand = bits & 12 == 12
        }
    }
}
