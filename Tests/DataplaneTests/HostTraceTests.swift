import CBPFABI
import Compile
import Model
import Testing

@testable import Dataplane

/// A host endpoint's stages, looked up as the programs do.
@Suite
struct HostTraceTests {
    private let maps = MemoryMaps()

    private let flow = Flow(
        source: Address(v4: 0x0a00_0105),
        destination: .a,
        protocol: .tcp,
        sourcePort: 40_000,
        destinationPort: 80
    )

    /// A program that says the same of everything.
    private func write(_ id: UInt32, _ action: cara_action) throws {
        try maps.set([(id, cara_program())], in: Maps.programs)
        let key = cara_verdict_key(program: id, group: 0, port_group: 0, sport_group: 0)
        var verdict = cara_verdict()
        verdict.action = UInt8(action.rawValue)
        verdict.rule = action == CARA_ACTION_NONE ? 0 : id
        try maps.set([(key, verdict)], in: Maps.verdicts)
    }

    private func trace(
        _ direction: Direction = .ingress,
        _ change: (inout HostPrograms) -> Void
    ) throws -> KernelTrace? {
        var programs = HostPrograms()
        for key in HostPrograms.Key.all { programs[key.stage, key.family] = 2 }
        change(&programs)
        try maps.set([(2, cara_host(programs))], in: Maps.hosts)
        var tracer = KernelTracer(maps) { id in
            RuleName(tier: "t", owner: .profile("\(id)"), direction: direction, index: 0)
        }
        return try tracer.trace(flow, direction, atInterface: 2)
    }

    @Test("a stage that decides nothing leads on to the next, and the first that does is told")
    func order() throws {
        try write(100, CARA_ACTION_NONE)
        try write(101, CARA_ACTION_ALLOW)
        try write(102, CARA_ACTION_DENY)
        let own = try trace {
            $0[.untrackedIngress, .v4] = 100
            $0[.ingress, .v4] = 101
        }
        #expect(own?.isAllowed == true && own?.rule?.owner == .profile("101"))
        let before = try trace {
            $0[.preDNAT, .v4] = 102
            $0[.ingress, .v4] = 101
        }
        #expect(before?.isAllowed == false && before?.rule?.owner == .profile("102"))
        let untracked = try trace {
            $0[.untrackedIngress, .v4] = 101
            $0[.preDNAT, .v4] = 102
        }
        #expect(untracked?.isAllowed == true && untracked?.program == 101)
    }

    @Test("the class of the near end chooses where the program is a split")
    func split() throws {
        try write(101, CARA_ACTION_ALLOW)
        var program = cara_program()
        program.flags = CARA_PROGRAM_SPLIT.rawValue
        program.default_group = 101
        try maps.set([(110, program)], in: Maps.programs)
        let trace = try trace { $0[.ingress, .v4] = 110 }
        #expect(trace?.isAllowed == true && trace?.program == 101)
    }

    @Test("the endpoint of all interfaces has those without their own; elsewhere there is none")
    func interfaces() throws {
        var tracer = KernelTracer(maps) { _ in nil }
        #expect(try tracer.trace(flow, .ingress, atInterface: 3) == nil)
        try maps.set([(0, cara_host(HostPrograms()))], in: Maps.hosts)
        let trace = try #require(try tracer.trace(flow, .ingress, atInterface: 3))
        #expect(!trace.isAllowed && trace.reason == "it denies all")
    }

    @Test("a failsafe port is told of, and what policy says of it too")
    func failsafe() throws {
        try write(102, CARA_ACTION_DENY)
        let failsafe = Failsafe(.ingress, .tcp, 80, net: Prefix(flow.source))
        try maps.set([(cara_failsafe_key(failsafe), 1)], in: Maps.failsafes)
        let trace = try #require(try trace { $0[.ingress, .v4] = 102 })
        #expect(trace.reason == "a failsafe port passes whatever policy says")
        #expect(!trace.isAllowed && trace.rule?.owner == .profile("102"))
    }
}
