import Model
import Testing

@testable import Compile

/// Which programs are tables of verdicts and which are bitmaps, and what happens when neither has room.
@Suite struct ProgramFormTests {
    private typealias Make = PolicyCompilerTests

    private static func flow(
        from source: Address = Address(v4: 9),
        _ port: UInt16 = 80
    ) -> Flow {
        Flow(source: source, destination: Make.address, protocol: .tcp, destinationPort: port)
    }

    /// Any of two sets that are not there yet.
    private static var setRules: [Rule] {
        ["x", "y"].map { value in
            var rule = Rule(.allow)
            rule.source.selectors = ["set == \"\(value)\""]
            return rule
        }
    }

    private static func set(_ value: String, _ address: UInt32) -> Update {
        let id = NetworkSetID(name: value)
        let nets = [Prefix(Address(v4: address))]
        return .networkSet(id, NetworkSet(id: id, labels: ["set": value], nets: nets))
    }

    @Test func `a program with too many verdicts for a table is bitmaps`() {
        var compiler = PolicyCompiler(localNode: "here", verdictLimit: 8)
        var tables = TableInterpreter()
        let rules = (1...20).map { Make.allow(ports: $0 * 10...$0 * 10) }
        let change = compiler.apply([Make.endpoint(), Make.policy(ingress: rules)])
        tables.apply(change)
        let program = tables.programs[tables.endpoints[Make.address]?.ingress ?? 0]
        #expect(program?.isBitmap == true && program?.verdicts.isEmpty == true)
        #expect(program?.clauses.count == 21)
        #expect(change.failures.isEmpty)
        #expect(tables.judge(Self.flow(10), .ingress)?.isAllowed == true)
        #expect(tables.judge(Self.flow(11), .ingress)?.isAllowed == false)
    }

    @Test func `a class that a table has no room for makes it bitmaps, and back when it goes`() {
        var compiler = PolicyCompiler(localNode: "here", verdictLimit: 2)
        var tables = TableInterpreter()
        func settle(_ updates: [Update]) -> DataplaneChange {
            let change = compiler.apply(updates)
            tables.apply(change)
            while compiler.needsSettling { tables.apply(compiler.apply([])) }
            return change
        }
        _ = settle([Make.endpoint(), Make.policy(ingress: Self.setRules), Self.set("x", 1)])
        let table = tables.endpoints[Make.address]?.ingress ?? 0
        let change = settle([Self.set("y", 2)])
        let bitmaps = tables.endpoints[Make.address]?.ingress ?? 0
        #expect(change.reformed == [table: bitmaps] && change.programsRemoved == [table])
        #expect(!change.revoked.contains(bitmaps) || tables.programs[bitmaps]?.isBitmap == true)
        for address in [1, 2] as [UInt32] {
            let verdict = tables.judge(Self.flow(from: Address(v4: address)), .ingress)
            #expect(verdict?.isAllowed == true)
        }
        _ = settle([.networkSet(NetworkSetID(name: "y"), nil)])
        #expect(tables.endpoints[Make.address]?.ingress == table)
        #expect(tables.programs[bitmaps] == nil && tables.programs[table]?.isBitmap == false)
    }

    @Test func `when all tables together are too large the largest are bitmaps`() {
        var compiler = PolicyCompiler(localNode: "here", verdictLimit: 100, verdictBudget: 12)
        var tables = TableInterpreter()
        let other = EndpointID.workload(node: "here", workload: "ns/b", endpoint: "eth0")
        let id = PolicyID(kind: .globalNetworkPolicy, name: "b")
        var policy = Policy(
            id: id,
            selector: "app == \"db\"",
            appliesToIngress: true,
            appliesToEgress: false
        )
        policy.ingress = [Make.allow(ports: 7...7)]
        tables.apply(
            compiler.apply([
                Make.endpoint(), .policy(id, policy),
                Make.policy(ingress: (1...6).map { Make.allow(ports: $0 * 10...$0 * 10) }),
                Make.endpoint(other) {
                    $0.addresses = [Address(v4: 0x0a00_0002)]
                    $0.labels = ["app": "db"]
                },
            ])
        )
        let forms = tables.programs.values.map { (cells: $0.ports.count, isBitmap: $0.isBitmap) }
        #expect(forms.contains { $0.isBitmap } && forms.contains { !$0.isBitmap })
        #expect(tables.programs.values.reduce(0) { $0 + $1.verdicts.count } <= 12)
        let largest = forms.filter(\.isBitmap).map(\.cells).min() ?? 0
        #expect(forms.allSatisfy { $0.isBitmap || $0.cells <= largest })
    }

    @Test func `a program that no form has room for leaves a new endpoint denied, and says why`() {
        let bounds = ProgramBounds(verdicts: 8, allVerdicts: 8, allBitmaps: 10)
        var compiler = PolicyCompiler(localNode: "here", bounds)
        let rules = (1...20).map { Make.allow(ports: $0 * 10...$0 * 10) }
        let change = compiler.apply([Make.endpoint(), Make.policy(ingress: rules)])
        #expect(change.endpoints[Make.address]??.ingress == 0)
        #expect(change.programsAdded.allSatisfy { !$0.isBitmap })
        let overflow = ProgramOverflow.bitmaps(22, room: 10)
        #expect(change.failures == [.tooLarge(endpoint: Make.pod, .ingress, overflow)])
        #expect(change.failures.first?.description.contains("needs 22 bitmaps") == true)
        #expect(!compiler.needsSettling)
    }

    @Test func `an endpoint keeps its program when no form of the new one has room`() {
        let bounds = ProgramBounds(verdicts: 8, allVerdicts: 8, allBitmaps: 10)
        var compiler = PolicyCompiler(localNode: "here", bounds)
        var tables = TableInterpreter()
        let fits = Make.policy(ingress: [Make.allow(ports: 80...80)])
        tables.apply(compiler.apply([Make.endpoint(), fits]))
        let before = tables.endpoints
        let rules = (1...20).map { Make.allow(ports: $0 * 10...$0 * 10) }
        let change = compiler.apply([Make.policy(ingress: rules)])
        tables.apply(change)
        #expect(tables.endpoints == before && !change.failures.isEmpty)
        #expect(tables.judge(Self.flow(), .ingress)?.isAllowed == true)
        tables.apply(compiler.apply([fits]))
        #expect(compiler.apply([fits]).failures.isEmpty)
    }

    @Test func `a class that no form of a program has room for is denied`() {
        let bounds = ProgramBounds(verdicts: 2, allVerdicts: 8, allBitmaps: 2)
        var compiler = PolicyCompiler(localNode: "here", bounds)
        var tables = TableInterpreter()
        tables.apply(compiler.apply([Make.endpoint(), Make.policy(ingress: Self.setRules)]))
        var failures: [CompileFailure] = []
        for update in [Self.set("x", 1), Self.set("y", 2)] {
            let change = compiler.apply([update])
            failures += change.failures
            tables.apply(change)
        }
        #expect(failures.count == 1)
        let allowed = [1, 2].filter { (address: UInt32) in
            tables.judge(Self.flow(from: Address(v4: address)), .ingress)?.isAllowed == true
        }
        #expect(allowed == [1])
    }

    @Test func `twenty thousand rules with ports and sets of their own are in force`() {
        var compiler = PolicyCompiler(localNode: "here")
        var tables = TableInterpreter()
        var updates = [Make.endpoint()]
        var rules: [Rule] = []
        for number in 0..<20_000 {
            var rule = Make.allow(ports: UInt16(number)...UInt16(number))
            rule.source.selectors = ["set == \"\(number % 500)\""]
            rules.append(rule)
        }
        for number in 0..<500 { updates.append(Self.set("\(number)", UInt32(number) + 1)) }
        let change = compiler.apply(updates + [Make.policy(ingress: rules)])
        tables.apply(change)
        #expect(change.failures.isEmpty)
        let program = tables.programs[tables.endpoints[Make.address]?.ingress ?? 0]
        #expect(program?.isBitmap == true && program?.clauses.count == 20_001)
        for (set, port) in [(1, 500), (2, 500), (499, 19_998), (500, 19_999), (1, 0)] {
            let flow = Self.flow(from: Address(v4: UInt32(set)), UInt16(port))
            let verdict = tables.judge(flow, .ingress)
            #expect(verdict?.isAllowed == (port % 500 == set - 1), "\(set) \(port)")
        }
    }
}
