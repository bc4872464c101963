import Evaluate
import JSON
import Model
import Testing

@Suite
struct TraceTests {
    private let updates = Sample.updates(
        [
            Sample.policy(
                "first",
                tier: "edge",
                [
                    Rule(.deny) { $0.protocol = .udp },
                    Rule(.log) { $0.source.selectors = ["app == 'web'"] },
                    Rule(.pass),
                ]
            ),
            Sample.policy("empty", []),
            Sample.policy("staged", kind: .stagedGlobalNetworkPolicy, [Rule(.allow)]),
        ],
        [Tier(name: "edge", order: 1), Tier(name: "default", order: 2)]
    )

    private var trace: Trace {
        Trace(Sample.flow(), Evaluator(PolicyWorld(Sample.endpoints + updates)))
    }

    @Test("lines name what decides and what was passed on the way")
    func lines() {
        #expect(
            trace.lines == [
                "10.0.0.1:40000 → 10.0.0.2:80 TCP: denied",
                "Egress from red/a: allowed",
                "  decided by profile open, egress rule 0",
                "Ingress to red/b: denied",
                "  decided by the end of tier default: no rule matched, and these apply: "
                    + "GlobalNetworkPolicy empty",
                "  before it:",
                "    tier edge, GlobalNetworkPolicy first, ingress rule 0 (Deny): other protocol",
                "    tier edge, GlobalNetworkPolicy first, ingress rule 1 (Log): matched, logged",
                "    tier edge, GlobalNetworkPolicy first, ingress rule 2 (Pass): matched, "
                    + "on to the next tier",
                "  with staged policies enforced: allowed",
                "    decided by tier default, StagedGlobalNetworkPolicy staged, ingress rule 0",
            ]
        )
    }

    @Test("JSON holds the same facts")
    func json() throws {
        let ends = try #require(trace.json["ends"]?.array)
        #expect(trace.json["verdict"] == "Deny")
        #expect(ends.map { $0["verdict"] } == ["Allow", "Deny"])
        #expect(ends[1]["decision"] == ["kind": "EndOfTier", "tier": "default"])
        #expect(ends[1]["pending"]?["verdict"] == "Allow")
        #expect(ends[1]["steps"]?.array?.count == 4)
        #expect(ends[1]["logged"]?["rule"] == 1)
        #expect(ends[0]["pending"] == nil)
    }

    @Test("an address that nobody owns has no policy")
    func outside() {
        var flow = Sample.flow(.icmp)
        flow.source = Address(v4: 0xcb00_7107)
        flow.icmp = ICMPMatch(type: 8, code: 0)
        let trace = Trace(flow, Evaluator(PolicyWorld(Sample.endpoints)))
        #expect(trace.isAllowed)
        #expect(
            trace.lines.prefix(2) == [
                "203.0.113.7 → 10.0.0.2 ICMP type 8 code 0: allowed",
                "Egress: no endpoint owns the source 203.0.113.7, so no policy asks there",
            ]
        )
    }
}
