package import Dataplane
package import Model

/// What rules decided, for Prometheus: three counters a rule, so the number of rules is bounded.
package struct RuleMetrics: Sendable {
    /// In the environment: how many rules at most, 0 for none.
    package static let variable = "CARACAL_RULE_METRICS"
    private static let defaultLimit = 1000

    private let limit: Int

    /// Takes the bound from the environment; what is no number there is as if absent.
    package init(environment: [String: String]) {
        limit = max(0, environment[Self.variable].flatMap { Int($0) } ?? Self.defaultLimit)
    }

    /// Sets the counters of the busiest rules, those of all others together, and no more of any that
    /// are gone.
    package func set(
        _ counts: [RuleKey: RuleCount],
        _ name: (UInt32) -> RuleName?,
        in metrics: Metrics
    ) {
        var rows: [(labels: [String: String], count: RuleCount)] = []
        var rest: [Direction: RuleCount] = [:]
        let busiest = counts.sorted {
            ($0.value.packets, $1.key.id) > ($1.value.packets, $0.key.id)
        }
        for (key, count) in busiest {
            if rows.count < limit, let labels = Self.labels(key, name) {
                rows.append((labels, count))
            } else {
                rest[key.direction] = rest[key.direction].map { $0 + count } ?? count
            }
        }
        for (direction, count) in rest where limit > 0 {
            rows.append((["direction": direction.rawValue, "kind": "Other"], count))
        }
        metrics.replace(.ruleConnections, rows.map { ($0.labels, Double($0.count.connections)) })
        metrics.replace(.rulePackets, rows.map { ($0.labels, Double($0.count.packets)) })
        metrics.replace(.ruleBytes, rows.map { ($0.labels, Double($0.count.bytes)) })
    }

    /// `nil` for rules that have no name: they are counted with the others.
    private static func labels(
        _ key: RuleKey,
        _ name: (UInt32) -> RuleName?
    ) -> [String: String]? {
        var labels = ["direction": key.direction.rawValue]
        if key.id == RuleKey.none {
            labels["kind"] = "NoMatch"
            return labels
        }
        guard key.id != RuleKey.other, let rule = name(key.id) else { return nil }
        if !rule.tier.isEmpty { labels["tier"] = rule.tier }
        if rule.index >= 0 { labels["rule"] = "\(rule.index)" }
        switch rule.owner {
        case .policy(let id):
            labels["kind"] = id.kind.rawValue
            labels["name"] = id.name
            if let namespace = id.namespace { labels["namespace"] = namespace }
        case .profile(let profile):
            labels["kind"] = "Profile"
            labels["name"] = profile
        case .endOfTier: labels["kind"] = "EndOfTier"
        case .noMatch: labels["kind"] = "NoMatch"
        }
        return labels
    }
}

extension Metric {
    package static let ruleConnections = Self(
        .counter,
        "caracal_rule_connections_total",
        "Connections that a rule let begin, on this node."
    )
    package static let rulePackets = Self(
        .counter,
        "caracal_rule_packets_total",
        "Packets that a rule allowed, denied or logged, on this node."
    )
    package static let ruleBytes = Self(
        .counter,
        "caracal_rule_bytes_total",
        "Bytes of frames that a rule allowed, denied or logged, on this node."
    )
    package static let uncountedPackets = Self(
        .counter,
        "caracal_rule_packets_without_counter_total",
        "Packets of rules for which cara_rules had no room: counted together."
    )
    package static let untoldEvents = Self(
        .counter,
        "caracal_events_untold_total",
        "Events about packets that were not told: beyond the rate, or without room."
    )
}
