internal import Compile
internal import Control
internal import Dataplane
internal import JSON
internal import Model

// Policy as a person reads it, with what each rule decided on this node.

extension AgentVerbs {
    /// `{"name": "web", "namespace": "shop", "kind": "NetworkPolicy"}`; only the name must be there.
    func showPolicy(_ body: JSONValue) async -> ControlResponse {
        guard let name = body["name"]?.string else { return .refusal("policy needs a name") }
        let namespace = body["namespace"]?.string
        var (uses, others) = await policy.uses(ofPolicy: name, namespace: namespace)
        if let kind = body["kind"]?.string {
            uses.removeAll { $0.policy.id.kind.rawValue != kind }
        }
        do {
            let ids = Set(uses.map(\.policy.id))
            let book = try await RuleBook(dataplane) { rule in
                if case .policy(let id) = rule.owner { ids.contains(id) } else { false }
            }
            let programs = try await ProgramSizes(dataplane)
            return .success([
                "node": .string(node),
                "policies": .array(uses.map { $0.json(book, programs) }),
                "others": .array(others.map { .string($0.description) }),
            ])
        } catch {
            return .refusal("\(error)")
        }
    }

    /// `{"endpoint": "shop/web-1", "direction": "Ingress"}`; the endpoint may be an address.
    func explain(_ body: JSONValue) async -> ControlResponse {
        guard let text = body["endpoint"]?.string else {
            return .refusal("explain needs an endpoint")
        }
        let wanted = body["direction"]?.string.flatMap(Direction.init).map { [$0] }
        var explanations: [(endpoint: Endpoint, sides: [Explanation])] = []
        for endpoint in await policy.localEndpoints(called: text) {
            var sides: [Explanation] = []
            for direction in wanted ?? Direction.allCases {
                sides += await policy.explain(endpoint.id, direction)
            }
            explanations.append((endpoint, sides))
        }
        do {
            let names = Set(explanations.flatMap { $0.sides.flatMap(\.ruleNames) })
            let book = try await RuleBook(dataplane, where: names.contains)
            let programs = try await ProgramSizes(dataplane)
            return .success([
                "node": .string(node),
                "endpoints": .array(
                    explanations.map { Self.json($0.endpoint, $0.sides, book, programs) }
                ),
            ])
        } catch {
            return .refusal("\(error)")
        }
    }

    private static func json(
        _ endpoint: Endpoint,
        _ sides: [Explanation],
        _ book: RuleBook,
        _ programs: ProgramSizes
    ) -> JSONValue {
        [
            "endpoint": .string("\(endpoint.id)"),
            "addresses": .array(endpoint.addresses.map { .string("\($0)") }),
            "sides": .array(
                sides.map { side in
                    [
                        "direction": .string(side.direction.rawValue),
                        "stage": side.stage.map { .string($0.rawValue) } ?? .null,
                        "programs": side.stage == nil
                            ? programs.json(of: side.endpoint, side.direction)
                            : programs.json(of: side.programs),
                        "sections": .array(side.sections.map { $0.json(book, side.direction) }),
                        "rest": .string(side.rest.rawValue),
                    ]
                }
            ),
        ]
    }
}

extension ControlResponse {
    static func refusal(_ message: String) -> Self {
        .failure(ControlFailure(code: 1, message: message))
    }
}

/// The programs of local endpoints, and how big they are.
private struct ProgramSizes: Sendable {
    private let snapshot: DataplaneSnapshot
    private let programs: [UInt32: DataplaneSnapshot.Program]

    init(_ dataplane: Dataplane) async throws(DataplaneError) {
        snapshot = try await dataplane.snapshot()
        programs = Dictionary(snapshot.programs.map { ($0.id, $0) }) { first, _ in first }
    }

    /// One for each family that the endpoint has; none while its policy is not live.
    func json(of id: EndpointID, _ direction: Direction) -> JSONValue {
        let own = snapshot.endpoints.filter { $0.id == id }
            .map { direction == .ingress ? $0.ingressProgram : $0.egressProgram }
        return json(of: Set(own))
    }

    func json(of ids: Set<UInt32>) -> JSONValue {
        .array(
            ids.sorted().map { number in
                programs[number]?.json(limit: PolicyCompiler.verdictLimit)
                    ?? ["id": .int(Int64(number)), "form": "fixed"]
            }
        )
    }
}

extension PolicyUse {
    fileprivate func json(_ book: RuleBook, _ programs: ProgramSizes) -> JSONValue {
        var json: JSONValue = [
            "kind": .string(policy.id.kind.rawValue), "name": .string(policy.id.name),
            "tier": .string(policy.tier), "selector": .string(policy.selector),
        ]
        json["namespace"] = policy.id.namespace.map { .string($0) }
        json["order"] = policy.order.map { .double($0) }
        let sides: [(Direction, Bool, [Rule])] = [
            (.ingress, policy.appliesToIngress, policy.ingress),
            (.egress, policy.appliesToEgress, policy.egress),
        ]
        let applying = sides.filter(\.1)
        json["sides"] = .array(
            applying.map { direction, _, rules in
                [
                    "direction": .string(direction.rawValue),
                    "rules": .array(
                        rules.json(.policy(policy.id), policy.tier, direction, book)
                    ),
                ]
            }
        )
        json["endpoints"] = .array(
            endpoints.sorted { $0.id.description < $1.id.description }.flatMap { endpoint in
                applying.map { direction, _, _ in
                    [
                        "endpoint": .string("\(endpoint.id)"),
                        "direction": .string(direction.rawValue),
                        "programs": programs.json(of: endpoint.id, direction),
                    ]
                }
            }
        )
        return json
    }
}

extension Explanation {
    /// All rules and ends in it.
    fileprivate var ruleNames: [RuleName] {
        sections.flatMap { section in
            section.parts.flatMap { part in
                (part.rules ?? []).indices.map { index in
                    RuleName(tier: part.tier, owner: part.owner, direction: direction, index: index)
                }
            } + (section.end.map { [$0] } ?? [])
        }
    }
}

extension Explanation.Section {
    fileprivate func json(_ book: RuleBook, _ direction: Direction) -> JSONValue {
        var json: JSONValue = [
            "parts": .array(parts.map { $0.json(book, direction) })
        ]
        if let tier {
            json["tier"] = .string(tier.name)
            json["order"] = tier.order.map { .double($0) }
            json["defaultAction"] = .string(tier.defaultAction.rawValue)
        }
        json["end"] = end.map { ["rule": $0.toldJSON, "count": book.json(of: $0)] }
        return json
    }
}

extension Explanation.Part {
    fileprivate func json(_ book: RuleBook, _ direction: Direction) -> JSONValue {
        var json: JSONValue = ["exists": .bool(rules != nil), "staged": .bool(isStaged)]
        switch owner {
        case .policy(let id):
            json["kind"] = .string(id.kind.rawValue)
            json["namespace"] = id.namespace.map { .string($0) }
            json["name"] = .string(id.name)
            json["selector"] = .string(selector)
        case .profile(let name):
            json["kind"] = "Profile"
            json["name"] = .string(name)
        case .endOfTier, .noMatch: break
        }
        json["order"] = order.map { .double($0) }
        json["rules"] = .array((rules ?? []).json(owner, tier, direction, book))
        return json
    }
}

extension [Rule] {
    fileprivate func json(
        _ owner: RuleName.Owner,
        _ tier: String,
        _ direction: Direction,
        _ book: RuleBook
    ) -> [JSONValue] {
        // What is passed on is counted where it is decided; what is staged decides nothing.
        let isStaged = if case .policy(let id) = owner { id.kind.isStaged } else { false }
        return enumerated().map { index, rule in
            let name = RuleName(tier: tier, owner: owner, direction: direction, index: index)
            return [
                "index": .int(Int64(index)), "action": .string(rule.action.rawValue),
                "text": .string(rule.text),
                "count": rule.action == .pass || isStaged ? .null : book.json(of: name),
            ]
        }
    }
}
