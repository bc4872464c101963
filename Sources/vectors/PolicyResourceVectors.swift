import JSON
import Model
import Resources

/// Whole resource sets, and the verdict for packets at each endpoint they touch.
struct PolicyResourceVectors: VectorFamily {
    static func recognises(_ file: VectorFile) -> Bool {
        file.isNamed("policy_resources", orHas: ["group", "resources", "packets"])
    }

    init(_ file: VectorFile) {}

    func group(of vector: VectorCase) -> String { vector.value["group"]?.string ?? "all" }

    func run(_ vector: VectorCase, asking engines: [any VerdictEngine]) throws -> Outcome {
        guard group(of: vector) != "hostendpoint" else {
            return .skipped("host endpoints' tables")
        }
        var scene = Scene(try vector.value.list("resources").map { Resource($0) })
        let owners = owners(scene.updates)
        for packet in try vector.value.list("packets") {
            let flow = try flow(packet)
            let expected = try packet.member("expect")
            for (key, direction) in [("ingress", Direction.ingress), ("egress", .egress)] {
                guard let verdict = expected[key] else { continue }
                let address = direction == .ingress ? flow.destination : flow.source
                guard let endpoint = owners[address]
                else { throw VectorError("no endpoint owns \(address)") }
                let question = Question(flow: flow, endpoint: endpoint, direction: direction)
                scene.checks.append(try check(question, verdict))
            }
        }
        return try judge([scene], asking: engines)
    }

    private func owners(_ updates: [Update]) -> [Address: EndpointID] {
        var owners: [Address: EndpointID] = [:]
        for case .endpoint(let id, let endpoint?) in updates {
            for address in endpoint.addresses { owners[address] = id }
        }
        return owners
    }

    private func check(_ question: Question, _ verdict: JSONValue) throws -> Check {
        var check = Check(
            "\(question.direction) at \(question.endpoint): \(question.flow)",
            [question],
            isAllowed: try verdict.text("verdict") == "allow"
        )
        check.isLogged = verdict["logged"]?.bool ?? false
        if let last = verdict.elements("path").last?.array { check.rule = try rule(last) }
        return check
    }

    /// `[tier, kind, namespace/name, index, action]`.
    private func rule(_ path: [JSONValue]) throws -> ExpectedRule {
        guard path.count == 5, let tier = path[0].string, let kind = path[1].string,
            let name = path[2].string
        else { throw VectorError("a path has another form than the readme says") }
        let index = path[3].int.map { Int($0) }
        let owner: RuleName.Owner
        switch kind {
        case "": owner = .endOfTier
        case "Profile": owner = .profile(name)
        default:
            guard let known = PolicyKind(rawValue: kind) else {
                throw VectorError("'\(kind)' is no kind of policy")
            }
            let parts = ClusterModel.split(name)
            let namespace = parts.namespace.isEmpty ? nil : parts.namespace
            owner = .policy(PolicyID(kind: known, namespace: namespace, name: parts.name))
        }
        return ExpectedRule(tier: tier, owner: owner, index: index)
    }
}

/// A packet of a policy case as the first of its flow.
func flow(_ packet: JSONValue) throws -> Flow {
    let number = IPProtocol(rawValue: UInt8(clamping: packet.number("protocol") ?? 0))
    let icmp = packet.number("icmp_type").map { type in
        ICMPMatch(
            type: UInt8(clamping: type),
            code: packet.number("icmp_code").map { UInt8(clamping: $0) }
        )
    }
    return Flow(
        source: try address(packet.text("src")),
        destination: try address(packet.text("dst")),
        protocol: number,
        sourcePort: UInt16(clamping: packet.number("sport") ?? 0),
        destinationPort: UInt16(clamping: packet.number("dport") ?? 0),
        icmp: icmp
    )
}
