import BGPMessage
import BGPRIB
import BGPSession
import NIOCore

// Changes of configuration, and the speaker's end.

extension Speaker {
    /// Takes another configuration; sessions that the difference does not name stay untouched.
    ///
    /// - Returns: what it took.
    @discardableResult
    package func configure(_ new: SpeakerConfiguration) -> SpeakerDifference {
        let old = configuration
        let difference = SpeakerDifference(from: old, to: new)
        configuration = new
        for name in difference.hasOtherIdentity ? Array(peers.keys) : difference.removed {
            remove(name)
        }
        if difference.hasOtherIdentity { startAnew(isFirst: old.localAS == 0) }
        for listener in difference.closed {
            listeners.removeValue(forKey: listener)?.close(promise: nil)
        }
        for name in difference.hasOtherIdentity ? new.peers.keys.sorted() : difference.added {
            add(name)
        }
        for (name, change) in difference.changed.sorted(by: { $0.key < $1.key })
        where !difference.hasOtherIdentity {
            apply(change, name)
        }
        for listener in difference.opened { listen(on: listener) }
        announce()
        serveSoon()
        return difference
    }

    /// Another identity, and the first: no routes, no peers.
    private func startAnew(isFirst: Bool) {
        rib = RIB(configuration.rib)
        announced = [:]
        if isFirst, configuration.deferralTime != nil { beginDeferral() }
    }

    private func add(_ name: PeerName) {
        guard let configuration = configuration.peers[name] else { return }
        let id = rib.add(configuration.ribConfiguration(nil))
        peers[name] = PeerState(name, configuration, id)
        if let key = configuration.key { names[key] = name }
        signListeners(for: configuration)
        startBFD(name)
        if configuration.shutdown == nil { event(.start, name) }
    }

    private func remove(_ name: PeerName) {
        guard let peer = peers[name] else { return }
        event(.stop(.peerDeconfigured), name)
        peers[name]?.timers.stopAll()
        stopBFD(name)
        rib.remove(peer.id)
        unsignListeners(for: peer.configuration)
        names = names.filter { $0.value != name }
        peers[name] = nil
        release(deferral?.gone(name) ?? [])
    }

    private func apply(_ change: PeerDifference, _ name: PeerName) {
        guard let new = configuration.peers[name], let old = peers[name]?.configuration else {
            return
        }
        if change.contains(.shutdown), let text = new.shutdown {
            event(.stop(.administrativeShutdown(text)), name)
        } else if change.contains(.reset) {
            event(.stop(.configurationChange), name)
        }
        if old.password != new.password || old.address != new.address {
            unsignListeners(for: old)
            signListeners(for: new)
        }
        peers[name]?.configuration = new
        _ = peers[name]?.session.configure(new.session)
        names = names.filter { $0.value != name }
        if let key = new.key { names[key] = name }
        if change.contains(.bfd) {
            stopBFD(name)
            startBFD(name)
        }
        if change.contains(.routes) { updateRoutes(name) }
        if new.shutdown == nil { event(.start, name) }
    }

    /// Clears a session (RFC 4486, Administrative Reset), or only asks for the routes again.
    package func reset(_ name: PeerName, text: String = "", isSoft: Bool = false) {
        guard isSoft else { return event(.reset(.administrativeReset(text)), name) }
        for family in peers[name]?.session.negotiated?.families ?? [] {
            event(.refresh(family), name)
            readvertise(name, family)
        }
        serveSoon()
    }

    // MARK: The end

    /// Makes this node a bad choice before it goes (RFC 8326): all routes are announced again with
    /// the community of graceful shutdown.
    package func drain() {
        isDraining = true
        for name in peers.keys { updateRoutes(name) }
        serveSoon()
    }

    /// Ends all sessions for good, with a Cease that carries `text`.
    package func shutDown(_ text: String) {
        isStopped = true
        for name in peers.keys.sorted() { event(.stop(.administrativeShutdown(text)), name) }
        closeSockets()
    }

    /// Ends all connections without a word, for a successor that takes over by graceful restart.
    package func leave() {
        isStopped = true
        for name in peers.keys.sorted() { event(.leave, name) }
        closeSockets()
    }

    private func closeSockets() {
        for channel in listeners.values { channel.close(promise: nil) }
        listeners = [:]
        endLearnt()
        for name in peers.keys {
            peers[name]?.timers.stopAll()
            stopBFD(name)
        }
    }
}
