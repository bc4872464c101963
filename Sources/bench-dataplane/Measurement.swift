import BPFSupport

/// One packet at one place, and what it may cost.
struct Scenario {
    let name: String
    let place: Place
    let packet: PacketBuilder
    /// What the peer's programs cost, where that is known.
    var theirs: Double?
    var bar: Double
    /// Makes the connection that the packet belongs to.
    var opening: [(Place, PacketBuilder)] = []

    /// Runs before hops run out: the program takes one from the same packet each time.
    private static let repetitions = 200
    private static let runs = 200

    /// Plays the opening.
    func prepare(_ node: TestNode) throws {
        for (place, packet) in opening {
            let outcome = try node.run(place, packet.bytes)
            guard outcome.action != .drop else {
                throw MissingFixture(description: "\(name): the connection was refused")
            }
        }
    }

    /// One sample on a connection that is there.
    func sample(_ node: TestNode) throws -> Double {
        let bytes = packet.bytes
        return try node.measure(place, bytes, repeating: Self.repetitions, runs: Self.runs)
    }

    /// The same of a program that does nothing.
    func sampleEmpty(_ node: TestNode) throws -> Double {
        try node.measureEmpty(packet.bytes, repeating: Self.repetitions, runs: Self.runs)
    }
}

/// The middle of an odd number of samples.
func median(_ samples: [Double]) -> Double {
    samples.sorted()[samples.count / 2]
}
