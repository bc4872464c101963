import Model

/// Who is who in a run: the speaker, and its peers, all on the loopback of one namespace.
struct Plan: Sendable {
    struct Peer: Sendable {
        var address: Address
        var autonomousSystem: UInt32
        /// Of the speaker's own AS, with routes reflected.
        var isClient: Bool { autonomousSystem == Plan.speakerAS }
    }

    static let speakerAS: UInt32 = 65002
    /// The whole 10.99.0.0/16 is local.
    static let speaker = Address(v4: 0x0a63_0002)
    /// Seconds; each peer asks for it, and so the speaker keeps it alive every third of that.
    static let holdTime: UInt16 = 9

    var peers: [Peer]
    /// Learnt routes go into the kernel.
    var writesKernel = false

    init(peers: [Peer]) {
        self.peers = peers
    }

    /// Peers in ASes of their own.
    static func external(_ count: Int) -> Plan {
        Plan(
            peers: (0..<count).map {
                Peer(address: address($0), autonomousSystem: 65_100 + UInt32($0))
            }
        )
    }

    /// Clients of a route reflector.
    static func clients(_ count: Int) -> Plan {
        Plan(
            peers: (0..<count).map { Peer(address: address($0), autonomousSystem: speakerAS) }
        )
    }

    private static func address(_ number: Int) -> Address {
        Address(v4: 0x0a63_0100 + UInt32(number / 250) << 8 + UInt32(number % 250) + 1)
    }

    /// A line a peer, for ``Speak``.
    var text: String {
        peers.map { "\($0.address) \($0.autonomousSystem)\n" }.joined()
    }

    init(text: String) throws {
        peers = try text.split(separator: "\n").map { line in
            let words = line.split(separator: " ").map(String.init)
            guard words.count == 2, let address = Address(words[0]), let number = UInt32(words[1])
            else { throw BenchError("no peer: \(line)") }
            return Peer(address: address, autonomousSystem: number)
        }
    }
}
