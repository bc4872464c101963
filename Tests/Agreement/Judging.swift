import Compile
import Evaluate
package import KernelVerdicts
package import Model

/// What came of playing a history.
package struct Findings: Sendable {
    /// How many questions had a verdict of every voice, and the same one.
    package internal(set) var cases = 0
    /// The first thing that went wrong.
    package internal(set) var problem: String?
}

extension History {
    /// Plays the history: after each batch all voices are asked all questions.
    ///
    /// Goes wrong when a verdict, the rule that decides or the rule that logs differs, when a flow
    /// should have been judged anew and was not, and when the tables in the end are not those of one
    /// bulk update. With a kernel, its programs are the third voice.
    package func findings(_ kernel: KernelVerdicts? = nil) -> Findings {
        var findings = Findings()
        do {
            try play(kernel, &findings)
        } catch {
            // What the kernel refuses to hold or to answer is wrong as well.
            findings.problem = "the kernel's voice: \(error)"
        }
        return findings
    }

    private func play(_ kernel: KernelVerdicts?, _ findings: inout Findings) throws {
        var compiler = bounds.compiler
        var tables = TableInterpreter()
        var facts = PolicyWorld()
        var present: [String: Update] = [:]
        try kernel?.reset()
        for (number, updates) in batches.enumerated() {
            let before = tables
            let change = compiler.apply(updates)
            for update in updates {
                facts.apply(update)
                present[update.key] = update
            }
            tables.apply(change)
            try kernel?.apply(change)
            let problem =
                disagreement(Evaluator(facts), tables, kernel, &findings.cases)
                ?? unrevoked(before, tables, change) ?? danglingReference(tables)
                // Host endpoints whose policy does not fit are told of, and closed.
                ?? (change.failures.isEmpty
                    ? hostDisagreement(facts, tables, kernel, hostFlows(kernel)) : nil)
                ?? unrevokedHost(before, tables, change, hostFlows(kernel))
            if let problem {
                findings.problem = "batch \(number): \(problem)"
                return
            }
        }
        while compiler.needsSettling {
            let change = compiler.apply([])
            tables.apply(change)
            try kernel?.apply(change)
        }
        findings.problem =
            disagreement(Evaluator(facts), tables, kernel, &findings.cases)
            ?? difference(tables, Array(present.values))
    }

    /// Host endpoints are compared between evaluator and tables; the kernel's part in them is proved by
    /// vectors and packet rows, because asking it for each of these takes longer than all the rest.
    private func hostFlows(_ kernel: KernelVerdicts?) -> [Flow] { kernel == nil ? flows : [] }

    /// Of the questions, each once.
    private var flows: [Flow] {
        questions.map(\.flow)
    }

    // MARK: Verdicts

    /// The first question on which two voices differ.
    private func disagreement(
        _ evaluator: Evaluator,
        _ tables: TableInterpreter,
        _ kernel: KernelVerdicts?,
        _ cases: inout Int
    ) -> String? {
        for question in questions {
            let expected = evaluate(evaluator, question)
            let told = interpret(tables, question)
            guard expected == told else {
                return "\(question)\n  evaluator: \(text(expected))\n  tables:    \(text(told))"
            }
            guard let expected else { continue }
            if let kernel {
                guard KernelVerdicts.isJudged(question.flow) else { continue }
                if let problem = kernel.difference(from: expected, question) { return problem }
            }
            cases += 1
        }
        return nil
    }

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

    // MARK: Tables

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
        if tables.hosts != bulk.hosts { return "host endpoints are not those of a bulk update" }
        if tables.rules != bulk.rules { return "rules are not those of a bulk update" }
        if tables.conflicts != bulk.conflicts { return "conflicts are not those of a bulk update" }
        for id in Set(tables.programs.keys).union(bulk.programs.keys)
        where tables.programs[id] != bulk.programs[id] {
            return
                "program \(id) is \(text(tables.programs[id])), at once \(text(bulk.programs[id]))"
        }
        return nil
    }

    private func text<Table>(_ table: Table?) -> String { table.map { "\($0)" } ?? "none" }

    /// A table that refers to what is not there, or that nothing refers to.
    private func danglingReference(_ tables: TableInterpreter) -> String? {
        let used = tables.programsInUse
        for id in used where id > 2 && tables.programs[id] == nil {
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

extension EndpointPrograms {
    /// The program that answers the question.
    fileprivate func judging(_ question: Case) -> UInt32 {
        let staged = question.direction == .ingress ? stagedIngress : stagedEgress
        if question.isStaged, staged != 0 { return staged }
        return question.direction == .ingress ? ingress : egress
    }
}

private func text(_ voice: Voice?) -> String { voice.map(\.description) ?? "not local" }

extension KernelVerdicts {
    /// How a program that may judge the direction differs; `nil` when none does.
    fileprivate func difference(from expected: Voice, _ question: Case) -> String? {
        let hooks: [Hook] =
            question.direction == .ingress ? Hook.allCases : [.fromWorkload, .toWorkload]
        for hook in hooks {
            do {
                let verdict = try judge(question.flow, question.direction, through: hook)
                let voice = verdict.map { verdict in
                    question.isStaged
                        ? Voice(pendingOf: verdict, else: expected)
                        : Voice(verdict, else: expected.rule)
                }
                guard voice != expected else { continue }
                return "\(question)\n  evaluator: \(expected)\n  \(hook): \(text(voice))"
            } catch {
                return "\(question)\n  evaluator: \(expected)\n  \(hook): \(error)"
            }
        }
        return nil
    }
}

extension Voice {
    /// Where the kernel keeps no rule, the expected one is taken for said.
    init(_ verdict: KernelVerdict, else rule: RuleName?) {
        self.init(
            isAllowed: verdict.isAllowed,
            rule: verdict.tellsRule ? verdict.rule : rule,
            logRule: verdict.logRule
        )
    }

    /// What staged policies would do: the same as is done where the kernel was told of none.
    ///
    /// Log rules stay silent there, so that the expected one is taken for said.
    fileprivate init(pendingOf verdict: KernelVerdict, else expected: Voice) {
        let logRule = expected.logRule
        if let pending = verdict.pending {
            self.init(isAllowed: pending.isAllowed, rule: pending.rule, logRule: logRule)
        } else if verdict.tellsRule {
            self.init(isAllowed: verdict.isAllowed, rule: verdict.rule, logRule: logRule)
        } else {
            self.init(isAllowed: expected.isAllowed, rule: expected.rule, logRule: logRule)
        }
    }
}

extension Update {
    /// Names the object that it is about.
    package var key: String {
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
