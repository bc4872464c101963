import Model
import Testing

struct RuleTextTests {
    static let rows: [(Rule, String)] = [
        (Rule(.deny), "Deny everything"),
        (rule(.allow) { $0.protocol = .tcp }, "Allow TCP"),
        (
            rule(.allow) {
                $0.protocol = .tcp
                $0.source.selectors = ["role == 'client'"]
                $0.destination.ports = [.range(80...80), .range(8000...8999), .named("http")]
            },
            "Allow TCP from role == 'client' to port 80,8000:8999,http"
        ),
        (
            rule(.deny) {
                $0.family = .v6
                $0.notProtocol = .udp
                $0.source.nets = [Prefix("fd00::/8"), Prefix("fe80::/10")].compactMap(\.self)
                $0.source.notSelectors = ["has(a)"]
            },
            "Deny IPv6 not UDP from not (has(a)), fd00::/8,fe80::/10"
        ),
        (
            rule(.log) {
                $0.protocol = .icmp
                $0.icmp = ICMPMatch(type: 8, code: 0)
                $0.notICMP = ICMPMatch(type: 3)
            },
            "Log ICMP type 8 code 0 not type 3"
        ),
        (
            rule(.pass) {
                $0.destination.service = ServiceID(namespace: "shop", name: "web")
                $0.destination.notPorts = [.range(1...9)]
                $0.destination.notNets = [Prefix("10.0.0.0/8")].compactMap(\.self)
            },
            "Pass to service shop/web, not 10.0.0.0/8, not port 1:9"
        ),
    ]

    private static func rule(_ action: Action, _ change: (inout Rule) -> Void) -> Rule {
        var rule = Rule(action)
        change(&rule)
        return rule
    }

    @Test("a rule reads as a person would say it", arguments: rows.indices)
    func text(_ row: Int) {
        #expect(Self.rows[row].0.text == Self.rows[row].1)
    }

    @Test("what decides has a name")
    func names() {
        let web = PolicyID(kind: .networkPolicy, namespace: "shop", name: "web")
        let rows: [(RuleName.Owner, Int, String)] = [
            (.policy(web), 2, "NetworkPolicy shop/web, egress rule 2"),
            (.profile("kns.shop"), 0, "Profile kns.shop, egress rule 0"),
            (.profile("gone"), -1, "Profile gone, which does not exist"),
            (.endOfTier, -1, "end of tier default"),
            (.noMatch, -1, "no policy and no profile matches"),
        ]
        for (owner, index, text) in rows {
            let name = RuleName(tier: "default", owner: owner, direction: .egress, index: index)
            #expect("\(name)" == text)
        }
    }
}
