internal import Control
internal import Dataplane
internal import JSON
internal import Model

extension AgentVerbs {
    /// How many packets were dropped, by reason, and the last of them.
    ///
    /// `{"after": 17, "limit": 100}` asks for those after a number that an answer gave as `last`.
    func drops(_ body: JSONValue) async -> ControlResponse {
        let after = UInt64(clamping: body["after"]?.int ?? 0)
        let limit = Int(clamping: body["limit"]?.int ?? 1000)
        let news = drops.news(after: after, limit: max(0, limit))
        do {
            let losses = try await dataplane.eventLosses()
            let counters = try await dataplane.counters()
            return .success([
                "node": .string(node),
                "last": .int(Int64(clamping: news.last)),
                "missed": .int(Int64(clamping: news.missed)),
                "heldBack": .int(Int64(clamping: losses.heldBack)),
                "lost": .int(Int64(clamping: losses.lost)),
                "counters": .array(
                    counters.filter { $0.reason.isDrop && $0.packets > 0 }.map(\.json)
                ),
                "drops": .array(news.records.map { $0.json(node: node) }),
            ])
        } catch {
            return .failure(ControlFailure(code: 1, message: "\(error)"))
        }
    }
}

extension ReasonCount {
    fileprivate var json: JSONValue {
        [
            "reason": .string(reason.name),
            "packets": .int(Int64(clamping: packets)),
            "explanation": .string(reason.explanation),
        ]
    }
}

extension DropRecord {
    func json(node: String) -> JSONValue {
        let flow = event.flow
        var json: JSONValue = [
            "number": .int(Int64(clamping: number)),
            "time": .string("\(time)"),
            "node": .string(node),
            "reason": .string(event.reason.name),
            "explanation": .string(event.reason.explanation),
            "direction": .string(event.direction.rawValue),
            "protocol": .string("\(flow.protocol)"),
            "source": Self.end(flow.source, flow.sourcePort, source, flow),
            "destination": Self.end(flow.destination, flow.destinationPort, destination, flow),
            "length": .int(Int64(event.length)),
        ]
        json["icmp"] = flow.icmp.map {
            ["type": .int(Int64($0.type)), "code": .int(Int64($0.code ?? 0))]
        }
        json["rule"] = rule?.toldJSON
        if let pending = event.pending {
            var staged: JSONValue = ["allowed": .bool(pending.isAllowed)]
            staged["rule"] = event.pendingRuleName?.toldJSON
            json["staged"] = staged
        }
        if !policies.isEmpty {
            json["policies"] = .array(policies.map { .string($0.description) })
        }
        return json
    }

    /// What denied the packet; `nil` when policy did not.
    private var rule: RuleName? {
        guard event.reason.isPolicy else { return nil }
        if event.rule == RuleKey.none {
            return RuleName(tier: "", owner: .noMatch, direction: event.direction, index: -1)
        }
        return event.ruleName
    }

    private static func end(
        _ address: Address,
        _ port: UInt16,
        _ name: String?,
        _ flow: Flow
    ) -> JSONValue {
        var json: JSONValue = ["address": .string("\(address)")]
        json["name"] = name.map { .string($0) }
        if flow.protocol.hasPorts { json["port"] = .int(Int64(port)) }
        return json
    }
}
