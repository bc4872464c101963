import CBPFABI
import Compile
import Model
import Testing

@testable import Dataplane

@Suite("a full map")
struct FullMapTests {
    private let maps = MemoryMaps()

    private static var outgrown: DataplaneChange {
        var change = DataplaneChange()
        change.programsAdded = [.allowing([5, 6], id: 200)]
        change.endpoints = [.a: EndpointPrograms(id: .podA, ingress: 200, egress: 1)]
        change.programsRemoved = [100]
        return change
    }

    @Test("says which map, whose entry and the limit; endpoints stay as they were")
    func keepsOld() throws {
        var reconciler = try Reconciler.withTwoPods(maps)
        _ = try reconciler.apply(.twoPods)
        maps.limits[.verdicts] = 8
        let before = maps.contents[.endpoints]

        #expect(
            throws: DataplaneError.mapFull(.verdicts, object: "program 200", limit: 8)
        ) {
            try reconciler.apply(Self.outgrown)
        }
        #expect(maps.contents[.endpoints] == before)
        #expect(maps.count(.verdicts) == 8, "program 100 is still whole")
        #expect(
            reconciler.obstacle(of: .podA)
                == .notLive(.podA, reason: "the kernel does not have 10.0.0.1 yet")
        )
    }

    @Test("is tried again with the next change, and left-overs do not take the room")
    func retries() throws {
        var reconciler = try Reconciler.withTwoPods(maps)
        _ = try reconciler.apply(.twoPods)
        maps.limits[.verdicts] = 10
        #expect(throws: DataplaneError.self) { try reconciler.apply(Self.outgrown) }
        #expect(maps.count(.verdicts) == 10)

        // The user takes the big policy back.
        var back = DataplaneChange()
        back.programsAdded = [.allowing([5], id: 100)]
        back.endpoints = [.a: EndpointPrograms(id: .podA, ingress: 100, egress: 1)]
        back.programsRemoved = [200]
        let report = try reconciler.apply(back)
        #expect(report.comparedWithKernel)
        #expect(maps.count(.verdicts) == 8)
        #expect(reconciler.obstacle(of: .podA) == nil)

        maps.limits[.verdicts] = 12
        _ = try reconciler.apply(Self.outgrown)
        #expect(reconciler.obstacle(of: .podA) == nil)
        #expect(maps.count(.verdicts) == 8)
    }

    @Test("keeps a new endpoint closed")
    func newEndpointClosed() throws {
        var reconciler = try Reconciler.withTwoPods(maps)
        maps.limits[.groups] = 1
        #expect(throws: DataplaneError.self) { try reconciler.apply(.twoPods) }
        #expect(maps.count(.endpoints) == 0)
        #expect(reconciler.obstacle(of: .podA) != nil)
    }
}
