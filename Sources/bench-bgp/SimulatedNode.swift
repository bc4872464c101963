import BGPMessage
import BGPRIB
import Model

/// A node of a simulated network: a RIB with one block of its own, and peers in its own AS.
final class SimulatedNode {
    let number: Int
    private(set) var rib: RIB
    private(set) var peers: [PeerID] = []

    private static let ownAS: UInt32 = 64_512

    init(_ number: Int) {
        self.number = number
        var configuration = RIBConfiguration(identifier: Self.identifier(number))
        configuration.reportsBestChanges = false
        rib = RIB(configuration)
        if let block = Self.block(number) { rib.announce(LocalRoute(block)) }
        _ = rib.settle()
    }

    private static func identifier(_ number: Int) -> UInt32 { 0x0a00_0001 + UInt32(number) }

    static func block(_ number: Int) -> Prefix? {
        Prefix(Address(v4: 0x6440_0000 + UInt32(number) << 6), length: 26)
    }

    /// Opens a session with another node; its number here is its place in ``peers``.
    func open(_ other: Int, isClient: Bool = false) {
        var configuration = PeerConfiguration(
            address: Address(v4: Self.identifier(other)),
            remoteAS: Self.ownAS,
            localAS: Self.ownAS
        )
        configuration.isReflectorClient = isClient
        configuration.ownNextHopV4 = NextHop(Address(v4: Self.identifier(number)))
        let peer = rib.add(configuration)
        rib.open(peer, PeerSession(identifier: Self.identifier(other), families: .v4))
        peers.append(peer)
    }

    /// All that there is to be said to a peer now.
    func tell(_ place: Int) -> [UInt8] {
        var output: [UInt8] = []
        while rib.hasPending(peers[place]) { output += rib.tell(peers[place]) }
        return output
    }

    /// Takes in what a peer says; how many messages that was.
    @discardableResult
    func receive(_ bytes: [UInt8], from place: Int) throws -> Int {
        var framer = MessageFramer()
        framer.append(bytes)
        var count = 0
        while let frame = try framer.next() {
            count += 1
            guard case .update(let update) = try Message(decoding: frame, MessageContext()) else {
                throw BenchError("node \(number) was sent something else than an UPDATE")
            }
            rib.receive(update, from: peers[place])
        }
        return count
    }

    func settle() { _ = rib.settle() }
    func tidy() { rib.tidy() }

    /// Throws unless the node has a best route to each block, with its node as the next hop.
    func check(_ nodes: Int) throws {
        for other in 0..<nodes where other != number {
            let best = Self.block(other).flatMap { rib.best($0) }
            guard best?.nextHop?.address.v4 == Self.identifier(other) else {
                throw BenchError("node \(number) does not reach node \(other)")
            }
        }
    }

    /// What a node with nothing but its own block says first on each session.
    static func firstWords(_ number: Int) -> [UInt8] {
        let node = SimulatedNode(number)
        node.open(number + 1)
        return node.tell(0)
    }
}

/// What was exchanged.
struct Traffic {
    var messages = 0
    var bytes = 0

    mutating func add(_ output: [UInt8], times: Int = 1) {
        bytes += output.count * times
        var place = 0
        while place + MessageHeader.size <= output.count {
            place += max(
                MessageHeader.size,
                Int(output[place + 16]) << 8 | Int(output[place + 17])
            )
            messages += times
        }
    }
}
