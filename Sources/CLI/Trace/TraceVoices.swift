internal import Compile
internal import Evaluate
internal import JSON
internal import Model

/// Whose answer it is.
enum TraceSource: String, CaseIterable {
    /// The plain evaluator, over the store's objects.
    case evaluator
    /// Tables that were compiled here from the store's objects.
    case tables
    /// The maps of the agent's kernel.
    case kernel
}

/// One answer on a flow at one end, comparable between those who give it.
struct TraceVoice: Hashable {
    var isAllowed: Bool
    /// `nil` for no match.
    var rule: RuleName?
    var logRule: RuleName?

    var text: String {
        let verdict = isAllowed ? "allowed" : "denied"
        let logged = logRule.map { ", logged by \($0.place)" } ?? ""
        return "\(verdict) by \(rule?.place ?? RuleName.Owner.noMatch.text)\(logged)"
    }
}

extension TraceVoice {
    init(_ judgement: Judgement) {
        let decision = judgement.decision
        self.init(
            isAllowed: judgement.isAllowed,
            rule: decision.owner == .noMatch ? nil : decision,
            logRule: judgement.logged
        )
    }

    init(_ outcome: TableInterpreter.Outcome) {
        self.init(isAllowed: outcome.isAllowed, rule: outcome.rule, logRule: outcome.logRule)
    }

    /// Reads one end of an agent's answer.
    init(_ side: JSONValue) {
        self.init(
            isAllowed: side["allowed"]?.bool == true,
            rule: side["rule"].flatMap { RuleName($0) },
            logRule: side["logRule"].flatMap { RuleName($0) }
        )
    }
}

extension RuleName {
    /// Where the rule stands, as the text of a trace names it.
    var place: String {
        let number = index >= 0 ? ", \(direction.rawValue.lowercased()) rule \(index)" : ""
        return owner.text + (owner == .endOfTier ? " \(tier)" : "") + number
    }

    /// Reads what the agent's verb `trace` writes.
    init?(_ json: JSONValue) {
        guard let tier = json["tier"]?.string, let index = json["index"]?.int,
            let direction = json["direction"]?.string.flatMap({ Direction(rawValue: $0) }),
            let kind = json["kind"]?.string
        else { return nil }
        let name = json["name"]?.string ?? ""
        let owner: Owner
        switch kind {
        case "Profile": owner = .profile(name)
        case "EndOfTier": owner = .endOfTier
        case "NoMatch": owner = .noMatch
        default:
            guard let kind = PolicyKind(rawValue: kind) else { return nil }
            let namespace = json["namespace"]?.string
            owner = .policy(PolicyID(kind: kind, namespace: namespace, name: name))
        }
        self.init(tier: tier, owner: owner, direction: direction, index: Int(index))
    }
}
