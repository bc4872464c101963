import BGPMessage
import BGPSession

func notification(_ code: UInt8, _ subcode: UInt8, _ data: [UInt8] = []) -> NotificationMessage {
    NotificationMessage(code: code, subcode: subcode, data: data)
}

/// 10.0.0.2 of AS 65002; the peer is 10.0.0.1 of AS 65001 unless a test says otherwise.
func configuration(
    _ change: (inout SessionConfiguration) -> Void = { _ in }
) -> SessionConfiguration {
    var configuration = SessionConfiguration(
        localAS: 65002,
        localIdentifier: 0x0a00_0002,
        peerAS: 65001,
        families: [SessionFamily(.ipv4Unicast), SessionFamily(.ipv6Unicast)]
    )
    change(&configuration)
    return configuration
}

/// The other end's configuration, for its OPEN.
func peerConfiguration(
    _ change: (inout SessionConfiguration) -> Void = { _ in }
) -> SessionConfiguration {
    var configuration = configuration()
    configuration.localAS = 65001
    configuration.localIdentifier = 0x0a00_0001
    configuration.peerAS = 65002
    change(&configuration)
    return configuration
}

/// The OPEN that a session so configured sends.
func open(_ configuration: SessionConfiguration) -> OpenMessage {
    var session = Session(configuration)
    _ = session.event(.start, jitter: 0)
    let actions = session.event(.connected(.outgoing), jitter: 0)
    return actions.opens.first
        ?? OpenMessage(
            autonomousSystem: 0,
            holdTime: 0,
            identifier: 0,
            capabilities: []
        )
}

/// A session that has come up on one side.
func established(
    _ ours: SessionConfiguration = configuration(),
    peer: SessionConfiguration = peerConfiguration(),
    on side: Side = .outgoing
) -> Session {
    var session = Session(ours)
    _ = session.event(.start, jitter: 0)
    bringUp(&session, peer: peer, on: side)
    return session
}

@discardableResult
func bringUp(
    _ session: inout Session,
    peer: SessionConfiguration = peerConfiguration(),
    on side: Side = .outgoing
) -> [SessionAction] {
    if session.state(of: side) == .idle {
        _ = session.event(.timer(.connection(side, .idleHold)), jitter: 0)
    }
    var actions = session.event(.connected(side), jitter: 0)
    actions += session.event(.received(side, .open(open(peer))), jitter: 0)
    return actions + session.event(.received(side, .keepalive), jitter: 0)
}

extension [SessionAction] {
    var opens: [OpenMessage] {
        compactMap { if case .send(_, .open(let open)) = $0 { open } else { nil } }
    }

    /// Sides and NOTIFICATIONs, as in `outgoing 6/7`.
    var notifications: [String] {
        compactMap {
            guard case .send(let side, .notification(let sent)) = $0 else { return nil }
            return "\(side) \(sent.code)/\(sent.subcode)"
        }
    }

    var sentNotifications: [NotificationMessage] {
        compactMap { if case .send(_, .notification(let sent)) = $0 { sent } else { nil } }
    }

    var retained: [[AddressFamily]] {
        compactMap { if case .down(_, let retained) = $0 { retained } else { nil } }
    }

    func timer(_ timer: SessionTimer) -> Int64? {
        compactMap {
            if case .startTimer(timer, let time) = $0 { time } else { nil }
        }.last
    }
}
