package import Model

/// What policy does with a flow at both of its ends, for people to read.
package struct Trace: Hashable, Sendable {
    /// One end: an endpoint that owns the address, and what its policy says.
    package struct End: Hashable, Sendable {
        package let endpoint: EndpointID
        package let direction: Direction
        package let judgement: Judgement
        /// The verdict if staged policies were enforced; `nil` when they change nothing.
        package let pending: Judgement?
        /// The policies that apply to the endpoint in the direction, by tier.
        package let policies: [String: [PolicyID]]
    }

    package let flow: Flow
    /// First those of the source, then those of the destination.
    package let ends: [End]

    /// Asks at every endpoint that owns the source or the destination.
    package init(_ flow: Flow, _ evaluator: Evaluator) {
        self.flow = flow
        let sources = evaluator.endpoints(owning: flow.source)
        let destinations = evaluator.endpoints(owning: flow.destination)
        ends =
            sources.map { Self.end(flow, evaluator, $0, .egress) }
            + destinations.map { Self.end(flow, evaluator, $0, .ingress) }
    }

    private static func end(
        _ flow: Flow,
        _ evaluator: Evaluator,
        _ endpoint: EndpointID,
        _ direction: Direction
    ) -> End {
        let judgement = evaluator.judge(flow, at: endpoint, direction)
        let pending = evaluator.judgeStaged(flow, at: endpoint, direction)
        return End(
            endpoint: endpoint,
            direction: direction,
            judgement: judgement,
            pending: pending.steps == judgement.steps ? nil : pending,
            policies: evaluator.policies(at: endpoint, direction)
        )
    }

    /// Whether every end that policy knows allows the flow.
    package var isAllowed: Bool { ends.allSatisfy(\.judgement.isAllowed) }
}

// MARK: - Text

extension Trace {
    /// The trace as lines: the verdict, then each end with what decides and what was passed by.
    package var lines: [String] {
        ["\(flow.text): \(Self.text(isAllowed))"]
            + section(.egress, flow.source, "source")
            + section(.ingress, flow.destination, "destination")
    }

    private func section(_ direction: Direction, _ address: Address, _ name: String) -> [String] {
        let own = ends.filter { $0.direction == direction }
        guard !own.isEmpty else {
            return [
                "\(direction.rawValue): no endpoint owns the \(name) \(address), so no policy asks there"
            ]
        }
        return own.flatMap(\.lines)
    }

    fileprivate static func text(_ isAllowed: Bool) -> String { isAllowed ? "allowed" : "denied" }
}

extension Trace.End {
    fileprivate var lines: [String] {
        let preposition = direction == .egress ? "from" : "to"
        var lines = [
            "\(direction.rawValue) \(preposition) \(endpoint): \(Trace.text(judgement.isAllowed))"
        ]
        lines.append("  decided by \(judgement.decision.text)\(reason(of: judgement))")
        let passed = judgement.visits.dropLast()
        if !passed.isEmpty { lines.append("  before it:") }
        lines += passed.map { "    \($0.step.rule.text) (\($0.step.action.rawValue)): \($0.why)" }
        if let pending {
            lines.append("  with staged policies enforced: \(Trace.text(pending.isAllowed))")
            lines.append("    decided by \(pending.decision.text)\(reason(of: pending))")
        }
        return lines
    }

    /// Why it came to this, where the decision is no rule of a policy.
    private func reason(of judgement: Judgement) -> String {
        let decision = judgement.decision
        switch decision.owner {
        case .endOfTier:
            let names = (policies[decision.tier] ?? []).map { "\($0)" }.joined(separator: ", ")
            return names.isEmpty ? "" : ": no rule matched, and these apply: \(names)"
        case .noMatch: return ": neither a tier nor a profile allows it"
        case .profile where decision.index < 0: return ": the profile does not exist"
        case .policy, .profile: return ""
        }
    }
}

extension Flow {
    /// `10.0.0.1:40000 → 10.0.0.2:80 TCP`.
    package var text: String {
        let ports = `protocol`.hasPorts
        let source = ports && sourcePort != 0 ? Self.text(source, sourcePort) : "\(source)"
        let destination = ports ? Self.text(destination, destinationPort) : "\(destination)"
        return "\(source) → \(destination) \(`protocol`)\(icmp.map { " \($0.text)" } ?? "")"
    }

    private static func text(_ address: Address, _ port: UInt16) -> String {
        address.isV4 ? "\(address):\(port)" : "[\(address)]:\(port)"
    }
}

extension ICMPMatch {
    /// `type 8 code 0`.
    package var text: String { "type \(type)" + (code.map { " code \($0)" } ?? "") }
}

extension RuleName {
    /// `tier apps, NetworkPolicy ns/web, ingress rule 0`.
    package var text: String {
        switch owner {
        case .policy(let id):
            "tier \(tier), \(id), \(direction.rawValue.lowercased()) rule \(index)"
        case .profile(let name) where index < 0: "profile \(name)"
        case .profile(let name): "profile \(name), \(direction.rawValue.lowercased()) rule \(index)"
        case .endOfTier: "the end of tier \(tier)"
        case .noMatch: "the lack of any match"
        }
    }
}

extension Judgement.Visit {
    /// Why the rule did not match, or what its match led to.
    package var why: String {
        if let mismatch { return mismatch.text }
        return switch step.action {
        case .log: "matched, logged"
        case .pass:
            step.rule.owner == .endOfTier ? "on to the next tier" : "matched, on to the next tier"
        case .allow, .deny: "matched"
        }
    }
}

extension Mismatch {
    /// The condition that does not hold.
    package var text: String {
        switch self {
        case .family: "other IP version"
        case .protocol: "other protocol"
        case .notProtocol: "the protocol is excluded"
        case .icmp: "other ICMP type or code"
        case .notICMP: "the ICMP type or code is excluded"
        case .nets(let end): "the \(end) is in none of the nets"
        case .notNets(let end):
            "the \(end) is in an excluded net, or all of these are of the other family"
        case .selector(let end, let selector): "the \(end) does not match \(selector)"
        case .notSelector(let end, let selector): "the \(end) matches the excluded \(selector)"
        case .ports(let end): "the \(end)'s port is not in the list"
        case .notPorts(let end): "the \(end)'s port is excluded"
        case .service(let end): "the \(end) is no endpoint of the service"
        }
    }
}
