import BGPMessage
import BGPRIB
import Model

/// A RIB with peers whose other ends are kept: what tests say in few words.
final class Scene {
    var rib: RIB
    private(set) var receivers: [PeerID: Receiver] = [:]
    private var count: UInt32 = 0

    static let ownAS: UInt32 = 65_000

    init(_ change: (inout RIBConfiguration) -> Void = { _ in }) {
        var configuration = RIBConfiguration(identifier: 0x0a00_0001)
        change(&configuration)
        rib = RIB(configuration)
    }

    /// Adds a peer with an open session, of our own AS by default.
    func peer(
        as number: UInt32 = Scene.ownAS,
        _ session: (inout PeerSession) -> Void = { _ in },
        _ change: (inout PeerConfiguration) -> Void = { _ in }
    ) -> PeerID {
        count += 1
        var configuration = PeerConfiguration(
            address: Address(v4: 0x0a00_0100 + count),
            remoteAS: number,
            localAS: Self.ownAS
        )
        configuration.ownNextHopV4 = NextHop(Address(v4: 0x0a00_0001))
        configuration.ownNextHopV6 = NextHop(Address(high: 0x2001_0db8 << 32, low: 1))
        change(&configuration)
        let id = rib.add(configuration)
        open(id, session)
        return id
    }

    func open(_ id: PeerID, _ change: (inout PeerSession) -> Void = { _ in }) {
        var session = PeerSession(
            identifier: 0x0a00_0200 + UInt32(id.rawValue),
            families: [.v4, .v6]
        )
        change(&session)
        rib.open(id, session)
        receivers[id] = Receiver(session.sending)
    }

    func close(_ id: PeerID, retaining: FamilySet = []) {
        rib.close(id, retaining: retaining)
        receivers[id] = nil
    }

    /// A peer sends routes with attributes that have something special.
    func send(
        _ id: PeerID,
        _ prefixes: String...,
        path: [UInt32] = [],
        nextHop: UInt32 = 0x0a00_0909,
        pathID: UInt32 = 0,
        _ change: (inout PathAttributes) -> Void = { _ in }
    ) {
        let peer = rib.configuration(of: id)
        var attributes = PathAttributes(
            asPath: ASPath(sequence: (peer.isExternal ? [peer.remoteAS] : []) + path),
            nextHop: NextHop(Address(v4: nextHop)),
            localPreference: peer.isExternal ? nil : 100
        )
        change(&attributes)
        let nlri = prefixes.compactMap { Prefix($0).map { NLRI($0, pathID: pathID) } }
        rib.receive(UpdateMessage(attributes: attributes, nlri: nlri), from: id)
    }

    func withdraw(_ id: PeerID, _ prefixes: String...) {
        let nlri = prefixes.compactMap { Prefix($0).map { NLRI($0) } }
        rib.receive(UpdateMessage(withdrawn: nlri), from: id)
    }

    /// Decides all, tells all; the changes of best routes.
    @discardableResult
    func run() throws -> [BestChange] {
        let changes = rib.settle()
        for id in receivers.keys {
            while rib.hasPending(id) { try receivers[id]?.take(rib.tell(id)) }
        }
        rib.tidy()
        return changes
    }

    func take(_ id: PeerID, budget: Int) throws {
        try receivers[id]?.take(rib.tell(id, budget: budget))
    }

    /// What a peer has from us.
    func told(_ id: PeerID) -> [Prefix: PathAttributes] { receivers[id]?.single ?? [:] }

    func told(_ id: PeerID, _ prefix: String) -> PathAttributes? {
        Prefix(prefix).flatMap { told(id)[$0] }
    }

    func messages(_ id: PeerID) -> [Message] {
        defer { receivers[id]?.messages = [] }
        return receivers[id]?.messages ?? []
    }
}
