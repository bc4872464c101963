import Agent
import Dataplane
import Model
import Testing

struct RuleMetricsTests {
    private static func name(_ id: UInt32) -> RuleName? {
        let web = PolicyID(kind: .networkPolicy, namespace: "shop", name: "web")
        return switch id {
        case 1: RuleName(tier: "apps", owner: .policy(web), direction: .ingress, index: 3)
        case 2: RuleName(tier: "apps", owner: .endOfTier, direction: .ingress, index: -1)
        case 3: RuleName(tier: "", owner: .profile("kns.shop"), direction: .egress, index: 0)
        default: nil
        }
    }

    private static let counts: [RuleKey: RuleCount] = [
        RuleKey(id: 1, direction: .ingress): RuleCount(connections: 2, packets: 30, bytes: 3000),
        RuleKey(id: 2, direction: .ingress): RuleCount(packets: 7, bytes: 420),
        RuleKey(id: 3, direction: .egress): RuleCount(connections: 1, packets: 2, bytes: 200),
        RuleKey(id: RuleKey.none, direction: .egress): RuleCount(packets: 9, bytes: 900),
        RuleKey(id: RuleKey.other, direction: .egress): RuleCount(packets: 5, bytes: 500),
        RuleKey(id: 99, direction: .egress): RuleCount(packets: 1, bytes: 60),
    ]

    private func packets(_ environment: [String: String]) -> [String] {
        let metrics = Metrics()
        RuleMetrics(environment: environment).set(Self.counts, Self.name, in: metrics)
        return metrics.text().split(separator: "\n")
            .filter { $0.hasPrefix("caracal_rule_packets_total") }
            .map { String($0).replacing("caracal_rule_packets_total", with: "") }
    }

    @Test("each rule has its names as labels; what has no name is counted together")
    func labels() {
        let web =
            #"{direction="Ingress",kind="NetworkPolicy",name="web",namespace="shop","#
            + #"rule="3",tier="apps"} 30"#
        #expect(
            Set(packets([:])) == [
                web, #"{direction="Ingress",kind="EndOfTier",tier="apps"} 7"#,
                #"{direction="Egress",kind="Profile",name="kns.shop",rule="0"} 2"#,
                #"{direction="Egress",kind="NoMatch"} 9"#,
                #"{direction="Egress",kind="Other"} 6"#,
            ]
        )
    }

    @Test("the busiest rules have counters of their own, the others one together")
    func limit() {
        #expect(
            Set(packets([RuleMetrics.variable: "1"]).map { $0.split(separator: " ").last }) == [
                "30", "7", "17",
            ]
        )
    }

    @Test("rules can be left out, and rules that are gone are")
    func off() {
        #expect(packets([RuleMetrics.variable: "0"]).isEmpty)
        let metrics = Metrics()
        let rules = RuleMetrics(environment: [:])
        rules.set(Self.counts, Self.name, in: metrics)
        rules.set([:], Self.name, in: metrics)
        #expect(!metrics.text().contains("caracal_rule"))
    }
}
