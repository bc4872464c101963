import BGPMessage
import BGPRIB
import Model
import Testing

@Suite struct SimulationTests {
    private static func expectAll(_ simulation: borrowing Simulation, _ count: Int) {
        for node in 0..<count {
            #expect(simulation.prefixCount(node) == count)
            for other in 0..<count {
                let best = simulation.best(node, other)
                let own = NextHop(Address(v4: Simulation.identifier(other)))
                #expect(best?.nextHop == (node == other ? nil : own), "\(node) to \(other)")
            }
        }
    }

    @Test func `a full mesh converges in two rounds of messages`() throws {
        var simulation = Simulation.mesh(40)
        try simulation.converge()
        Self.expectAll(simulation, 40)
        // Each tells each its route, and that this was all.
        #expect(simulation.messages == 40 * 39 * 2)
    }

    @Test func `a tree of reflectors gives each node the way to each other`() throws {
        var simulation = Simulation.tree(60, groups: 4)
        try simulation.converge()
        Self.expectAll(simulation, 60)
        #expect(simulation.rounds < 12)
    }
}
