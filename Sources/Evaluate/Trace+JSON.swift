package import JSON
internal import Model

extension Trace {
    /// The trace for programs: the same facts as ``lines``.
    package var json: JSONValue {
        [
            "flow": flow.json,
            "verdict": Self.verdict(isAllowed),
            "ends": .array(ends.map(\.json)),
        ]
    }

    fileprivate static func verdict(_ isAllowed: Bool) -> JSONValue { isAllowed ? "Allow" : "Deny" }
}

extension Trace.End {
    fileprivate var json: JSONValue {
        let sorted = policies.sorted { $0.key < $1.key }
        var value: JSONValue = [
            "direction": .string(direction.rawValue),
            "endpoint": .string(endpoint.description),
            "node": .string(endpoint.node),
        ]
        for (key, member) in judgement.json.object?.members ?? [] { value[key] = member }
        value["policies"] = .object(
            JSONObject(
                sorted.map { tier, ids in
                    (key: tier, value: .array(ids.map { .string($0.description) }))
                }
            )
        )
        value["pending"] = pending?.json
        return value
    }
}

extension Judgement {
    fileprivate var json: JSONValue {
        var value: JSONValue = [
            "verdict": isAllowed ? "Allow" : "Deny",
            "decision": decision.json,
            "steps": .array(visits.map(\.json)),
        ]
        value["logged"] = logged?.json
        return value
    }
}

extension Judgement.Visit {
    fileprivate var json: JSONValue {
        var value = step.rule.json
        value["action"] = .string(step.action.rawValue)
        value["matched"] = .bool(mismatch == nil)
        value["reason"] = mismatch.map { .string($0.text) }
        return value
    }
}

extension RuleName {
    fileprivate var json: JSONValue {
        switch owner {
        case .policy(let id):
            var value: JSONValue = ["tier": .string(tier), "kind": .string(id.kind.rawValue)]
            value["namespace"] = id.namespace.map { .string($0) }
            value["name"] = .string(id.name)
            value["rule"] = .int(Int64(index))
            return value
        case .profile(let name):
            return ["kind": "Profile", "name": .string(name), "rule": .int(Int64(index))]
        case .endOfTier: return ["kind": "EndOfTier", "tier": .string(tier)]
        case .noMatch: return ["kind": "NoMatch"]
        }
    }
}

extension Flow {
    fileprivate var json: JSONValue {
        var value: JSONValue = [
            "source": .string(source.description),
            "destination": .string(destination.description),
            "protocol": .string(`protocol`.description),
        ]
        if `protocol`.hasPorts {
            value["sourcePort"] = .int(Int64(sourcePort))
            value["destinationPort"] = .int(Int64(destinationPort))
        }
        if let icmp {
            value["icmpType"] = .int(Int64(icmp.type))
            value["icmpCode"] = icmp.code.map { .int(Int64($0)) }
        }
        return value
    }
}
