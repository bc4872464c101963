internal import Dataplane
internal import JSON
internal import Model

/// Rules with what they decided on this node.
struct RuleBook: Sendable {
    private var counts: [RuleName: RuleCount] = [:]

    /// Looks up the rules that `isIncluded` chooses and that the kernel's tables refer to.
    init(
        _ dataplane: Dataplane,
        where isIncluded: (RuleName) -> Bool
    ) async throws(DataplaneError) {
        let rules = dataplane.rules(where: isIncluded)
        let keys = rules.map { RuleKey(id: $0.key, direction: $0.value.direction) }
        let found = try await dataplane.ruleCounts(of: keys)
        for (key, count) in found {
            if let name = rules[key.id] { counts[name] = count }
        }
    }

    /// `null` for a rule that no table of this node refers to: no packet comes to it here.
    func json(of name: RuleName) -> JSONValue { counts[name]?.json ?? .null }
}

extension RuleName {
    /// With the words that a person reads.
    var toldJSON: JSONValue {
        var json = json
        json["text"] = .string(description)
        return json
    }
}

extension RuleCount {
    var json: JSONValue {
        [
            "connections": .int(Int64(clamping: connections)),
            "packets": .int(Int64(clamping: packets)),
            "bytes": .int(Int64(clamping: bytes)),
        ]
    }
}

extension DataplaneSnapshot.Program {
    /// How big it is, and what it may have before it takes the other form.
    func json(limit: Int) -> JSONValue {
        var json: JSONValue = [
            "id": .int(Int64(id)), "form": .string(form.rawValue), "groups": .int(Int64(groups)),
            "ports": .int(Int64(ports)), "verdicts": .int(Int64(verdicts)),
            "verdictLimit": .int(Int64(limit)), "users": .int(Int64(users)),
        ]
        if form == .bitmap {
            json["clauses"] = .int(Int64(clauses))
            json["bitmaps"] = .int(Int64(bitmaps))
        }
        return json
    }
}
