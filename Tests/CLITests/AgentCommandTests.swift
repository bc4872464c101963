import Control
import JSON
import Synchronization
import Testing

private let node1Policy = """
    {"node": "node1", "others": [], "policies": [{
      "kind": "NetworkPolicy", "namespace": "shop", "name": "web", "tier": "default",
      "order": 500, "selector": "app == 'web'",
      "sides": [{"direction": "Ingress", "rules": [
        {"index": 0, "action": "Allow", "text": "Allow TCP from role == 'client' to port 80",
         "count": {"connections": 3, "packets": 20, "bytes": 2000}},
        {"index": 1, "action": "Pass", "text": "Pass everything", "count": null},
        {"index": 2, "action": "Deny", "text": "Deny UDP",
         "count": {"connections": 0, "packets": 1, "bytes": 60}}
      ]}],
      "endpoints": [{"endpoint": "shop/web-1", "direction": "Ingress", "programs": [
        {"id": 77, "form": "table", "groups": 2, "ports": 1, "verdicts": 4,
         "verdictLimit": 262144, "users": 2}]}]
    }]}
    """

private let node2Policy = """
    {"node": "node2", "others": [], "policies": [{
      "kind": "NetworkPolicy", "namespace": "shop", "name": "web", "tier": "default",
      "order": 500, "selector": "app == 'web'",
      "sides": [{"direction": "Ingress", "rules": [
        {"index": 0, "action": "Allow", "text": "Allow TCP from role == 'client' to port 80",
         "count": {"connections": 1, "packets": 5, "bytes": 500}},
        {"index": 1, "action": "Pass", "text": "Pass everything", "count": null},
        {"index": 2, "action": "Deny", "text": "Deny UDP", "count": null}
      ]}],
      "endpoints": [{"endpoint": "shop/web-2", "direction": "Ingress", "programs": [
        {"id": 78, "form": "bitmap", "groups": 900, "ports": 400, "verdicts": 0,
         "verdictLimit": 262144, "users": 2, "clauses": 700, "bitmaps": 1300}]},
        {"endpoint": "shop/web-3", "direction": "Ingress", "programs": []}]
    }]}
    """

private let explained = """
    {"node": "node1", "endpoints": [{"endpoint": "shop/web-1", "addresses": ["10.0.0.1", "fd00::1"],
      "sides": [{"direction": "Ingress",
        "programs": [{"id": 77, "form": "table", "verdicts": 4, "verdictLimit": 262144}],
        "sections": [
          {"tier": "platform", "order": 100, "defaultAction": "Pass", "parts": [
            {"kind": "GlobalNetworkPolicy", "name": "platform.log", "order": 1.5, "exists": true,
             "selector": "all()", "rules": [
               {"index": 0, "action": "Log", "text": "Log TCP",
                "count": {"connections": 0, "packets": 2, "bytes": 120}},
               {"index": 1, "action": "Pass", "text": "Pass everything", "count": null}]}]},
          {"tier": "default", "defaultAction": "Deny", "parts": [
            {"kind": "NetworkPolicy", "namespace": "shop", "name": "web", "order": 500,
             "exists": true, "selector": "app == 'web'", "rules": [
               {"index": 0, "action": "Allow", "text": "Allow TCP to port 80",
                "count": {"connections": 3, "packets": 20, "bytes": 2000}}]}],
           "end": {"rule": {"kind": "EndOfTier", "text": "end of tier default"},
                   "count": {"connections": 0, "packets": 7, "bytes": 420}}},
          {"parts": [
            {"kind": "Profile", "name": "kns.shop", "exists": true, "rules": [
               {"index": 0, "action": "Allow", "text": "Allow everything", "count": null}]},
            {"kind": "Profile", "name": "gone", "exists": false, "rules": []}],
           "end": {"rule": {"kind": "NoMatch"}, "count": null}}
        ]}]}]}
    """

private let explainedHost = """
    {"node": "node1", "endpoints": [{"endpoint": "host node1/eth0", "addresses": ["10.1.0.1"],
      "sides": [
        {"direction": "Ingress", "stage": "untrackedIngress", "rest": "NextStage",
         "programs": [{"id": 9, "form": "table", "verdicts": 2, "verdictLimit": 262144}],
         "sections": [{"tier": "default", "parts": [
           {"kind": "GlobalNetworkPolicy", "name": "list", "exists": true, "rules": [
             {"index": 0, "action": "Deny", "text": "Deny everything", "count": null}]}]}]},
        {"direction": "Egress", "stage": "forwardEgress", "rest": "Allow", "programs": [],
         "sections": [{"tier": "default", "parts": [
           {"kind": "GlobalNetworkPolicy", "name": "way", "exists": true, "rules": []}],
           "end": {"rule": {"kind": "EndOfTier"}, "count": null}}]}]}]}
    """

private let dropped = """
    {"node": "node2", "last": 3, "missed": 0, "heldBack": 40, "lost": 2,
     "counters": [
       {"reason": "ingress_policy", "packets": 45, "explanation": "Policy denies the receiver this flow."},
       {"reason": "spoofed_source", "packets": 1, "explanation": "A workload used a source address that is not its own."}],
     "drops": [
       {"number": 1, "time": "2026-11-27T05:00:01Z", "node": "node2", "reason": "ingress_policy",
        "explanation": "Policy denies the receiver this flow.", "direction": "Ingress",
        "protocol": "TCP", "length": 60,
        "source": {"address": "10.0.0.3", "port": 40000, "name": "shop/client"},
        "destination": {"address": "10.0.0.1", "port": 81, "name": "shop/web-1"},
        "rule": {"kind": "EndOfTier", "tier": "default", "text": "end of tier default"},
        "policies": ["NetworkPolicy shop/web", "NetworkPolicy shop/extra"]},
       {"number": 2, "time": "2026-11-27T05:00:02Z", "node": "node2", "reason": "ingress_policy",
        "explanation": "Policy denies the receiver this flow.", "direction": "Ingress",
        "protocol": "ICMPv6", "length": 100, "icmp": {"type": 128, "code": 0},
        "source": {"address": "2001:db8::9"},
        "destination": {"address": "fd00::1", "name": "blue/db"},
        "rule": {"kind": "NetworkPolicy", "namespace": "blue", "name": "db", "tier": "apps", "rule": 0,
                 "text": "NetworkPolicy blue/db, ingress rule 0"}},
       {"number": 3, "time": "2026-11-27T05:00:03Z", "node": "node2", "reason": "spoofed_source",
        "explanation": "A workload used a source address that is not its own.",
        "direction": "Egress", "protocol": "UDP", "length": 80,
        "source": {"address": "2001:db8::9", "port": 1},
        "destination": {"address": "10.0.0.1", "port": 53, "name": "shop/web-1"}}
     ]}
    """

/// What commands make of agents' answers.
struct AgentCommandTests {
    private let cli: CommandLineFixture

    init() throws {
        cli = try CommandLineFixture()
    }

    private func run(_ line: String, _ agent: CannedAgent) async throws -> CommandLineFixture.Result
    {
        let cli = cli
        return try await agent.serve { await cli.run("\(line) --socket", agent.path) }
    }

    // MARK: policy show

    @Test("policy show adds the figures of several agents up")
    func show() async throws {
        let first = try CannedAgent("policy", node1Policy)
        let second = try CannedAgent("policy", node2Policy)
        let cli = cli
        let result = try await first.serve {
            try await second.serve {
                await cli.run(
                    "policy show web -n shop --socket",
                    first.path,
                    "--socket",
                    second.path
                )
            }
        }
        let text = """
            NetworkPolicy shop/web
            tier default, order 500, selects app == 'web'

            RULE        CONNECTIONS   PACKETS   BYTES   WHAT
            ingress 0   4             25        2500    Allow TCP from role == 'client' to port 80
            ingress 1   -             -         -       Pass everything
            ingress 2   0             1         60      Deny UDP

            ENDPOINT     NODE    DIRECTION   PROGRAM   FORM       SIZE
            shop/web-1   node1   Ingress     77        table      4 of 262144 verdicts
            shop/web-2   node2   Ingress     78        bitmap     700 clauses, 1300 bitmaps
            shop/web-3   node2   Ingress               not live

            """
        #expect(result == .init(text))
    }

    @Test("policy show -o json has the sums")
    func showJSON() async throws {
        let agent = try CannedAgent("policy", node1Policy)
        let result = try await run("policy show web -n shop -o json", agent)
        let json = try JSONValue(parsing: result.output)
        let rules = json.array?.first?["sides"]?.array?.first?["rules"]?.array
        #expect(rules?.first?["count"]?["packets"]?.int == 20)
        #expect(rules?[1]["count"]?.isNull == true)
        #expect(json.array?.first?["endpoints"]?.array?.first?["node"]?.string == "node1")
    }

    @Test("a policy that no agent knows is not found, and others of its name are told")
    func showUnknown() async throws {
        let agent = try CannedAgent(
            "policy",
            #"{"node": "node1", "policies": [], "others": ["NetworkPolicy blue/web"]}"#
        )
        let result = try await run("policy show web", agent)
        #expect(result.status == 3)
        #expect(
            result.errors == "Error: no policy in force is called 'web' in namespace default or "
                + "has none; there is NetworkPolicy blue/web\n"
        )
        let usage = try await run("policy show web --kind Pod", agent)
        #expect(usage.status == 2)
        #expect(usage.errors.hasPrefix("Error: 'Pod' is none of NetworkPolicy"))
    }

    @Test("what is asked names policy, namespace and kind")
    func showQuestion() async throws {
        let asked = Mutex<JSONValue>(.null)
        let agent = CannedAgent([
            "policy": { body in
                asked.withLock { $0 = body }
                return .failure(ControlFailure(code: 1, message: "no"))
            }
        ])
        let result = try await run("policy show web -n shop --kind globalnetworkpolicy", agent)
        #expect(result == .init(status: 1, output: "", errors: "Error: no\n"))
        let wanted: JSONValue = [
            "name": "web", "namespace": "shop", "kind": "GlobalNetworkPolicy",
        ]
        #expect(asked.withLock(\.self) == wanted)
    }

    // MARK: policy explain

    @Test("policy explain reads like the order of judgement")
    func explain() async throws {
        let agent = try CannedAgent("explain", explained)
        let result = try await run("policy explain shop/web-1", agent)
        let text = """
            shop/web-1 on node1 (10.0.0.1, fd00::1)

            Ingress: program 77 (table, 4 of 262144 verdicts)
              tier platform (order 100)
                GlobalNetworkPolicy platform.log (order 1.5)
                  0  Log TCP  [2 packets, 120 bytes]
                  1  Pass everything
                at its end: Pass
              tier default
                NetworkPolicy shop/web (order 500)
                  0  Allow TCP to port 80  [3 connections, 20 packets, 2000 bytes]
                at its end: Deny  [7 packets, 420 bytes]
              profiles
                Profile kns.shop
                  0  Allow everything
                Profile gone: does not exist, denies
                otherwise: Deny

            """
        #expect(result == .init(text))
    }

    @Test("a host endpoint is explained stage by stage")
    func explainHost() async throws {
        let agent = try CannedAgent("explain", explainedHost)
        let result = try await run("policy explain eth0", agent)
        let text = """
            host node1/eth0 on node1 (10.1.0.1)

            Ingress, doNotTrack: program 9 (table, 2 of 262144 verdicts)
              tier default
                GlobalNetworkPolicy list
                  0  Deny everything
                at its end: Pass
              otherwise: the next stage is asked

            Egress, what passes through (applyOnForward): not live
              tier default
                GlobalNetworkPolicy way
                at its end: Deny
              otherwise: Allow

            """
        #expect(result == .init(text))
    }

    @Test("an endpoint of another node is not found")
    func explainUnknown() async throws {
        let agent = try CannedAgent("explain", #"{"node": "node1", "endpoints": []}"#)
        let result = try await run("policy explain shop/web-9", agent)
        #expect(
            result
                == .init(
                    status: 3,
                    output: "",
                    errors: "Error: 'shop/web-9' is no endpoint of node1\n"
                )
        )
        let usage = try await run("policy explain shop/web-9 --direction sideways", agent)
        #expect(usage.status == 2)
    }

    // MARK: drops

    private static let counters = """
        NODE    PACKETS   REASON           EXPLANATION
        node2   45        ingress_policy   Policy denies the receiver this flow.
        node2   1         spoofed_source   A workload used a source address that is not its own.
        """
    private static let tcp =
        "2026-11-27T05:00:01Z node2 TCP shop/client (10.0.0.3:40000) > shop/web-1 (10.0.0.1:81): "
        + "ingress denied at the end of tier default: no rule of NetworkPolicy shop/web, "
        + "NetworkPolicy shop/extra matches"
    private static let ping =
        "2026-11-27T05:00:02Z node2 ICMPv6 type 128 code 0 2001:db8::9 > blue/db (fd00::1): "
        + "ingress denied by NetworkPolicy blue/db, ingress rule 0 (tier apps)"
    private static let forged =
        "2026-11-27T05:00:03Z node2 UDP [2001:db8::9]:1 > shop/web-1 (10.0.0.1:53): "
        + "A workload used a source address that is not its own."

    @Test("drops are told by name, with what denied them")
    func drops() async throws {
        let agent = try CannedAgent("drops", dropped)
        let result = try await run("drops", agent)
        let text = """
            \(Self.counters)

            \(Self.tcp)
            \(Self.ping)
            \(Self.forged)
            node2: 42 more were counted, but not told

            """
        #expect(result == .init(text))
    }

    @Test(
        "drops can be chosen by pod, namespace and reason",
        arguments: [
            ("--pod shop/client", [tcp]), ("--pod shop/web-1", [tcp, forged]),
            ("-n blue", [ping]), ("-n shop --reason spoofed_source", [forged]),
            ("--count 1", [forged]), ("--pod shop/none", []),
        ]
    )
    func dropFilters(_ options: String, _ wanted: [String]) async throws {
        let agent = try CannedAgent("drops", dropped)
        let result = try await run("drops \(options)", agent)
        let lines = result.output.split(separator: "\n").map(String.init)
        #expect(lines.filter { $0.hasPrefix("2026") } == wanted)
    }

    @Test("drops --follow begins with now, shows each once, and tells what was not told")
    func follow() async throws {
        let all = try JSONValue(parsing: dropped)
        let drops = all["drops"]?.array ?? []
        let agent = CannedAgent([
            "drops": { body in
                let after = body["after"]?.int ?? 0
                var answer: JSONValue = ["node": "node2", "missed": 0, "lost": 0, "heldBack": 0]
                // The first question is where to begin; each further one finds one more drop.
                let isFirst = body["limit"]?.int == 0
                answer["last"] = .int(isFirst ? 0 : min(after + 1, 3))
                answer["heldBack"] = .int(after >= 2 ? 5 : 0)
                answer["drops"] = .array(
                    isFirst ? [] : Array(drops.dropFirst(Int(after)).prefix(1))
                )
                return .success(answer)
            }
        ])
        let text = try await run("drops --follow --count 3", agent)
        #expect(text.output == [Self.tcp, Self.ping, Self.forged].map { $0 + "\n" }.joined())
        #expect(text.status == 0)
        let json = try await run("drops --follow --count 2 -o json", agent)
        let numbers = try json.output.split(separator: "\n").map {
            try JSONValue(parsing: $0)["number"]?.int
        }
        #expect(numbers == [1, 2])
    }

    @Test("without an agent the command says so")
    func noAgent() async {
        for line in ["drops", "drops --follow", "policy show x", "policy explain x"] {
            let result = await cli.run("\(line) --socket", "/nowhere/agent.sock")
            #expect(result.status == 6)
            #expect(result.errors == "Error: no agent listens at /nowhere/agent.sock\n")
        }
    }
}
