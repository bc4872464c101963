import Compile
import Evaluate
import Model
import Support

/// A world that grows by batches of updates, looked at after each.
struct History {
    let batches: [[Update]]
    let questions: [Case]
    let bounds: Bounds

    /// How large tables of verdicts may be: smaller ones make more programs bitmaps.
    struct Bounds: CustomStringConvertible {
        var limit = PolicyCompiler.verdictLimit
        var budget = PolicyCompiler.verdictBudget

        var description: String { "limit \(limit), budget \(budget)" }

        var compiler: PolicyCompiler {
            PolicyCompiler(
                localNode: RandomWorld.localNode,
                verdictLimit: limit,
                verdictBudget: budget
            )
        }

        /// None, all and those in between; each number has the same ones always.
        static func some(_ number: Int) -> Bounds {
            let choices = [
                Bounds(), Bounds(limit: 0, budget: 0), Bounds(limit: 24),
                Bounds(limit: 60, budget: 150),
            ]
            return choices[number % choices.count]
        }
    }

    /// Drawn from a seed: changes, removals, repeats.
    init(_ world: inout RandomWorld, batches: Int, questions: Int, _ bounds: Bounds) {
        self.batches = (0..<batches).map { _ in
            var updates = (0..<Int.random(in: 1...5, using: &world.random)).map { _ in
                world.update()
            }
            if world.random.oneIn(4), let repeated = updates.first { updates.append(repeated) }
            return updates
        }
        self.questions = Self.questions(&world, questions)
        self.bounds = bounds
    }

    static func questions(_ world: inout RandomWorld, _ count: Int) -> [Case] {
        (0..<count).flatMap { _ in
            let flow = world.flow()
            return Direction.allCases.flatMap { direction in
                [false, true].map { Case(flow: flow, direction: direction, isStaged: $0) }
            }
        }
    }

    private init(batches: [[Update]], questions: [Case], _ bounds: Bounds) {
        self.batches = batches
        self.questions = questions
        self.bounds = bounds
    }

    /// As few batches and updates as still go wrong.
    var minimised: History {
        let flat = batches.enumerated().flatMap { number, updates in
            updates.map { (batch: number, update: $0) }
        }
        func history(_ kept: [(batch: Int, update: Update)]) -> History {
            let groups = Dictionary(grouping: kept, by: \.batch)
            return History(
                batches: groups.keys.sorted().map { (groups[$0] ?? []).map(\.update) },
                questions: questions,
                bounds
            )
        }
        return history(AgreementTests.minimised(flat) { history($0).problem != nil })
    }

    var listing: String {
        batches.enumerated().map { "  batch \($0.offset):\n\(AgreementTests.listing($0.element))" }
            .joined(separator: "\n")
    }

    // MARK: What must hold

    /// The first thing that goes wrong: a verdict after some batch, a flow that should have been judged
    /// anew and was not, a table that is not that of one bulk update.
    var problem: String? {
        var compiler = bounds.compiler
        var tables = TableInterpreter()
        var facts = PolicyWorld()
        var present: [String: Update] = [:]
        for (number, updates) in batches.enumerated() {
            let before = tables
            let change = compiler.apply(updates)
            for update in updates {
                facts.apply(update)
                present[update.key] = update
            }
            tables.apply(change)
            let problem =
                disagreement(Evaluator(facts), tables, questions)
                ?? unrevoked(before, tables, change) ?? danglingReference(tables)
            if let problem { return "batch \(number): \(problem)" }
        }
        while compiler.needsSettling { tables.apply(compiler.apply([])) }
        return difference(tables, Array(present.values))
    }

    /// Against the tables of the same objects, applied at once in the opposite order.
    private func difference(_ tables: TableInterpreter, _ present: [Update]) -> String? {
        var compiler = bounds.compiler
        var bulk = TableInterpreter()
        bulk.apply(compiler.apply(present.sorted { $0.key > $1.key }))
        while compiler.needsSettling { bulk.apply(compiler.apply([])) }
        for prefix in Set(tables.classes.keys).union(bulk.classes.keys)
        where tables.classes[prefix] != bulk.classes[prefix] {
            return "class of \(prefix) is \(text(tables.classes[prefix])), at once "
                + text(bulk.classes[prefix])
        }
        if tables.endpoints != bulk.endpoints { return "endpoints are not those of a bulk update" }
        if tables.spoofers != bulk.spoofers { return "spoofers are not those of a bulk update" }
        if tables.stagedSpoofers != bulk.stagedSpoofers {
            return "staged spoofers are not those of a bulk update"
        }
        if tables.rules != bulk.rules { return "rules are not those of a bulk update" }
        if tables.conflicts != bulk.conflicts { return "conflicts are not those of a bulk update" }
        for id in Set(tables.programs.keys).union(bulk.programs.keys)
        where tables.programs[id] != bulk.programs[id] {
            return
                "program \(id) is \(text(tables.programs[id])), at once \(text(bulk.programs[id]))"
        }
        return nil
    }

    private func text<Value>(_ value: Value?) -> String { value.map { "\($0)" } ?? "none" }

    /// A flow whose verdict changed under a program that is not revoked.
    private func unrevoked(
        _ before: TableInterpreter,
        _ after: TableInterpreter,
        _ change: DataplaneChange
    ) -> String? {
        for question in questions {
            guard before.endpoints[question.local] != nil,
                let programs = after.endpoints[question.local],
                interpret(before, question)?.isAllowed != interpret(after, question)?.isAllowed
            else { continue }
            // Another staged program comes with another record of the endpoint, which revokes by itself.
            if question.isStaged, before.endpoints[question.local] != programs { continue }
            let id = programs.judging(question)
            if !change.revoked.contains(id) {
                return "\(question): the verdict changed, program \(id) is not revoked"
            }
        }
        return nil
    }

    /// A table that refers to what is not there, or that nothing refers to.
    private func danglingReference(_ tables: TableInterpreter) -> String? {
        let used = Set(
            tables.endpoints.values.flatMap {
                [$0.ingress, $0.egress, $0.stagedIngress, $0.stagedEgress]
            }
        )
        .union(tables.spoofers.values.flatMap(\.values))
        .union(tables.stagedSpoofers.values.flatMap(\.values))
        for id in used where id > 1 && tables.programs[id] == nil {
            return "program \(id) is used but not there"
        }
        for id in tables.programs.keys where !used.contains(id) {
            return "program \(id) stays, though nothing uses it"
        }
        for verdict in tables.programs.values.flatMap(\.verdicts.values)
        where verdict.rule != 0 && tables.rules[verdict.rule] == nil {
            return "rule \(verdict.rule) has no name"
        }
        for clause in tables.programs.values.flatMap(\.clauses.values)
        where clause.rule != 0 && tables.rules[clause.rule] == nil {
            return "rule \(clause.rule) has no name"
        }
        return nil
    }
}

extension Update {
    /// Names the object that it is about.
    var key: String {
        switch self {
        case .endpoint(let id, _): "endpoint \(id) \(id.node)"
        case .networkSet(let id, _): "set \(id)"
        case .policy(let id, _): "policy \(id)"
        case .tier(let name, _): "tier \(name)"
        case .profile(let name, _): "profile \(name)"
        case .serviceSlice(let name, _): "slice \(name)"
        }
    }
}

extension EndpointPrograms {
    /// The program that answers the question.
    fileprivate func judging(_ question: Case) -> UInt32 {
        let staged = question.direction == .ingress ? stagedIngress : stagedEgress
        if question.isStaged, staged != 0 { return staged }
        return question.direction == .ingress ? ingress : egress
    }
}
