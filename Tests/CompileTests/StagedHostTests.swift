import Compile
import Model
import Testing

/// Staged policies of host endpoints have programs of their own, beside those in force.
struct StagedHostTests {
    private static let host = EndpointID.host(node: "n1", name: "eth0")
    private static let address = Address(v4: 0x0a01_0001)

    /// A policy that denies what comes in to port 80, but for `change`.
    private static func policy(
        _ kind: PolicyKind,
        _ name: String,
        _ change: (inout Policy) -> Void = { _ in }
    ) -> Update {
        let id = PolicyID(kind: kind, name: name)
        var web = Rule(.deny)
        web.protocol = .tcp
        web.destination.ports = [.range(80...80)]
        var policy = Policy(
            id: id,
            selector: "role == 'edge'",
            ingress: [web, Rule(.allow)],
            appliesToIngress: true,
            appliesToEgress: false
        )
        change(&policy)
        return .policy(id, policy)
    }

    private static let endpoint = Update.endpoint(
        host,
        Endpoint(id: host, labels: ["role": "edge"], addresses: [address])
    )

    private func tables(_ updates: [Update]) -> TableInterpreter {
        var compiler = PolicyCompiler(localNode: "n1")
        var tables = TableInterpreter()
        tables.apply(compiler.apply([Self.endpoint] + updates))
        return tables
    }

    private let web: Flow = {
        var flow = Flow(source: Address(v4: 0x0a01_0002), destination: address, protocol: .tcp)
        flow.destinationPort = 80
        return flow
    }()

    @Test("without staged policies there is nothing staged")
    func none() throws {
        let tables = tables([
            Self.policy(.globalNetworkPolicy, "open") { $0.ingress = [Rule(.allow)] }
        ])
        let programs = try #require(tables.hosts[Self.host])
        for key in HostPrograms.Key.all {
            #expect(programs[staged: key.stage, key.family] == 0)
        }
    }

    @Test("only the stages that a staged policy takes part in have programs for it")
    func stages() throws {
        let tables = tables([
            Self.policy(.globalNetworkPolicy, "open") {
                $0.ingress = [Rule(.allow)]
                $0.order = 2
            },
            Self.policy(.stagedGlobalNetworkPolicy, "web") { $0.order = 1 },
        ])
        let programs = try #require(tables.hosts[Self.host])
        let staged = HostStage.allCases.filter { programs[staged: $0, .v4] != 0 }
        #expect(staged == [.ingress])
        let now = tables.judge(web, atHost: Self.host, .ingress, isForwarded: false)
        let then = tables.judge(
            web,
            atHost: Self.host,
            .ingress,
            isForwarded: false,
            withStaged: true
        )
        #expect(now?.isAllowed == true && then?.isAllowed == false)
        #expect(
            then?.rule?.owner == .policy(PolicyID(kind: .stagedGlobalNetworkPolicy, name: "web"))
        )
    }

    @Test(
        "each form of policy has its stages",
        arguments: [HostStage.untrackedIngress, .preDNAT, .forwardIngress]
    )
    func forms(_ stage: HostStage) throws {
        let tables = tables([
            Self.policy(.stagedGlobalNetworkPolicy, "web") { policy in
                policy.applyOnForward = true
                policy.preDNAT = stage == .preDNAT
                policy.doNotTrack = stage == .untrackedIngress
            }
        ])
        let programs = try #require(tables.hosts[Self.host])
        let staged = HostStage.allCases.filter { programs[staged: $0, .v4] != 0 }
        #expect(staged == (stage == .forwardIngress ? [.ingress, stage] : [stage]))
        let outcome = tables.judge(web, atHost: Self.host, stage, withStaged: true)
        #expect(outcome?.isAllowed == false && outcome?.goesOn == false)
        #expect(outcome?.rule?.index == 0)
    }

    @Test("what is staged no more takes its programs along")
    func removal() throws {
        let id = PolicyID(kind: .stagedGlobalNetworkPolicy, name: "web")
        var compiler = PolicyCompiler(localNode: "n1")
        var tables = TableInterpreter()
        tables.apply(
            compiler.apply([Self.endpoint, Self.policy(.stagedGlobalNetworkPolicy, "web")])
        )
        let program = try #require(tables.hosts[Self.host]?[staged: .ingress, .v4])
        #expect(tables.programs[program] != nil)
        tables.apply(compiler.apply([.policy(id, nil)]))
        tables.apply(compiler.apply([]))
        #expect(tables.hosts[Self.host]?[staged: .ingress, .v4] == 0)
        #expect(tables.programs[program] == nil)
    }

    @Test("what asks about the near end is a split")
    func split() throws {
        let tables = tables([
            Self.policy(.stagedGlobalNetworkPolicy, "web") { policy in
                policy.ingress[0].destination.nets = [Prefix("10.1.0.1/32")].compactMap(\.self)
            }
        ])
        let program = try #require(tables.hosts[Self.host]?[staged: .ingress, .v4])
        #expect(tables.programs[program]?.isSplit == true)
        var other = web
        other.destination = Address(v4: 0x0a01_0009)
        let outcomes = [web, other].map {
            tables.judge($0, atHost: Self.host, .ingress, withStaged: true)?.isAllowed
        }
        #expect(outcomes == [false, true])
    }
}
