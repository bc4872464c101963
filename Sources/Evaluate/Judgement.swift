package import Model

/// What policy says of one flow in one direction, and how it came to it.
package struct Judgement: Hashable, Sendable {
    /// A rule that matched, or the outcome of the end of a tier or of the whole walk.
    package struct Step: Hashable, Sendable {
        package let rule: RuleName
        package let action: Action

        package init(rule: RuleName, action: Action) {
            self.rule = rule
            self.action = action
        }
    }

    /// One rule that was looked at: `mismatch` says why it did not match, `nil` that it did.
    package struct Visit: Hashable, Sendable {
        package let step: Step
        package let mismatch: Mismatch?

        package init(_ step: Step, mismatch: Mismatch? = nil) {
            self.step = step
            self.mismatch = mismatch
        }
    }

    package let isAllowed: Bool
    /// All rules in the order in which they were tried; the last one decided.
    package let visits: [Visit]

    package init(isAllowed: Bool, visits: [Visit]) {
        precondition(visits.last?.mismatch == nil && !visits.isEmpty, "the last visit decides")
        self.isAllowed = isAllowed
        self.visits = visits
    }

    /// Every rule that matched on the way (Log, Pass, the deciding one) and every end of a tier.
    ///
    /// The last step is the decision.
    package var steps: [Step] { visits.filter { $0.mismatch == nil }.map(\.step) }

    /// What decides: a rule, the end of a tier, a profile's rule, or no match at all.
    package var decision: RuleName { visits[visits.count - 1].step.rule }

    /// The first Log rule passed on the way.
    package var logged: RuleName? { steps.first { $0.action == .log }?.rule }
}

/// The first condition of a rule that a flow does not meet.
package enum Mismatch: Hashable, Sendable {
    package enum End: String, Hashable, Sendable {
        case source
        case destination
    }

    case family
    case `protocol`
    case notProtocol
    case icmp
    case notICMP
    case nets(End)
    case notNets(End)
    case selector(End, String)
    case notSelector(End, String)
    case ports(End)
    case notPorts(End)
    case service(End)
}
