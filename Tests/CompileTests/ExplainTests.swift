import Compile
import Model
import Testing

struct ExplainTests {
    private static let pod = EndpointID.workload(
        node: "n1",
        workload: "shop/web-1",
        endpoint: "eth0"
    )
    private static let web = PolicyID(kind: .networkPolicy, namespace: "shop", name: "web")
    private static let first = PolicyID(kind: .globalNetworkPolicy, name: "first")
    private static let other = PolicyID(kind: .globalNetworkPolicy, name: "other")
    private static let address = Address(v4: 0x0a00_0001)

    private static func policy(
        _ id: PolicyID,
        tier: String,
        order: Double,
        selector: String
    ) -> Update {
        .policy(
            id,
            Policy(
                id: id,
                tier: tier,
                order: order,
                selector: selector,
                ingress: [Rule(.log), Rule(.allow)],
                appliesToIngress: true,
                appliesToEgress: false
            )
        )
    }

    private func compiler() -> PolicyCompiler {
        var compiler = PolicyCompiler(localNode: "n1")
        _ = compiler.apply([
            .tier("default", Tier(name: "default")),
            .tier("early", Tier(name: "early", order: 1, defaultAction: .pass)),
            .profile("p", Profile(name: "p", ingress: [Rule(.allow)])),
            Self.policy(Self.web, tier: "default", order: 5, selector: "app == 'web'"),
            Self.policy(Self.first, tier: "early", order: 9, selector: "all()"),
            Self.policy(Self.other, tier: "early", order: 1, selector: "app == 'db'"),
            .endpoint(
                Self.pod,
                Endpoint(
                    id: Self.pod,
                    labels: ["app": "web"],
                    profiles: ["p", "gone"],
                    addresses: [Self.address]
                )
            ),
            .networkSet(
                NetworkSetID(name: "inside"),
                NetworkSet(
                    id: NetworkSetID(name: "inside"),
                    nets: [Prefix("10.0.0.0/8")].compactMap(\.self)
                )
            ),
        ])
        return compiler
    }

    @Test("rules are told in the order of judgement, without tiers that do not apply")
    func order() throws {
        let explanation = try #require(compiler().explain(Self.pod, .ingress).first)
        let owners = explanation.sections.map { $0.parts.map(\.owner) }
        #expect(
            owners == [
                [.policy(Self.first)], [.policy(Self.web)], [.profile("p"), .profile("gone")],
            ]
        )
        #expect(explanation.sections.map { $0.tier?.name } == ["early", "default", nil])
        #expect(explanation.sections.map { $0.end?.owner } == [nil, .endOfTier, .noMatch])
        #expect(explanation.sections[0].parts[0].rules?.map(\.action) == [.log, .allow])
        #expect(explanation.sections[2].parts.map { $0.rules == nil } == [false, true])
    }

    @Test("without a policy of the direction only profiles are left")
    func egress() throws {
        let explanation = try #require(compiler().explain(Self.pod, .egress).first)
        #expect(explanation.sections.map { $0.tier?.name } == [nil])
        #expect(compiler().explain(.host(node: "n1", name: "eth0"), .egress).isEmpty)
    }

    @Test("a host endpoint's rules are told stage by stage, with what comes of the rest")
    func host() {
        let host = EndpointID.host(node: "n1", name: "eth0")
        let list = PolicyID(kind: .globalNetworkPolicy, name: "list")
        var compiler = compiler()
        var untracked = Policy(
            id: list,
            selector: "role == 'edge'",
            ingress: [Rule(.deny)],
            appliesToIngress: true,
            appliesToEgress: false
        )
        untracked.doNotTrack = true
        untracked.applyOnForward = true
        _ = compiler.apply([
            .policy(list, untracked),
            .endpoint(
                host,
                Endpoint(id: host, labels: ["role": "edge"], addresses: [Address(v4: 0x0a01_0001)])
            ),
        ])
        let told = compiler.explain(host, .ingress)
        #expect(told.map(\.stage) == [.untrackedIngress, .ingress])
        #expect(told.map(\.rest) == [.nextStage, .deny])
        #expect(told[0].sections.map { $0.parts.map(\.owner) } == [[.policy(list)]])
        #expect(told[0].sections.map(\.end) == [nil])
        #expect(told[1].sections.map { $0.tier?.name } == ["early", nil])
        #expect(told.allSatisfy { !$0.programs.isEmpty })
        #expect(
            compiler.uses(ofPolicy: "list", namespace: nil).map { $0.endpoints.map(\.id) } == [
                [host]
            ]
        )
    }

    @Test("a policy is found with the local endpoints under it, by name alone too")
    func uses() {
        let compiler = compiler()
        let web = compiler.uses(ofPolicy: "web", namespace: "shop")
        #expect(web.map(\.policy.id) == [Self.web])
        #expect(web.map { $0.endpoints.map(\.id) } == [[Self.pod]])
        #expect(compiler.uses(ofPolicy: "web", namespace: "blue").isEmpty)
        #expect(compiler.policies(named: "web") == [Self.web])
        // A cluster's policy has no namespace, whatever was asked.
        let global = compiler.uses(ofPolicy: "other", namespace: "shop")
        #expect(global.map(\.endpoints.isEmpty) == [true])
    }

    @Test("an address is named by the closest that has it")
    func owners() {
        let compiler = compiler()
        let set = AddressOwner.networkSet(NetworkSetID(name: "inside"))
        #expect(compiler.owners(of: Self.address) == [.endpoint(Self.pod), set])
        #expect(compiler.owners(of: Address(v4: 0x0a00_0002)) == [set])
        #expect(compiler.owners(of: Address(v4: 0x0b00_0002)).isEmpty)
    }
}
