import Agreement
import Compile
import Model
import Support
import Testing

/// While the dataplane carries a change out, no packet gets a verdict that neither the world before
/// nor the world after gives it.
@Suite struct TransitionTests {
    @Test(arguments: 0..<Effort.histories)
    func `no part of a change opens or closes what both worlds agree on`(_ number: Int) {
        let seed = UInt64(number) + 30_000
        var world = RandomWorld(seed: seed)
        var compiler = History.Bounds.some(seed).compiler
        var tables = TableInterpreter()
        var addresses: [EndpointID: [Address]] = [:]
        let first = (0..<40).map { _ in world.update() }
        for case .endpoint(let id, let endpoint) in first { addresses[id] = endpoint?.addresses }
        tables.apply(compiler.apply(first))
        for step in 0..<30 {
            // Left-overs of the last change go by themselves every other time.
            let updates = step % 2 == 0 ? [Self.update(&world)] : []
            let change = compiler.apply(updates)
            var after = tables
            after.apply(change)
            let moving = Self.moving(updates, &addresses)
            let questions = (0..<50).map { _ in world.question() }.filter {
                !moving.isSuperset(of: [$0.local, $0.remote])
            }
            for stage in Self.stages(change, &world.random) {
                var between = tables
                between.apply(stage.done)
                for question in questions {
                    let verdicts = [tables, after].map { interpret($0, question)?.isAllowed }
                    let verdict = interpret(between, question)?.isAllowed
                    // An address that comes or goes is closed where it is not local.
                    let isLeaving = verdicts.contains(nil) && verdict == false
                    guard !verdicts.contains(verdict), !isLeaving else { continue }
                    Issue.record(
                        """
                        seed \(seed), step \(step), after \(stage.name): \(question)
                          before \(verdicts[0] as Any), after \(verdicts[1] as Any), \
                        between \(verdict as Any)
                        \(updates)
                        """
                    )
                    return
                }
            }
            tables = after
        }
    }

    /// A profile may relabel both ends of a flow: then policies come to apply and remotes change class
    /// in two steps, and there is a moment between them that is neither world.
    private static func update(_ world: inout RandomWorld) -> Update {
        while true {
            let update = world.update()
            if case .profile = update { continue }
            return update
        }
    }

    /// Addresses that an update gives to an endpoint or takes from it: of a flow between two of them,
    /// too, both ends change in two steps.
    private static func moving(
        _ updates: [Update],
        _ addresses: inout [EndpointID: [Address]]
    ) -> Set<Address> {
        var moving: Set<Address> = []
        for case .endpoint(let id, let endpoint) in updates {
            moving.formUnion((addresses[id] ?? []) + (endpoint?.addresses ?? []))
            addresses[id] = endpoint?.addresses
        }
        return moving
    }

    private struct Stage {
        let name: String
        let done: DataplaneChange
    }

    /// What the kernel holds after each part, in the order of the parts; classes also half-way.
    private static func stages(
        _ change: DataplaneChange,
        _ random: inout SeededRandom
    ) -> [Stage] {
        var done = DataplaneChange()
        done.rules = change.rules
        var stages: [Stage] = []
        func reach(_ name: String) { stages.append(Stage(name: name, done: done)) }
        done.programsAdded = change.programsAdded
        reach("programs")
        done.programsExtended = change.programsExtended
        reach("extensions")
        done.reformed = change.reformed.filter { _ in random.oneIn(2) }
        reach("some reforms")
        done.reformed = change.reformed
        reach("reforms")
        if !change.classes.isEmpty {
            let count = Int.random(in: 0..<change.classes.count, using: &random)
            done.classes = change.classes.prefix(count)
            reach("\(count) classes")
        }
        done.classes = change.classes
        reach("classes")
        done.endpoints = change.endpoints.filter { _ in random.oneIn(2) }
        reach("some endpoints")
        done.endpoints = change.endpoints
        done.spoofers = change.spoofers
        done.stagedSpoofers = change.stagedSpoofers
        reach("endpoints")
        done.groupsRemoved = change.groupsRemoved
        done.verdictsRemoved = change.verdictsRemoved
        done.bitmapsRemoved = change.bitmapsRemoved
        reach("groups removed")
        done.programsRemoved = change.programsRemoved
        reach("programs removed")
        return stages
    }
}
