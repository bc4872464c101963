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
        var compiler = History.Bounds.some(number).compiler
        var tables = TableInterpreter()
        tables.apply(compiler.apply((0..<40).map { _ in world.update() }))
        for step in 0..<30 {
            // Left-overs of the last change go by themselves every other time.
            let updates = step % 2 == 0 ? [Self.update(&world)] : []
            let change = compiler.apply(updates)
            var after = tables
            after.apply(change)
            let questions = History.questions(&world, 25)
            for stage in Self.stages(change, &world.random) {
                var between = tables
                between.apply(stage.done)
                for question in questions {
                    let verdicts = [tables, after].map { interpret($0, question)?.isAllowed }
                    let verdict = interpret(between, question)?.isAllowed
                    guard !verdicts.contains(verdict) else { continue }
                    Issue.record(
                        """
                        seed \(seed), step \(step), after \(stage.name): \(question)
                          before \(verdicts[0] as Any), after \(verdicts[1] as Any), \
                        between \(verdict as Any)
                        \(listing(updates))
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
        done.classes = change.classes.filter { _ in random.oneIn(2) }
        reach("some classes")
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
