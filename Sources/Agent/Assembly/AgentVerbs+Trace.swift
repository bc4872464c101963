internal import Control
internal import Dataplane
internal import JSON
internal import Model

// The verb `trace`:
//
//     { "source": "10.0.0.1", "destination": "10.0.0.2", "protocol": 6,
//       "sourcePort": 40000, "destinationPort": 80, "icmpType": 8, "icmpCode": 0 }
//
// is answered by { "node": …, "egress": …, "ingress": … } with the ends that are local.

extension AgentVerbs {
    func trace(_ body: JSONValue) async -> ControlResponse {
        guard let flow = Flow(body) else {
            return .failure(ControlFailure(code: 1, message: "trace: the body is no flow"))
        }
        var answer: JSONValue = ["node": .string(node)]
        for direction in Direction.allCases {
            do throws(DataplaneError) {
                guard let trace = try await dataplane.trace(flow, direction) else { continue }
                answer[direction.rawValue.lowercased()] = trace.json
            } catch {
                return .failure(ControlFailure(code: 1, message: "\(error)"))
            }
        }
        return .success(answer)
    }
}

extension Flow {
    /// `nil` when something is missing or out of range.
    fileprivate init?(_ body: JSONValue) {
        func number<N: FixedWidthInteger>(_ name: String, _ type: N.Type) -> N? {
            guard let value = body[name] else { return 0 }
            return value.int.flatMap { N(exactly: $0) }
        }
        guard let source = body["source"]?.string.flatMap({ Address($0) }),
            let destination = body["destination"]?.string.flatMap({ Address($0) }),
            source.family == destination.family, body["protocol"] != nil,
            let proto = number("protocol", UInt8.self),
            let sourcePort = number("sourcePort", UInt16.self),
            let destinationPort = number("destinationPort", UInt16.self),
            let type = number("icmpType", UInt8.self), let code = number("icmpCode", UInt8.self)
        else { return nil }
        let named = IPProtocol(rawValue: proto)
        self.init(
            source: source,
            destination: destination,
            protocol: named,
            sourcePort: sourcePort,
            destinationPort: destinationPort,
            icmp: named.isICMP ? ICMPMatch(type: type, code: code) : nil
        )
    }
}

extension KernelTrace {
    fileprivate var json: JSONValue {
        var json: JSONValue = [
            "program": .int(Int64(program)),
            "allowed": .bool(isAllowed),
            "lookups": .array(
                steps.map { step in
                    var look: JSONValue = [
                        "map": .string(step.map.rawValue), "key": .string(step.key),
                    ]
                    look["value"] = step.value.map { .string($0) }
                    return look
                }
            ),
        ]
        json["reason"] = reason.map { .string($0) }
        json["rule"] = rule.map(\.json)
        json["logRule"] = logRule.map(\.json)
        return json
    }
}

extension RuleName {
    /// Every part by name, as those who compare want it.
    var json: JSONValue {
        var json: JSONValue = [
            "tier": .string(tier), "direction": .string(direction.rawValue),
            "index": .int(Int64(index)),
        ]
        switch owner {
        case .policy(let id):
            json["kind"] = .string(id.kind.rawValue)
            json["namespace"] = id.namespace.map { .string($0) }
            json["name"] = .string(id.name)
        case .profile(let name):
            json["kind"] = "Profile"
            json["name"] = .string(name)
        case .endOfTier: json["kind"] = "EndOfTier"
        case .noMatch: json["kind"] = "NoMatch"
        }
        return json
    }
}
