import Compile
import Evaluate
import KernelVerdicts
import Model

/// A packet at a host endpoint, and what its policy must say.
struct HostCheck {
    enum Verdict: String {
        case allow
        case deny
        /// Untracked policy decides nothing; the packet goes on.
        case none
    }

    let label: String
    let packet: HostPacket
    let endpoint: EndpointID
    let direction: Direction
    let isUntracked: Bool
    let verdict: Verdict
    var rule: ExpectedRule?
    var isLogged: Bool?
}

/// What an engine says of one.
struct HostAnswer {
    let verdict: HostCheck.Verdict
    /// `nil` where the engine does not know, as `isLogged`.
    var rule: RuleName?
    var isLogged: Bool?
}

/// Asks every engine every question; one that does not judge a packet answers `nil`.
func judgeHost(
    _ updates: [Update],
    _ checks: [HostCheck],
    asking engines: [any VerdictEngine]
) throws -> Outcome {
    var differences: [String] = []
    for engine in engines {
        for (check, answer) in zip(checks, try engine.judge(updates, checks)) {
            guard let difference = answer.flatMap(check.difference) else { continue }
            differences.append("\(engine.name): \(check.label): \(difference)")
        }
    }
    return differences.isEmpty ? .passed : .failed(differences)
}

extension HostCheck {
    fileprivate func difference(from answer: HostAnswer) -> String? {
        let by = answer.rule.map { "\($0)" } ?? "an unknown rule"
        if answer.verdict != verdict {
            return "expected \(verdict), got \(answer.verdict) by \(by)"
        }
        if let rule, let decision = answer.rule, !rule.fits(decision) {
            return "expected \(rule) to decide, got \(by)"
        }
        if let isLogged, let logged = answer.isLogged, logged != isLogged {
            return "expected logged to be \(isLogged), was \(logged)"
        }
        return nil
    }
}

// MARK: - Engines

extension EvaluatorEngine {
    func judge(_ updates: [Update], _ checks: [HostCheck]) -> [HostAnswer?] {
        let evaluator = Evaluator(PolicyWorld(updates))
        return checks.map { check in
            guard check.isUntracked else {
                return HostAnswer(
                    evaluator.judge(check.packet, atHost: check.endpoint, check.direction)
                )
            }
            let judgement = evaluator.judgeUntracked(
                check.packet.beforeDNAT,
                atHost: check.endpoint,
                check.direction
            )
            return judgement.map { HostAnswer($0) } ?? HostAnswer(verdict: .none)
        }
    }
}

extension TablesEngine {
    func judge(_ updates: [Update], _ checks: [HostCheck]) throws -> [HostAnswer?] {
        var nodes: [String: TableInterpreter] = [:]
        for node in Set(checks.map(\.endpoint.node)) {
            nodes[node] = try compiledTables(updates, on: node)
        }
        return try checks.map { check in
            guard let outcome = nodes[check.endpoint.node]?.judge(check) else {
                throw VectorError("\(check.endpoint) has no tables")
            }
            guard !outcome.goesOn else { return HostAnswer(verdict: .none) }
            return HostAnswer(
                verdict: outcome.isAllowed ? .allow : .deny,
                rule: outcome.rule ?? .noMatch(check.direction),
                isLogged: outcome.logRule != nil
            )
        }
    }
}

extension TableInterpreter {
    fileprivate func judge(_ check: HostCheck) -> Outcome? {
        guard check.isUntracked else {
            return judge(
                check.packet.flow,
                beforeDNAT: check.packet.beforeDNAT,
                atHost: check.endpoint,
                check.direction,
                isForwarded: check.packet.isForwarded
            )
        }
        let isIngress = check.direction == .ingress
        return judge(
            check.packet.beforeDNAT,
            atHost: check.endpoint,
            isIngress ? .untrackedIngress : .untrackedEgress
        )
    }
}

extension KernelVerdicts {
    /// `nil` for what never comes to tc's policy: untracked policy is XDP's, nothing translates
    /// addresses yet, errors of ICMP belong to the packet that they quote, and some sources are forged.
    func judge(_ check: HostCheck) throws -> HostAnswer? {
        let packet = check.packet
        guard !check.isUntracked, packet.flow == packet.beforeDNAT,
            KernelVerdicts.isJudged(packet.flow),
            !packet.isForwarded || KernelVerdicts.isForwarded(from: packet.flow.source)
        else { return nil }
        let verdict = try judge(
            packet.flow,
            atHost: check.endpoint,
            check.direction,
            isForwarded: packet.isForwarded
        )
        guard let verdict else { throw VectorError("\(check.endpoint) has no programs") }
        let rule = verdict.rule ?? .noMatch(check.direction)
        return HostAnswer(
            verdict: verdict.isAllowed ? .allow : .deny,
            rule: verdict.tellsRule ? rule : nil,
            isLogged: verdict.logRule != nil
        )
    }
}

extension HostAnswer {
    fileprivate init(_ judgement: Judgement) {
        self.init(
            verdict: judgement.isAllowed ? .allow : .deny,
            rule: judgement.decision,
            isLogged: judgement.logged != nil
        )
    }
}
