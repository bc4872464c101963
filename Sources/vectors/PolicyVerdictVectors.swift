import Evaluate
import JSON
import Model

/// One endpoint's tiers, policies and profiles in the form of a dataplane, with sets of addresses.
///
/// Every plain set becomes a network set with a label of its own, so that membership is a selector;
/// every set of ports becomes a service and a port name. The packets' destinations are endpoints
/// under all policies, and are asked for ingress.
struct PolicyVerdictVectors: VectorFamily {
    static func recognises(_ file: VectorFile) -> Bool {
        file.isNamed("policy_verdicts", orHas: ["interface", "ip_version", "packets"])
    }

    init(_ file: VectorFile) {}

    func group(of vector: VectorCase) -> String {
        let interface = vector.value["interface"]?.string ?? ""
        return "\(interface) \(vector.value["origin"]?.string ?? "")"
    }

    func run(_ vector: VectorCase, asking engines: [any VerdictEngine]) throws -> Outcome {
        let value = vector.value
        switch try value.text("interface") {
        case "workload": return try runWorkload(value, engines)
        case "host": return try runHost(value, engines)
        case "host-untracked": return try runUntracked(value, engines)
        case let other: throw VectorError("unknown interface '\(other)'")
        }
    }

    private func runWorkload(_ value: JSONValue, _ engines: [any VerdictEngine]) throws -> Outcome {
        let program = VerdictProgram(value)
        let sets = try AddressSets(value["ip_sets"])
        let packets = try value.list("packets")
        var destinations: Set<Address> = []
        for packet in packets { destinations.insert(try flow(packet).destination) }
        var scene = Scene(updates: sets.updates)
        scene.updates += try program.tiers("tiers", at: AddressSets.localLabel) { _ in }
        scene.updates += try program.profiles("profiles")
        scene.updates += sets.endpoints(
            local: destinations,
            profiles: try program.profileNames("profiles")
        )
        let host = Evaluator(PolicyWorld(try hostUpdates(value)))
        for packet in packets where try isAdmitted(packet, value, host) {
            let flow = try flow(packet)
            let endpoint = AddressSets.endpoint(of: flow.destination)
            var check = Check(
                flow.text,
                [Question(flow: flow, endpoint: endpoint, direction: .ingress)],
                isAllowed: try packet.text("expect") == "allow"
            )
            check.isLogged = packet["logged"]?.bool ?? false
            scene.checks.append(check)
        }
        return try judge([scene], asking: engines)
    }

    /// Whether a packet comes as far as the workload's own policy: a wildcard host endpoint's tiers go
    /// before it, and what they deny needs no further verdict.
    private func isAdmitted(
        _ packet: JSONValue,
        _ value: JSONValue,
        _ host: Evaluator
    ) throws -> Bool {
        let hasHostTiers = value["host_forward_tiers"] != nil || value["host_normal_tiers"] != nil
        let isOwn = isOwn(packet)
        guard hasHostTiers, !isOwn || value["suppress_normal_host_policy"]?.bool != true
        else { return true }
        let packetAtHost = try hostPacket(packet, isForwarded: !isOwn)
        let endpoint = Self.host(isOwn ? "own" : "forward")
        if host.judge(packetAtHost, atHost: endpoint, .ingress).isAllowed { return true }
        guard try packet.text("expect") == "deny" else {
            throw VectorError(
                "\(try flow(packet).text): expected allow, denied at the host endpoint"
            )
        }
        return false
    }

    // MARK: Host endpoints

    /// Forwarded traffic meets other tiers than the host's own, so each kind gets a host endpoint of
    /// its own, and pre-DNAT tiers apply to both.
    private func hostUpdates(_ value: JSONValue) throws -> [Update] {
        let program = VerdictProgram(value)
        let sets = try AddressSets(value["ip_sets"])
        var updates = sets.updates + sets.endpoints(local: [], profiles: [])
        updates += try program.tiers("host_pre_dnat_tiers", at: "host") {
            $0.preDNAT = true
            $0.applyOnForward = true
        }
        updates += try program.tiers("host_forward_tiers", at: "forward") {
            $0.applyOnForward = true
        }
        updates += try program.tiers("host_normal_tiers", at: "own") { _ in }
        updates += try program.profiles("host_profiles")
        let profiles = try program.profileNames("host_profiles")
        for name in ["forward", "own"] {
            let labels = ["host": "", name: ""]
            let endpoint = Endpoint(id: Self.host(name), labels: labels, profiles: profiles)
            updates.append(.endpoint(endpoint.id, endpoint))
        }
        return updates
    }

    private func runHost(_ value: JSONValue, _ engines: [any VerdictEngine]) throws -> Outcome {
        let checks = try value.list("packets").map { packet in
            let isOwn = isOwn(packet)
            return try check(packet, at: isOwn ? "own" : "forward", isForwarded: !isOwn)
        }
        return try judgeHost(try hostUpdates(value), checks, asking: engines)
    }

    private func isOwn(_ packet: JSONValue) -> Bool {
        packet["src_is_host"]?.bool == true || packet["dst_is_host"]?.bool == true
    }

    private func runUntracked(
        _ value: JSONValue,
        _ engines: [any VerdictEngine]
    ) throws -> Outcome {
        let program = VerdictProgram(value)
        let sets = try AddressSets(value["ip_sets"])
        var updates = sets.updates + sets.endpoints(local: [], profiles: [])
        updates += try program.tiers("host_normal_tiers", at: "own") {
            $0.doNotTrack = true
            $0.applyOnForward = true
        }
        let endpoint = Endpoint(id: Self.host("own"), labels: ["own": ""])
        updates.append(.endpoint(endpoint.id, endpoint))
        let checks = try value.list("packets")
            .map { try check($0, at: "own", isForwarded: false, isUntracked: true) }
        return try judgeHost(updates, checks, asking: engines)
    }

    private static func host(_ name: String) -> EndpointID { .host(node: "node1", name: name) }

    private func check(
        _ packet: JSONValue,
        at endpoint: String,
        isForwarded: Bool,
        isUntracked: Bool = false
    ) throws -> HostCheck {
        guard let verdict = HostCheck.Verdict(rawValue: try packet.text("expect"))
        else { throw VectorError("a packet has no verdict") }
        var check = HostCheck(
            label: "\(try flow(packet).text)\(isForwarded ? ", forwarded" : "")",
            packet: try hostPacket(packet, isForwarded: isForwarded),
            endpoint: Self.host(endpoint),
            direction: .ingress,
            isUntracked: isUntracked,
            verdict: verdict
        )
        check.isLogged = packet["logged"]?.bool ?? false
        return check
    }
}
