internal import Model

/// One flow's way through rules in one direction, with everything it meets noted down.
///
/// Each step answers with a verdict, or `nil` when what comes next is to be asked.
struct Walk {
    /// The flow as the rules that come next see it.
    var flow: Flow
    private let direction: Direction
    private let matcher: Matcher
    private var visits: [Judgement.Visit] = []

    init(_ flow: Flow, _ direction: Direction, _ matcher: Matcher) {
        self.flow = flow
        self.direction = direction
        self.matcher = matcher
    }

    /// The judgement; without a verdict nothing matched, and that is denied if not said otherwise.
    consuming func end(isAllowed verdict: Bool?, otherwise: Bool = false) -> Judgement {
        if let verdict { return Judgement(isAllowed: verdict, visits: visits) }
        let nothing = RuleName(tier: "", owner: .noMatch, direction: direction, index: -1)
        note(nothing, otherwise ? .allow : .deny)
        return Judgement(isAllowed: otherwise, visits: visits)
    }

    /// Goes through tiers that apply.
    ///
    /// Untracked and pre-DNAT policies deny nothing that they do not name: there the end of a tier
    /// always leads on.
    mutating func tiers(_ tiers: [SortedTier], deniesAtEnd: Bool) -> Bool? {
        for sorted in tiers {
            if let verdict = tier(sorted, deniesAtEnd: deniesAtEnd) { return verdict }
        }
        return nil
    }

    private mutating func tier(_ sorted: SortedTier, deniesAtEnd: Bool) -> Bool? {
        let tier = sorted.tier
        for policy in sorted.policies {
            let rules = direction == .ingress ? policy.ingress : policy.egress
            switch firstMatch(rules, tier: tier.name, .policy(policy.id)) {
            case .allow: return true
            case .deny: return false
            case .pass: return nil
            case .log, nil: continue
            }
        }
        let denies = deniesAtEnd && tier.defaultAction != .pass
        let end = RuleName(tier: tier.name, owner: .endOfTier, direction: direction, index: -1)
        note(end, denies ? .deny : .pass)
        return denies ? false : nil
    }

    /// Goes through profiles in their order.
    ///
    /// A profile that is named but absent denies all, and so does Pass inside one: there is no tier
    /// left to go on to.
    mutating func profiles(_ names: [String], _ world: PolicyWorld) -> Bool? {
        for name in names {
            guard let profile = world.profiles[name] else {
                let owner = RuleName.Owner.profile(name)
                note(RuleName(tier: "", owner: owner, direction: direction, index: -1), .deny)
                return false
            }
            let rules = direction == .ingress ? profile.ingress : profile.egress
            if let action = firstMatch(rules, tier: "", .profile(name)) { return action == .allow }
        }
        return nil
    }

    /// The action of the first rule that matches; Log is noted and passed by.
    private mutating func firstMatch(
        _ rules: [Rule],
        tier: String,
        _ owner: RuleName.Owner
    ) -> Action? {
        for (index, rule) in rules.enumerated() {
            let mismatch = matcher.mismatch(rule, flow)
            let name = RuleName(tier: tier, owner: owner, direction: direction, index: index)
            note(name, rule.action, mismatch)
            if mismatch == nil, rule.action != .log { return rule.action }
        }
        return nil
    }

    private mutating func note(
        _ rule: RuleName,
        _ action: Action,
        _ mismatch: Mismatch? = nil
    ) {
        visits.append(Judgement.Visit(.init(rule: rule, action: action), mismatch: mismatch))
    }
}
