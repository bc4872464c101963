import Model
import Testing

@testable import Compile

/// Single rules of the compiler that random worlds meet too rarely.
@Suite struct PolicyCompilerTests {
    static let pod = EndpointID.workload(node: "here", workload: "ns/a", endpoint: "eth0")
    static let address = Address(v4: 0x0a00_0001)

    static func endpoint(
        _ id: EndpointID = pod,
        _ change: (inout Endpoint) -> Void = { _ in }
    ) -> Update {
        var endpoint = Endpoint(id: id, labels: ["app": "web"], addresses: [address])
        change(&endpoint)
        return .endpoint(id, endpoint)
    }

    static func policy(
        _ name: String = "p",
        ingress: [Rule] = [],
        egress: [Rule] = []
    ) -> Update {
        let id = PolicyID(kind: .globalNetworkPolicy, name: name)
        return .policy(
            id,
            Policy(
                id: id,
                ingress: ingress,
                egress: egress,
                appliesToIngress: true,
                appliesToEgress: true
            )
        )
    }

    static func allow(ports: ClosedRange<UInt16>) -> Rule {
        var rule = Rule(.allow)
        rule.protocol = .tcp
        rule.destination.ports = [.range(ports)]
        return rule
    }

    // MARK: Programs

    @Test func `a long policy with rules changed compiles as if it came new`() throws {
        let plain = (0..<40).map { Self.allow(ports: UInt16(100 + $0)...UInt16(100 + $0)) }
        var localPort = Rule(.allow)
        localPort.protocol = .tcp
        localPort.destination.ports = [.named("http")]
        var never = Rule(.allow)
        never.family = .v6
        var remote = Rule(.deny)
        remote.source.selectors = ["app == \"db\""]
        let mixed = Array(plain[..<10]) + [localPort, never, remote, Rule(.log)] + plain[10...]
        var changed = mixed
        changed[12].action = .allow
        let states = [
            mixed, mixed + [remote], changed, Array(mixed.dropLast()), [remote] + mixed,
            Array(mixed.dropFirst()), [], [never], Array(mixed.prefix(11)), mixed.reversed(), mixed,
        ]
        let http = NamedPort(name: "http", protocol: .tcp, port: 80)
        let endpoint = Self.endpoint { $0.ports = [http] }
        var compiler = PolicyCompiler(localNode: "here")
        var programs: [UInt32: ProgramTables] = [:]
        var attached: EndpointPrograms?
        for (step, rules) in states.enumerated() {
            let updates = [endpoint, Self.policy(ingress: rules)]
            let change = compiler.apply(step == 0 ? updates : [Self.policy(ingress: rules)])
            for tables in change.programsAdded { programs[tables.id] = tables }
            attached = change.endpoints[Self.address] ?? attached
            var fresh = PolicyCompiler(localNode: "here")
            let expected = fresh.apply(updates)
            let program = try #require(expected.endpoints[Self.address] ?? nil)
            #expect(attached == program, "step \(step)")
            let tables = expected.programsAdded.first { $0.id == program.ingress }
            #expect(programs[program.ingress] == tables, "step \(step)")
        }
    }

    @Test func `an endpoint without policies and profiles has the program that denies all`() {
        var compiler = PolicyCompiler(localNode: "here")
        let change = compiler.apply([Self.endpoint()])
        let programs = EndpointPrograms(id: Self.pod, ingress: 0, egress: 0)
        #expect(change.endpoints == [Self.address: programs])
        #expect(change.programsAdded.isEmpty && change.rules.isEmpty)
    }

    @Test func `endpoints under the same rules share a program`() {
        var compiler = PolicyCompiler(localNode: "here")
        let other = EndpointID.workload(node: "here", workload: "ns/b", endpoint: "eth0")
        let change = compiler.apply([
            Self.endpoint(), Self.endpoint(other) { $0.addresses = [Address(v4: 0x0a00_0002)] },
            Self.policy(ingress: [Self.allow(ports: 80...80)]),
        ])
        #expect(Set(change.endpoints.values.map { $0?.ingress }).count == 1)
        #expect(change.programsAdded.count == 2)
    }

    @Test func `rules that ask again what was decided are left out`() {
        var compiler = PolicyCompiler(localNode: "here")
        let rules = (0..<500).map { _ in Self.allow(ports: 80...80) }
        let change = compiler.apply([Self.endpoint(), Self.policy(ingress: rules)])
        let ingress = change.endpoints[Self.address]??.ingress
        let tables = change.programsAdded.first { $0.id == ingress }
        #expect(tables?.verdicts.count == 1)
        #expect(tables?.defaultDenial != nil)
        #expect(change.rules.count == 3)
    }

    @Test func `a table names what differs from its denial, and all where nothing denies`() {
        func tables(_ rules: [Rule]) -> ProgramTables? {
            var compiler = PolicyCompiler(localNode: "here")
            let change = compiler.apply([Self.endpoint(), Self.policy(ingress: rules)])
            let ingress = change.endpoints[Self.address]??.ingress
            return change.programsAdded.first { $0.id == ingress }
        }
        let some = tables([Self.allow(ports: 80...80), Self.allow(ports: 90...90)])
        #expect(some?.verdicts.values.map(\.isAllowed) == [true, true])
        let all = tables([Self.allow(ports: 80...80), Rule(.allow)])
        #expect(all?.verdicts.isEmpty == false)
        #expect(all?.defaultDenial == nil)
        let logged = tables([Self.allow(ports: 80...80), Rule(.log)])
        #expect(logged?.defaultDenial == nil, "a denial that is logged is named")
        #expect(logged?.verdicts.count == 2)
    }

    @Test func `objects of other nodes and staged policies make no programs`() {
        var compiler = PolicyCompiler(localNode: "there")
        let staged = PolicyID(kind: .stagedGlobalNetworkPolicy, name: "s")
        let change = compiler.apply([
            Self.endpoint(), Self.policy(),
            .policy(staged, Policy(id: staged, appliesToIngress: true, appliesToEgress: true)),
        ])
        #expect(change.isEmpty)
    }

    // MARK: Disputes and foreign sources

    @Test(arguments: [false, true])
    func `of two endpoints with one address the first by name has it`(_ isReversed: Bool) {
        let other = EndpointID.workload(node: "here", workload: "ns/b", endpoint: "eth0")
        let updates = [Self.endpoint(other), Self.endpoint()]
        var compiler = PolicyCompiler(localNode: "here")
        let change = compiler.apply(isReversed ? updates.reversed() : updates)
        #expect(change.endpoints[Self.address]??.id == Self.pod)
        #expect(change.conflicts == [Self.address: [other]])
        let end = compiler.apply([.endpoint(Self.pod, nil)])
        #expect(end.endpoints[Self.address]??.id == other)
        #expect(end.conflicts == [Self.address: []])
    }

    @Test func `of two endpoints with one address the one that the kernel names has it`() {
        let other = EndpointID.workload(node: "here", workload: "ns/b", endpoint: "eth0")
        var compiler = PolicyCompiler(localNode: "here")
        _ = compiler.apply([Self.endpoint(other), Self.endpoint()])
        let change = compiler.apply([], owners: [Self.address: other])
        #expect(change.endpoints[Self.address]??.id == other)
        #expect(change.conflicts == [Self.address: [Self.pod]])
        #expect(compiler.apply([], owners: [Self.address: other]).isEmpty)
        let end = compiler.apply([.endpoint(other, nil)])
        #expect(end.endpoints[Self.address]??.id == Self.pod)
        #expect(end.conflicts == [Self.address: []])
        // It was named as it was then: when it comes back it is the newcomer.
        let again = compiler.apply([Self.endpoint(other)])
        #expect(again.endpoints.isEmpty)
        #expect(again.conflicts == [Self.address: [other]])
    }

    @Test func `what cannot be known of a foreign source allows nothing and denies`() {
        var allow = Rule(.allow)
        allow.source.selectors = ["app == \"web\""]
        var deny = Rule(.deny)
        deny.source.selectors = ["app == \"web\""]
        deny.destination.nets = [Prefix(Address(v4: 7))]
        var within = Rule(.allow)
        within.source.nets = [Prefix(Address(v4: 0x0a00_0000), length: 8)].compactMap(\.self)
        let foreign = [Prefix(Address(v4: 0x0a01_0000), length: 16)].compactMap(\.self)
        var compiler = PolicyCompiler(localNode: "here")
        var tables = TableInterpreter()
        tables.apply(
            compiler.apply([
                Self.endpoint { $0.allowedSourcePrefixes = foreign },
                Self.policy(egress: [allow, deny, within]),
            ])
        )
        let program = tables.spoofers[Self.pod]?[.v4] ?? 0
        func judge(_ destination: UInt32) -> TableInterpreter.Outcome {
            let flow = Flow(
                source: Address(v4: 0x0a01_0001),
                destination: Address(v4: destination),
                protocol: .tcp
            )
            return tables.judge(flow, remote: flow.destination, program: program)
        }
        #expect(judge(7).rule?.index == 1 && !judge(7).isAllowed)
        #expect(judge(8).rule?.index == 2 && judge(8).isAllowed)
    }
}
