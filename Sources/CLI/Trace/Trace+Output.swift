internal import Evaluate
internal import JSON
internal import Model

// MARK: - Text

extension Trace {
    /// For people: each rule that was tried, in order, and what it came to.
    var text: String {
        let sides = sides.map(Self.text).joined(separator: "\n")
        return "\(flowText)\n\n\(sides)\nVerdict: \(isAllowed ? "allowed" : "denied")\n"
    }

    private var flowText: String {
        func end(_ end: FlowEnd, _ address: Address, _ port: UInt16) -> String {
            let host = address.family == .v6 ? "[\(address)]" : "\(address)"
            let place = flow.protocol.hasPorts ? "\(host):\(port)" : "\(address)"
            return end.endpoint == nil ? place : "\(end.name) (\(place))"
        }
        var what = flow.protocol.description
        if let icmp = flow.icmp { what += " type \(icmp.type) code \(icmp.code ?? 0)" }
        return "\(what) from \(end(source, flow.source, flow.sourcePort))"
            + " to \(end(destination, flow.destination, flow.destinationPort))"
    }

    private static func text(_ side: Side) -> String {
        var lines = ["\(side.direction.rawValue) of \(side.endpoint) on \(side.endpoint.node):"]
        var tier: String?
        for visit in side.judgement.visits {
            if visit.step.rule.tier != tier {
                tier = visit.step.rule.tier
                if let tier, !tier.isEmpty { lines.append("  tier \(tier)") }
            }
            let mark = visit.mismatch == nil ? "*" : " "
            let why = visit.mismatch.map { "  (no match: \($0.text))" } ?? ""
            lines.append("  \(mark) \(visit.text)\(why)")
        }
        let verdict = side.judgement.isAllowed ? "allowed" : "denied"
        let decision = side.judgement.visits.last.map(\.text) ?? ""
        lines.append("  => \(verdict) by \(decision)")
        return lines.map { $0 + "\n" }.joined()
    }
}

// MARK: - JSON

extension Trace {
    var json: JSONValue {
        var result: JSONValue = [
            "verdict": Self.verdict(isAllowed),
            "protocol": .string(flow.protocol.description),
            "source": Self.end(source, flow.source),
            "destination": Self.end(destination, flow.destination),
        ]
        if flow.protocol.hasPorts {
            result["source"]?["port"] = .int(Int64(flow.sourcePort))
            result["destination"]?["port"] = .int(Int64(flow.destinationPort))
        }
        if let icmp = flow.icmp {
            result["icmp"] = [
                "type": .int(Int64(icmp.type)), "code": .int(Int64(icmp.code ?? 0)),
            ]
        }
        for side in sides { result[side.direction.rawValue.lowercased()] = Self.json(side) }
        return result
    }

    private static func verdict(_ isAllowed: Bool) -> JSONValue { isAllowed ? "allow" : "deny" }

    private static func end(_ end: FlowEnd, _ address: Address) -> JSONValue {
        var result: JSONValue = ["address": .string("\(address)")]
        result["endpoint"] = end.endpoint.map { .string("\($0)") }
        return result
    }

    private static func json(_ side: Side) -> JSONValue {
        let visits = side.judgement.visits
        return [
            "endpoint": .string("\(side.endpoint)"),
            "node": .string(side.endpoint.node),
            "verdict": verdict(side.judgement.isAllowed),
            "decision": visits.last.map(json) ?? .null,
            "visits": .array(visits.map(json)),
        ]
    }

    private static func json(_ visit: Judgement.Visit) -> JSONValue {
        let rule = visit.step.rule
        var result: JSONValue = ["action": .string(visit.step.action.rawValue)]
        if !rule.tier.isEmpty { result["tier"] = .string(rule.tier) }
        switch rule.owner {
        case .policy(let id):
            result["kind"] = .string(id.kind.rawValue)
            result["namespace"] = id.namespace.map { .string($0) }
            result["name"] = .string(id.name)
        case .profile(let name):
            result["kind"] = "Profile"
            result["name"] = .string(name)
        case .endOfTier: result["kind"] = "EndOfTier"
        case .noMatch: result["kind"] = "NoMatch"
        }
        if rule.index >= 0 { result["rule"] = .int(Int64(rule.index)) }
        result["matched"] = .bool(visit.mismatch == nil)
        result["reason"] = visit.mismatch.map { .string($0.text) }
        return result
    }
}
