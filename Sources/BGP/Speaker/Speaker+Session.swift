import BGPMessage
import BGPSession
import Logging
import NIOCore

// Events to a peer's session, and its actions done.

extension Speaker {
    /// Lets a peer's session take an event and does what it says.
    func event(_ event: SessionEvent, _ name: PeerName) {
        guard var session = peers[name]?.session else { return }
        let actions = session.event(event, jitter: jitter())
        peers[name]?.session = session
        perform(actions, name)
    }

    func perform(_ actions: [SessionAction], _ name: PeerName) {
        for action in actions { perform(action, name) }
    }

    private func perform(_ action: SessionAction, _ name: PeerName) {
        switch action {
        case .connect: connect(name)
        case .drop(let side): drop(name, side)
        case .send(let side, let message): send(message, name, side)
        case .startTimer(let timer, let milliseconds):
            peers[name]?.timers.start(timer, milliseconds: milliseconds) {
                schedule(timer, name, at: $0)
            }
        case .stopTimer(let timer): peers[name]?.timers.stop(timer)
        case .stateChanged(let change): changed(change, name)
        case .up(let side, let negotiated): cameUp(name, side, negotiated)
        case .down(let end, let retained): wentDown(name, end, retained: retained)
        case .update(let update): received(update, name)
        case .endOfRIB(let family): receivedEndOfRIB(family, name)
        case .markStale(let family): markStale(name, family)
        case .dropStale(let family): dropStale(name, family)
        case .keepLongLived(let family): keepLongLived(name, family)
        case .readvertise(let family, _): readvertise(name, family)
        }
    }

    private func changed(_ change: StateChange, _ name: PeerName) {
        peers[name]?.since = .now()
        peers[name]?.lastReason = change.reason
        log.info(
            "session \(change.from) -> \(change.to)",
            metadata: [
                "peer": "\(name)", "from": "\(change.from)", "to": "\(change.to)",
                "reason": "\(change.reason)",
            ]
        )
    }

    private func schedule(
        _ timer: SessionTimer,
        _ name: PeerName,
        at deadline: NIODeadline
    ) -> Scheduled<Void> {
        loop.scheduleTask(deadline: deadline) {
            self.assumeIsolated { $0.fired(timer, name) }
        }
    }

    private func fired(_ timer: SessionTimer, _ name: PeerName) {
        let isExpired = peers[name]?.timers.fired(timer) { schedule(timer, name, at: $0) }
        if isExpired == true { event(.timer(timer), name) }
    }

    /// Writes one message at once.
    func send(_ message: Message, _ name: PeerName, _ side: Side) {
        guard let id = peers[name]?.connections[side], let connection = connections[id],
            let channel = connection.channel
        else { return }
        let bytes = message.encoded(connection.writing)
        write(ByteBuffer(bytes: bytes), messages: 1, to: connection, channel)
    }

    func write(
        _ buffer: ByteBuffer,
        messages: Int,
        to connection: Connection,
        _ channel: any Channel
    ) {
        peers[connection.peer]?.counters.messagesSent += UInt64(messages)
        peers[connection.peer]?.counters.bytesSent += UInt64(buffer.readableBytes)
        let id = connection.id
        channel.writeAndFlush(buffer).assumeIsolated().whenSuccess {
            self.assumeIsolated { $0.transmitted(id) }
        }
    }

    /// The socket took bytes: the peer is reading (RFC 9687).
    private func transmitted(_ id: ConnectionID) {
        guard let connection = connections[id] else { return }
        event(.transmitted(connection.side), connection.peer)
    }
}
