package import BFD
import BGPSession
import Logging
import NIOCore

/// The BFD sessions of a speaker.
struct BFDPeers {
    var sessions: [PeerName: BFDPeer] = [:]
    var names: [UInt32: PeerName] = [:]
    var receivers: [BFDReceiver] = []
}

/// One peer's BFD session with its timers.
final class BFDPeer {
    var session: BFDSession
    let path: BFDPath
    let sender: BFDSender
    var transmitting: Scheduled<Void>?
    /// The end of the detection time; its task looks whether it has moved.
    var deadline: NIODeadline?
    var watch: (task: Scheduled<Void>, fires: NIODeadline)?

    init(_ session: BFDSession, _ path: BFDPath, _ sender: consuming BFDSender) {
        self.session = session
        self.path = path
        self.sender = sender
    }
}

extension Speaker {
    func startBFD(_ name: PeerName) {
        guard let peer = configuration.peers[name], let settings = peer.bfd,
            peer.shutdown == nil, !isStopped
        else { return }
        do {
            try openReceivers()
            let path = peer.bfdPath
            var target = try peer.socketAddress
            target.port = Int(path.port)
            let sender = try BFDSender(to: target, from: try peer.localSocketAddress)
            var discriminator = UInt32.random(in: 1 ... .max)
            while bfd.names[discriminator] != nil {
                discriminator = UInt32.random(in: 1 ... .max)
            }
            let session = BFDSession(localDiscriminator: discriminator, settings)
            bfd.sessions[name] = BFDPeer(session, path, sender)
            bfd.names[discriminator] = name
            bfdEvent(.start(jitter: jitter()), name)
        } catch {
            log.error("no BFD", metadata: ["peer": "\(name)", "reason": "\(error)"])
        }
    }

    func stopBFD(_ name: PeerName) {
        guard let session = bfd.sessions[name]?.session else { return }
        bfdEvent(.adminDown, name)
        bfd.names[session.localDiscriminator] = nil
        bfd.sessions[name] = nil
        guard bfd.sessions.isEmpty else { return }
        for receiver in bfd.receivers { receiver.stop() }
        bfd.receivers = []
    }

    private func openReceivers() throws {
        guard bfd.receivers.isEmpty else { return }
        for path in [BFDPath.singleHop, .multihop(hops: 1)] {
            for isV6 in [false, true] {
                let receiver = try BFDReceiver(isV6, port: path.port) { packet in
                    self.loop.execute { self.assumeIsolated { $0.received(packet) } }
                }
                bfd.receivers.append(receiver)
            }
        }
    }

    /// RFC 5880 §6.8.6, first half: which session, if any, a packet is for.
    private func received(_ received: ReceivedBFD) {
        guard let packet = try? BFDPacket(received.payload) else { return }
        let name =
            packet.yourDiscriminator == 0
            ? names[PeerKey(received.from)] : bfd.names[packet.yourDiscriminator]
        guard let name, let peer = bfd.sessions[name], peer.path.port == received.port,
            received.timeToLive >= Int32(peer.path.minimumTTL),
            configuration.peers[name]?.address == received.from.address
        else { return }
        bfdEvent(.packet(packet), name)
    }

    private func bfdEvent(_ event: BFDEvent, _ name: PeerName) {
        guard let peer = bfd.sessions[name] else { return }
        for action in peer.session.event(event) {
            switch action {
            case .send(let packet): peer.sender.send(packet)
            case .startTransmitTimer(let time): startTransmitting(peer, name, time)
            case .stopTransmitTimer: peer.transmitting?.cancel()
            case .startDetectionTimer(let time): startDetecting(peer, name, time)
            case .stopDetectionTimer: peer.deadline = nil
            case .stateChanged(let change): bfdChanged(change, peer, name)
            }
        }
    }

    private func startTransmitting(_ peer: BFDPeer, _ name: PeerName, _ microseconds: UInt32) {
        peer.transmitting?.cancel()
        peer.transmitting = loop.scheduleTask(in: .microseconds(Int64(microseconds))) {
            self.assumeIsolated {
                $0.bfdEvent(.transmitTimerFired(jitter: $0.jitter()), name)
            }
        }
    }

    private func startDetecting(_ peer: BFDPeer, _ name: PeerName, _ microseconds: UInt64) {
        let deadline = NIODeadline.now() + .microseconds(Int64(clamping: microseconds))
        peer.deadline = deadline
        if let watch = peer.watch {
            guard deadline < watch.fires else { return }
            watch.task.cancel()
        }
        watch(peer, name, until: deadline)
    }

    private func watch(_ peer: BFDPeer, _ name: PeerName, until deadline: NIODeadline) {
        let task = loop.scheduleTask(deadline: deadline) {
            self.assumeIsolated { $0.detect(name) }
        }
        peer.watch = (task, deadline)
    }

    private func detect(_ name: PeerName) {
        guard let peer = bfd.sessions[name] else { return }
        peer.watch = nil
        guard let deadline = peer.deadline else { return }
        if deadline > .now() { return watch(peer, name, until: deadline) }
        bfdEvent(.detectionTimerFired, name)
    }

    private func bfdChanged(_ change: BFDChange, _ peer: BFDPeer, _ name: PeerName) {
        log.info(
            "BFD \(change.from) -> \(change.to)",
            metadata: ["peer": "\(name)", "reason": "\(change.reason)"]
        )
        if change.isPathLoss(remote: peer.session.remoteState) {
            event(.pathLost, name)
            serveSoon()
        }
    }
}

extension PeerSettings {
    /// RFC 5882 §10.2 leaves it to the distance of the peer which BFD it is.
    var bfdPath: BFDPath {
        switch distance {
        case .direct: .singleHop
        case .secured(let hops): hops <= 1 ? .singleHop : .multihop(hops: hops)
        case .multihop(let hops): hops <= 1 ? .singleHop : .multihop(hops: hops)
        }
    }
}

extension Speaker {
    /// `nil` for a peer without BFD.
    package func bfdState(of name: PeerName) -> BFDState? { bfd.sessions[name]?.session.state }
}
