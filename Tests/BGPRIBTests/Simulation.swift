import BGPMessage
import BGPRIB
import Model

/// Many speakers that hand each other their messages, without sockets or clocks.
struct Simulation: ~Copyable {
    private struct Link {
        var node: Int
        /// The other end's number for this one.
        var peer: PeerID
    }

    private var ribs: [RIBBox] = []
    /// By node and peer's number: where its messages go.
    private var links: [[Link]] = []
    private(set) var messages = 0
    private(set) var bytes = 0
    private(set) var rounds = 0

    private final class RIBBox {
        var rib: RIB
        init(_ configuration: RIBConfiguration) { rib = RIB(configuration) }
    }

    private static let context = MessageContext()

    /// Nodes without links, each with one route of its own.
    init(nodes: Int) {
        for node in 0..<nodes {
            var configuration = RIBConfiguration(identifier: Self.identifier(node))
            configuration.reportsBestChanges = false
            let box = RIBBox(configuration)
            if let prefix = Self.prefix(node) { box.rib.announce(LocalRoute(prefix)) }
            ribs.append(box)
            links.append([Link(node: node, peer: .local)])
        }
    }

    static func identifier(_ node: Int) -> UInt32 { 0x0a00_0001 + UInt32(node) }
    static func prefix(_ node: Int) -> Prefix? {
        Prefix(Address(v4: 0x6440_0000 + UInt32(node) << 6), length: 26)
    }

    /// Joins two nodes; each says whether the other is its reflector client.
    mutating func join(_ one: Int, _ other: Int, isOtherClient: Bool = false) {
        let (first, second) = (peer(one, other, isOtherClient), peer(other, one, false))
        links[one].append(Link(node: other, peer: second))
        links[other].append(Link(node: one, peer: first))
    }

    private func peer(_ node: Int, _ other: Int, _ isClient: Bool) -> PeerID {
        var configuration = PeerConfiguration(
            address: Address(v4: Self.identifier(other)),
            remoteAS: 64_512,
            localAS: 64_512
        )
        configuration.isReflectorClient = isClient
        configuration.ownNextHopV4 = NextHop(Address(v4: Self.identifier(node)))
        let id = ribs[node].rib.add(configuration)
        ribs[node].rib.open(id, PeerSession(identifier: Self.identifier(other), families: .v4))
        return id
    }

    /// Lets all talk until nobody has anything to say.
    mutating func converge() throws {
        var isBusy = true
        while isBusy {
            isBusy = false
            rounds += 1
            for node in ribs.indices where ribs[node].rib.needsSettling {
                _ = ribs[node].rib.settle()
            }
            for node in ribs.indices {
                for number in 1..<UInt16(links[node].count) {
                    let peer = PeerID(rawValue: number)
                    while ribs[node].rib.hasPending(peer) {
                        isBusy = true
                        try deliver(ribs[node].rib.tell(peer), to: links[node][Int(number)])
                    }
                }
                ribs[node].rib.tidy()
            }
        }
    }

    private mutating func deliver(_ output: [UInt8], to link: Link) throws {
        bytes += output.count
        var framer = MessageFramer()
        framer.append(output)
        while let frame = try framer.next() {
            messages += 1
            guard case .update(let update) = try Message(decoding: frame, Self.context) else {
                continue
            }
            ribs[link.node].rib.receive(update, from: link.peer)
        }
    }

    /// How a node reaches the route of another.
    func best(_ node: Int, _ other: Int) -> BestRoute? {
        Self.prefix(other).flatMap { ribs[node].rib.best($0) }
    }

    func prefixCount(_ node: Int) -> Int { ribs[node].rib.prefixCount(.v4) }

    /// Everybody with everybody.
    static func mesh(_ count: Int) -> Simulation {
        var simulation = Simulation(nodes: count)
        for one in 0..<count {
            for other in 0..<one { simulation.join(one, other) }
        }
        return simulation
    }

    /// Two reflectors at the top, joined; `groups` pairs of reflectors below, clients of both; all
    /// others clients of one pair.
    static func tree(_ count: Int, groups: Int) -> Simulation {
        var simulation = Simulation(nodes: count)
        simulation.join(0, 1)
        let firstLeaf = 2 + 2 * groups
        for middle in 2..<firstLeaf {
            simulation.join(0, middle, isOtherClient: true)
            simulation.join(1, middle, isOtherClient: true)
        }
        for leaf in firstLeaf..<count {
            let pair = 2 + 2 * (leaf % groups)
            simulation.join(pair, leaf, isOtherClient: true)
            simulation.join(pair + 1, leaf, isOtherClient: true)
        }
        return simulation
    }
}
