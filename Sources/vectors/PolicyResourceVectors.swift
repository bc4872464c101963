import Evaluate
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
        guard group(of: vector) != "hostendpoint" else { return try runHost(vector, engines) }
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

    private func runHost(
        _ vector: VectorCase,
        _ engines: [any VerdictEngine]
    ) throws -> Outcome {
        let scene = Scene(try vector.value.list("resources").map { Resource($0) })
        var hosts: [String: EndpointID] = [:]
        for case .endpoint(.host(let node, let name), _?) in scene.updates {
            hosts[name] = .host(node: node, name: name)
        }
        var checks: [HostCheck] = []
        for packet in try vector.value.list("packets") {
            guard let expected = try packet.member("expect")["host"] else { continue }
            let name = try packet.text("at_host_endpoint")
            let direction = try packet.text("direction")
            guard let endpoint = hosts[name], let verdict = try HostCheck.Verdict(expected)
            else { throw VectorError("no host endpoint '\(name)', or no verdict") }
            var check = HostCheck(
                label: "\(direction) at \(name): \(try flow(packet).text)",
                packet: try hostPacket(packet, isForwarded: packet["forwarded"]?.bool ?? false),
                endpoint: endpoint,
                direction: direction == "egress" ? .egress : .ingress,
                isUntracked: direction == "untracked",
                verdict: verdict
            )
            check.isLogged = expected["logged"]?.bool ?? false
            // A path that ends in a Pass ends where nothing more applied.
            if let last = expected.elements("path").last?.array,
                last.last?.string?.hasSuffix("pass") == false
            {
                check.rule = try rule(last)
            }
            checks.append(check)
        }
        return try judgeHost(scene.updates, checks, asking: engines)
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

extension HostCheck.Verdict {
    init?(_ expected: JSONValue) throws {
        self.init(rawValue: try expected.text("verdict"))
    }
}

/// A packet of a policy case at a host's interface.
func hostPacket(_ packet: JSONValue, isForwarded: Bool) throws -> HostPacket {
    let own = try flow(packet)
    var before = own
    if packet["pre_nat_dst"] != nil {
        before.destination = try address(packet.text("pre_nat_dst"))
        before.destinationPort = UInt16(clamping: packet.number("pre_nat_dport") ?? 0)
    }
    return HostPacket(own, beforeDNAT: before, isForwarded: isForwarded)
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
