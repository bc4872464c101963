import Evaluate
import Model
import Testing

/// The tables of a host endpoint, one after the other.
@Suite
struct HostTests {
    private static let host = EndpointID.host(node: "n", name: "eth0")

    private static func policy(
        _ name: String,
        _ rules: [Rule],
        _ change: (inout Policy) -> Void = { _ in }
    ) -> Policy {
        var policy = Sample.policy(name, selector: "has(host)", rules)
        change(&policy)
        return policy
    }

    private static let preDNAT = policy("pre", [Rule(.deny) { $0.protocol = .udp }]) {
        $0.preDNAT = true
        $0.applyOnForward = true
    }
    private static let forward = policy("fwd", [Rule(.allow) { $0.protocol = .tcp }]) {
        $0.applyOnForward = true
    }
    private static let normal = policy("own", [Rule(.allow) { $0.protocol = .sctp }])
    private static let untracked = policy("raw", [Rule(.deny) { $0.protocol = .sctp }]) {
        $0.doNotTrack = true
        $0.applyOnForward = true
    }

    private static func evaluator(_ policies: [Policy], profiles: [String] = []) -> Evaluator {
        let endpoint = Endpoint(id: host, labels: ["host": ""], profiles: profiles)
        let updates: [Update] = [.endpoint(host, endpoint)]
        return Evaluator(PolicyWorld(Sample.endpoints + updates + Sample.updates(policies)))
    }

    struct Case: CustomTestStringConvertible {
        let testDescription: String
        let policies: [Policy]
        var profiles: [String] = []
        let packet: HostPacket
        let isAllowed: Bool
    }

    @Test(
        "verdict at a host endpoint",
        arguments: [
            Case(
                testDescription: "no policy, no profile: the host's own traffic is denied",
                policies: [],
                packet: HostPacket(Sample.flow()),
                isAllowed: false
            ),
            Case(
                testDescription: "no policy: a profile may allow it",
                policies: [],
                profiles: ["open"],
                packet: HostPacket(Sample.flow()),
                isAllowed: true
            ),
            Case(
                testDescription: "forwarded traffic that no policy is for is allowed",
                policies: [normal],
                packet: HostPacket(Sample.flow(), isForwarded: true),
                isAllowed: true
            ),
            Case(
                testDescription: "forwarded traffic meets the policies for it",
                policies: [forward],
                packet: HostPacket(Sample.flow(.udp), isForwarded: true),
                isAllowed: false
            ),
            Case(
                testDescription: "policies for forwarded traffic are for the host's own too",
                policies: [forward],
                packet: HostPacket(Sample.flow()),
                isAllowed: true
            ),
            Case(
                testDescription: "pre-DNAT policies see the flow before translation",
                policies: [preDNAT],
                profiles: ["open"],
                packet: HostPacket(Sample.flow(), beforeDNAT: Sample.flow(.udp)),
                isAllowed: false
            ),
            Case(
                testDescription: "pre-DNAT policies deny nothing at the end of their tier",
                policies: [preDNAT],
                profiles: ["open"],
                packet: HostPacket(Sample.flow()),
                isAllowed: true
            ),
        ]
    )
    func verdict(_ testCase: Case) {
        let evaluator = Self.evaluator(testCase.policies, profiles: testCase.profiles)
        let judgement = evaluator.judge(testCase.packet, atHost: Self.host, .ingress)
        #expect(judgement.isAllowed == testCase.isAllowed)
    }

    @Test("untracked policies decide only by their rules")
    func untrackedRules() {
        let evaluator = Self.evaluator([Self.untracked, Self.normal])
        let sctp = evaluator.judgeUntracked(Sample.flow(.sctp), atHost: Self.host, .ingress)
        #expect(sctp?.isAllowed == false)
        #expect(evaluator.judgeUntracked(Sample.flow(), atHost: Self.host, .ingress) == nil)
    }

    @Test("asked as any endpoint, it is the host's own traffic, from untracked policies on")
    func allStages() {
        let evaluator = Self.evaluator([Self.untracked, Self.preDNAT, Self.normal])
        func decision(_ protocol: IPProtocol) -> RuleName.Owner {
            evaluator.judge(Sample.flow(`protocol`), at: Self.host, .ingress).decision.owner
        }
        #expect(decision(.sctp) == .policy(Self.untracked.id))
        #expect(decision(.udp) == .policy(Self.preDNAT.id))
        #expect(decision(.tcp) == .endOfTier)
        let staged = Self.evaluator([Self.normal]).judgeStaged(
            Sample.flow(.sctp),
            at: Self.host,
            .ingress
        )
        #expect(staged.isAllowed && staged.decision.owner == .policy(Self.normal.id))
    }

    @Test("an unknown host endpoint denies")
    func unknown() {
        let evaluator = Evaluator(PolicyWorld())
        #expect(!evaluator.judge(HostPacket(Sample.flow()), atHost: Self.host, .ingress).isAllowed)
        #expect(evaluator.judgeUntracked(Sample.flow(), atHost: Self.host, .ingress) == nil)
    }
}
