import Evaluate
import Model
import Testing

@Suite
struct WalkTests {
    struct Case: CustomTestStringConvertible {
        let testDescription: String
        var policies: [Policy] = []
        var tiers: [Tier] = []
        var extra: [Update] = []
        let isAllowed: Bool
        /// The rules on the way: `tier/policy/index`, `tier/end`, `profile/index`, `none`.
        let steps: [String]
    }

    static let cases = [
        Case(testDescription: "no policy: the profile decides", isAllowed: true, steps: ["open/0"]),
        Case(
            testDescription: "a policy without rules denies at the end of its tier",
            policies: [Sample.policy("p", [])],
            isAllowed: false,
            steps: ["default/end"]
        ),
        Case(
            testDescription: "a policy that selects others does not apply",
            policies: [Sample.policy("p", selector: "app == 'web'", [])],
            isAllowed: true,
            steps: ["open/0"]
        ),
        Case(
            testDescription: "a policy of the other direction does not apply",
            policies: [
                {
                    var policy = Sample.policy("p", [])
                    (policy.appliesToIngress, policy.appliesToEgress) = (false, true)
                    return policy
                }()
            ],
            isAllowed: true,
            steps: ["open/0"]
        ),
        Case(
            testDescription: "untracked and pre-DNAT policies are not for workloads",
            policies: [
                {
                    var policy = Sample.policy("u", [])
                    policy.doNotTrack = true
                    return policy
                }(),
                {
                    var policy = Sample.policy("d", [])
                    policy.preDNAT = true
                    return policy
                }(),
            ],
            isAllowed: true,
            steps: ["open/0"]
        ),
        Case(
            testDescription: "the first match decides, Log goes on",
            policies: [
                Sample.policy(
                    "p",
                    [
                        Rule(.deny) { $0.protocol = .udp }, Rule(.log), Rule(.allow), Rule(.deny),
                    ]
                )
            ],
            isAllowed: true,
            steps: ["default/p/1", "default/p/2"]
        ),
        Case(
            testDescription: "lower order first, no order last",
            policies: [
                Sample.policy("a", [Rule(.deny)]), Sample.policy("b", order: 2, [Rule(.deny)]),
                Sample.policy("c", order: 1, [Rule(.allow)]),
            ],
            isAllowed: true,
            steps: ["default/c/0"]
        ),
        Case(
            testDescription: "equal orders go by name, then by kind",
            policies: [
                Sample.policy("b", order: 1, [Rule(.deny)]),
                Sample.policy("a", order: 1, kind: .networkPolicy, [Rule(.deny)]),
                Sample.policy("a", order: 1, kind: .globalNetworkPolicy, [Rule(.allow)]),
            ],
            isAllowed: true,
            steps: ["default/a/0"]
        ),
        Case(
            testDescription: "Pass skips the rest of the tier and goes on to the next",
            policies: [
                Sample.policy("p", tier: "one", order: 1, [Rule(.pass)]),
                Sample.policy("q", tier: "one", order: 2, [Rule(.deny)]),
                Sample.policy("r", tier: "two", [Rule(.allow)]),
            ],
            tiers: [Tier(name: "two", order: 2), Tier(name: "one", order: 1)],
            isAllowed: true,
            steps: ["one/p/0", "two/r/0"]
        ),
        Case(
            testDescription: "Pass in the last tier leads to the profiles",
            policies: [Sample.policy("p", [Rule(.pass)])],
            isAllowed: true,
            steps: ["default/p/0", "open/0"]
        ),
        Case(
            testDescription: "a tier whose default is Pass goes on",
            policies: [Sample.policy("p", tier: "soft", [])],
            tiers: [Tier(name: "soft", defaultAction: .pass)],
            isAllowed: true,
            steps: ["soft/end", "open/0"]
        ),
        Case(
            testDescription: "a tier with an order goes before one without, equal ones by name",
            policies: [
                Sample.policy("p", tier: "a", [Rule(.deny)]),
                Sample.policy("q", tier: "z", [Rule(.pass)]),
                Sample.policy("r", tier: "y", [Rule(.pass)]),
            ],
            tiers: [Tier(name: "a"), Tier(name: "z", order: 5), Tier(name: "y", order: 5)],
            isAllowed: false,
            steps: ["y/r/0", "z/q/0", "a/p/0"]
        ),
        Case(
            testDescription: "a tier that does not exist goes last and denies at its end",
            policies: [
                Sample.policy("p", tier: "absent", []),
                Sample.policy("q", tier: "known", [Rule(.pass)]),
            ],
            tiers: [Tier(name: "known", defaultAction: .pass)],
            isAllowed: false,
            steps: ["known/q/0", "absent/end"]
        ),
        Case(
            testDescription: "a tier with staged policies alone is as if absent",
            policies: [
                Sample.policy("s", order: 1, kind: .stagedGlobalNetworkPolicy, [Rule(.deny)])
            ],
            isAllowed: true,
            steps: ["open/0"]
        ),
        Case(
            testDescription: "Pass inside a profile denies",
            extra: [.profile("open", Sample.profile("open", [Rule(.log), Rule(.pass)]))],
            isAllowed: false,
            steps: ["open/0", "open/1"]
        ),
        Case(
            testDescription: "a profile that does not exist denies",
            extra: [.profile("open", nil)],
            isAllowed: false,
            steps: ["open/-1"]
        ),
        Case(
            testDescription: "no rule of any profile: denied",
            extra: [.profile("open", Sample.profile("open", []))],
            isAllowed: false,
            steps: ["none"]
        ),
        Case(
            testDescription: "an endpoint that is not known denies",
            extra: [.endpoint(Sample.b, nil)],
            isAllowed: false,
            steps: ["none"]
        ),
    ]

    @Test("walk through tiers, policies and profiles", arguments: cases)
    func walk(_ testCase: Case) {
        let updates = Sample.updates(testCase.policies, testCase.tiers) + testCase.extra
        let judgement = Sample.judge(updates)
        #expect(judgement.isAllowed == testCase.isAllowed)
        #expect(judgement.steps.map { Self.text($0.rule) } == testCase.steps)
        #expect(judgement.decision == judgement.steps.last?.rule)
    }

    @Test("the order in which updates come does not matter", arguments: cases)
    func order(_ testCase: Case) {
        let updates = Sample.updates(testCase.policies, testCase.tiers)
        #expect(Sample.judge(updates.reversed()) == Sample.judge(updates))
    }

    private static func text(_ rule: RuleName) -> String {
        switch rule.owner {
        case .policy(let id): "\(rule.tier)/\(id.name)/\(rule.index)"
        case .profile(let name): "\(name)/\(rule.index)"
        case .endOfTier: "\(rule.tier)/end"
        case .noMatch: "none"
        }
    }

    @Test("a staged policy counts for the pending verdict only")
    func staged() {
        let policies = [
            Sample.policy("p", order: 2, [Rule(.allow)]),
            Sample.policy("s", order: 1, kind: .stagedGlobalNetworkPolicy, [Rule(.deny)]),
        ]
        let evaluator = Evaluator(PolicyWorld(Sample.endpoints + Sample.updates(policies)))
        let flow = Sample.flow()
        #expect(evaluator.judge(flow, at: Sample.b, .ingress).isAllowed)
        #expect(!evaluator.judgeStaged(flow, at: Sample.b, .ingress).isAllowed)
    }

    @Test("a staged deletion counts for nothing")
    func stagedDeletion() {
        var policy = Sample.policy("s", kind: .stagedGlobalNetworkPolicy, [Rule(.deny)])
        policy.stagedAction = "Delete"
        let evaluator = Evaluator(PolicyWorld(Sample.endpoints + Sample.updates([policy])))
        #expect(evaluator.judgeStaged(Sample.flow(), at: Sample.b, .ingress).isAllowed)
    }

    @Test("the first Log rule on the way is reported")
    func logged() {
        let judgement = Sample.judge(
            Sample.updates([Sample.policy("p", [Rule(.log), Rule(.log), Rule(.allow)])])
        )
        #expect(judgement.logged?.index == 0)
        #expect(Sample.judge([]).logged == nil)
    }

    @Test("endpoints that own an address")
    func owners() {
        let twin = EndpointID.workload(node: "m", workload: "red/a2", endpoint: "eth0")
        let world = PolicyWorld(
            Sample.endpoints + [.endpoint(twin, Endpoint(id: twin, addresses: [Sample.addressA]))]
        )
        let evaluator = Evaluator(world)
        #expect(evaluator.endpoints(owning: Sample.addressA) == [Sample.a, twin])
        #expect(evaluator.endpoints(owning: Address(v4: 1)).isEmpty)
    }
}
