internal import Control
internal import Dataplane
internal import JSON
internal import Model

// The verb `flows`: { "seconds": 3600 } is answered by { "node": …, "limit": 65536, "flows": […] }, the
// latest first.

extension AgentVerbs {
    func flows(_ body: JSONValue) async -> ControlResponse {
        guard let seconds = body["seconds"].map(\.int) ?? 3600, seconds >= 0 else {
            return .failure(ControlFailure(code: 1, message: "flows: seconds is no duration"))
        }
        await watch.look(at: dataplane)
        let now = Dataplane.now
        let reach = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        let since = reach.overflow || reach.partialValue > now ? 0 : now - reach.partialValue
        let flows = watch.record.flows(since: since).map { key, entry in
            json(key, entry, age: now > entry.seen ? now - entry.seen : 0)
        }
        return .success([
            "node": .string(node), "limit": .int(Int64(FlowRecord.limit)), "flows": .array(flows),
        ])
    }

    private func json(_ key: FlowRecord.Key, _ entry: FlowRecord.Entry, age: UInt64) -> JSONValue {
        var json: JSONValue = [
            "source": .string(key.source.description),
            "destination": .string(key.destination.description),
            "protocol": .string(key.protocol.description),
            "age": .double(Double(age / 1_000_000) / 1000),
            "verdict": entry.isAllowed ? "Allow" : "Deny",
        ]
        if key.protocol.hasPorts {
            json["sourcePort"] = .int(Int64(entry.sourcePort))
            json["destinationPort"] = .int(Int64(key.port))
        }
        if key.protocol.isICMP {
            json["icmpType"] = .int(Int64(key.port >> 8))
            json["icmpCode"] = .int(Int64(key.port & 0xff))
        }
        json["pending"] = entry.pending.map { $0 ? "Allow" : "Deny" }
        json["egress"] = self.json(entry.egress)
        json["ingress"] = self.json(entry.ingress)
        return json
    }

    /// `nil` where neither policy in force nor staged policy was asked.
    private func json(_ verdict: FlowRecord.Verdict) -> JSONValue? {
        guard verdict.rule != nil || verdict.pending != nil else { return nil }
        var json: JSONValue = [:]
        json["rule"] = verdict.rule.map { .string(text(ofRule: $0)) }
        if let pending = verdict.pending {
            json["pending"] = pending.isAllowed ? "Allow" : "Deny"
            json["pendingRule"] = .string(pending.rule.map { text(ofRule: $0) } ?? "no match")
        }
        return json
    }

    private func text(ofRule id: UInt32) -> String {
        guard let name = dataplane.name(ofRule: id) else { return "a rule that is gone" }
        let index = name.index < 0 ? "" : ", rule \(name.index)"
        switch name.owner {
        case .policy(let policy): return "\(policy)\(index)"
        case .profile(let profile): return "Profile \(profile)\(index)"
        case .endOfTier: return "end of tier \(name.tier)"
        case .noMatch: return "no match"
        }
    }
}
