import BGPSession
import Model

/// What it takes to get from one configuration to another: only what is named here is touched.
package struct SpeakerDifference: Hashable, Sendable {
    package var opened: Set<Listener> = []
    package var closed: Set<Listener> = []
    package var added: [PeerName] = []
    package var removed: [PeerName] = []
    package var changed: [PeerName: PeerDifference] = [:]
    package var hasOtherAnnouncements = false
    /// Our AS, identifier, cluster id or rules of decision: everything starts anew.
    package var hasOtherIdentity = false

    package init(from old: SpeakerConfiguration, to new: SpeakerConfiguration) {
        opened = new.listeners.subtracting(old.listeners)
        closed = old.listeners.subtracting(new.listeners)
        added = new.peers.keys.filter { old.peers[$0] == nil }.sorted()
        removed = old.peers.keys.filter { new.peers[$0] == nil }.sorted()
        for (name, peer) in new.peers {
            guard let former = old.peers[name], former != peer else { continue }
            changed[name] = PeerDifference(from: former, to: peer)
        }
        hasOtherAnnouncements = old.announcements != new.announcements
        hasOtherIdentity =
            old.localAS != new.localAS || old.rib != new.rib
    }

    package var isEmpty: Bool {
        opened.isEmpty && closed.isEmpty && added.isEmpty && removed.isEmpty && changed.isEmpty
            && !hasOtherAnnouncements && !hasOtherIdentity
    }
}

/// What changed about one peer.
package struct PeerDifference: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    /// Timers and limits that count from now on.
    package static let session = PeerDifference(rawValue: 1)
    /// Address, password, distance or what stands in the OPEN: the connection must be another.
    package static let reset = PeerDifference(rawValue: 2)
    /// What came from the peer and what it gets are looked at again.
    package static let routes = PeerDifference(rawValue: 4)
    package static let bfd = PeerDifference(rawValue: 16)
    /// Held down, or no longer.
    package static let shutdown = PeerDifference(rawValue: 32)

    package init(from old: PeerSettings, to new: PeerSettings) {
        var difference: PeerDifference = []
        switch old.session.change(to: new.session) {
        case .none: break
        case .live: difference.insert(.session)
        case .reset: difference.formUnion([.session, .reset])
        }
        if old.transport != new.transport { difference.insert(.reset) }
        if old.routes != new.routes { difference.insert(.routes) }
        if old.bfd != new.bfd { difference.insert(.bfd) }
        if old.shutdown != new.shutdown { difference.insert(.shutdown) }
        self = difference
    }
}

extension PeerSettings {
    /// All that a connection is made with.
    fileprivate var transport: PeerTransport {
        PeerTransport(
            address: address,
            port: port,
            interface: interface,
            sourceAddress: sourceAddress,
            distance: distance,
            password: password
        )
    }
}

private struct PeerTransport: Equatable {
    var address: Address
    var port: UInt16
    var interface: String?
    var sourceAddress: Address?
    var distance: PeerDistance
    var password: String?
}
