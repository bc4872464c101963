import CBPFABI
import Compile
import Model
import Testing

@testable import Dataplane

@Suite
struct ReconcilerTests {
    private let maps = MemoryMaps()

    @Test("the first change writes everything, the second time nothing")
    func idempotent() throws {
        var first = try Reconciler.withTwoPods(maps)
        #expect(try first.apply(.twoPods).mapWrites > 0)
        #expect(first.obstacle(of: .podA) == nil)
        #expect(first.obstacle(of: .podB) == nil)
        #expect(maps.count(.endpoints) == 3)
        #expect(maps.count(.verdicts) == 8)

        var second = try Reconciler.withTwoPods(maps)
        maps.forgetWrites()
        let report = try second.apply(.twoPods)
        #expect(report.mapWrites == 0)
        #expect(report.comparedWithKernel)
        #expect(maps.writes.isEmpty)
        #expect(second.obstacle(of: .podB) == nil)
    }

    @Test("a change is written in the order that never opens a hole")
    func order() throws {
        var reconciler = try Reconciler.withTwoPods(maps)
        _ = try reconciler.apply(.twoPods)
        maps.forgetWrites()

        let report = try reconciler.apply(.switchOfPodA)

        #expect(!report.comparedWithKernel)
        #expect(report.mapWrites == maps.writes.count)
        #expect(
            maps.writes.map(\.description).deduplicated == [
                "write to cara_gens",  // a change is under way
                "write to cara_verdicts", "write to cara_ports", "write to cara_groups",
                "write to cara_programs",  // program 102
                "write to cara_groups",  // the class new to program 101
                "write to cara_classes", "remove from cara_classes",
                "write to cara_endpoints",
                "write to cara_gens",  // pods A and B are judged anew, the change is over
                "remove from cara_programs", "remove from cara_groups", "remove from cara_ports",
                "remove from cara_verdicts",
            ]
        )
    }

    @Test("where connections live on, another policy moves nothing")
    func livingOn() throws {
        var reconciler = try Reconciler.withTwoPods(maps)
        try reconciler.apply(Settings(revokedFlowAction: .allow))
        _ = try reconciler.apply(.twoPods)
        let before = try (generation(of: .a), generation(of: .b))
        _ = try reconciler.apply(.switchOfPodA)
        #expect(try (generation(of: .a), generation(of: .b)) == before)

        // A restart that finds another policy is no other case.
        var second = try Reconciler.withTwoPods(maps)
        try second.apply(Settings(revokedFlowAction: .allow))
        _ = try second.apply(.twoPods)
        #expect(try (generation(of: .a), generation(of: .b)) == before)
    }

    @Test("where connections live on, an address that leads elsewhere still cuts them")
    func livingOnElsewhere() throws {
        var reconciler = try Reconciler.withTwoPods(maps)
        try reconciler.apply(Settings(revokedFlowAction: .allow))
        _ = try reconciler.apply(.twoPods)
        let (a, b) = try (generation(of: .a), generation(of: .b))
        reconciler.local.setLink(.link(21), of: "cali-a")
        _ = try reconciler.refreshEndpoints()
        #expect(try generation(of: .a) == a + 1)
        #expect(try generation(of: .b) == b)

        let entry = try maps.value(of: cara_addr(.b), in: Maps.endpoints)
        let slot = try #require(entry).slot
        reconciler.local.unregister(.podB)
        _ = try reconciler.refreshEndpoints()
        #expect(try maps.value(of: slot, in: Maps.generations) == b + 1)
    }

    @Test("when they shall live on no more, all are judged anew", arguments: [false, true])
    func livingOnNoMore(isRestarted: Bool) throws {
        var reconciler = try Reconciler.withTwoPods(maps)
        try reconciler.apply(Settings(revokedFlowAction: .allow))
        _ = try reconciler.apply(.twoPods)
        let before = try (generation(of: .a), generation(of: .b))
        if isRestarted {
            var second = try Reconciler.withTwoPods(maps)
            try second.apply(Settings(revokedFlowAction: .reset))
        } else {
            try reconciler.apply(Settings())
        }
        let after = try (generation(of: .a), generation(of: .b))
        #expect(after == (before.0 + 1, before.1 + 1))
    }

    @Test("slots of what changed move, and only those")
    func generations() throws {
        var reconciler = try Reconciler.withTwoPods(maps)
        _ = try reconciler.apply(.twoPods)
        let (a, b) = try (generation(of: .a), generation(of: .b))

        var change = DataplaneChange()
        change.endpoints = [.a: EndpointPrograms(id: .podA, ingress: 101, egress: 1)]
        _ = try reconciler.apply(change)
        #expect(try generation(of: .a) == a + 1)
        #expect(try generation(of: .b) == b)

        var revocation = DataplaneChange()
        revocation.revoked = [101]
        _ = try reconciler.apply(revocation)
        #expect(try generation(of: .a) == a + 2)
        #expect(try generation(of: .b) == b + 1)

        var other = DataplaneChange()
        other.revoked = [7777]
        #expect(try reconciler.apply(other).mapWrites == 0)
    }

    @Test("what is desired no more goes, at restart too")
    func removal() throws {
        var first = try Reconciler.withTwoPods(maps)
        _ = try first.apply(.twoPods)
        _ = try first.apply(.switchOfPodA)
        let incremental = maps.settled

        let fresh = MemoryMaps()
        var once = try Reconciler.withTwoPods(fresh)
        _ = try once.apply(.afterSwitchOfPodA)
        let isSame = incremental == fresh.settled
        #expect(isSame, "changes one by one and their sum")

        var restarted = try Reconciler.withTwoPods(maps)
        var less = DataplaneChange.twoPods
        less.endpoints[.b6] = Optional<EndpointPrograms?>.none
        _ = try restarted.apply(less)
        #expect(maps.count(.endpoints) == 2)
        #expect(maps.count(.programs) == 2)
    }

    private func generation(of address: Address) throws -> UInt32 {
        let entry = try #require(try maps.value(of: cara_addr(address), in: Maps.endpoints))
        return try maps.value(of: entry.slot, in: Maps.generations) ?? 0
    }
}

extension Array where Element: Equatable {
    /// Without repetitions of a neighbour.
    var deduplicated: [Element] {
        reduce(into: []) { if $0.last != $1 { $0.append($1) } }
    }
}
