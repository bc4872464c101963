import Evaluate
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

/// Asks the evaluator, which alone knows the tables of host endpoints.
func judgeHost(_ updates: [Update], _ checks: [HostCheck]) -> Outcome {
    let evaluator = Evaluator(PolicyWorld(updates))
    let differences = checks.compactMap { check in
        let judgement =
            check.isUntracked
            ? evaluator.judgeUntracked(
                check.packet.beforeDNAT,
                atHost: check.endpoint,
                check.direction
            )
            : evaluator.judge(check.packet, atHost: check.endpoint, check.direction)
        return check.difference(from: judgement).map { "\(check.label): \($0)" }
    }
    return differences.isEmpty ? .passed : .failed(differences)
}

extension HostCheck {
    fileprivate func difference(from judgement: Judgement?) -> String? {
        let actual = judgement.map { $0.isAllowed ? Verdict.allow : .deny } ?? .none
        let steps = judgement?.steps.map { $0.rule.text }.joined(separator: "; ") ?? ""
        if actual != verdict { return "expected \(verdict), got \(actual) by \(steps)" }
        if let rule, let judgement, !rule.fits(judgement.decision) {
            return "expected \(rule) to decide, got \(steps)"
        }
        if let isLogged, let judgement, (judgement.logged != nil) != isLogged {
            return "expected logged to be \(isLogged), got \(steps)"
        }
        return nil
    }
}
