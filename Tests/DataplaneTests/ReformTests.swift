import CBPFABI
import Compile
import Model
import Testing

@testable import Dataplane

/// A program that takes another form: its endpoints go over to the new one before classes move that
/// the former does not know.
@Suite
struct ReformTests {
    private let maps = MemoryMaps()

    private func generation(of address: Address) throws -> UInt32 {
        let entry = try #require(try maps.value(of: cara_addr(address), in: Maps.endpoints))
        return try maps.value(of: entry.slot, in: Maps.generations) ?? 0
    }

    @Test("endpoints go over after the new tables and before the classes; nothing is judged anew")
    func order() throws {
        var reconciler = try Reconciler.withTwoPods(maps)
        _ = try reconciler.apply(.twoPods)
        let before = try generation(of: .a)
        maps.forgetWrites()
        _ = try reconciler.apply(.reformOfPodA)
        let order = maps.writes.map(\.description).reduce(into: [String]()) { order, write in
            if order.last != write { order.append(write) }
        }
        #expect(
            order == [
                "write to cara_clauses", "write to cara_bitmaps", "write to cara_ports",
                "write to cara_groups", "write to cara_programs",
                "write to cara_endpoints",
                "write to cara_classes",
                "remove from cara_programs", "remove from cara_groups", "remove from cara_ports",
                "remove from cara_verdicts",
            ]
        )
        #expect(try generation(of: .a) == before)
        let entry = try #require(try maps.value(of: cara_addr(.a), in: Maps.endpoints))
        #expect(entry.ingress_program == 200)
        #expect(reconciler.policy.programsByForm == [.bitmap: 1, .table: 1])
        #expect(reconciler.policy.entries[.bitmaps] == 4)
    }

    @Test("an agent that starts over either form finds nothing to write")
    func restart() throws {
        var first = try Reconciler.withTwoPods(maps)
        _ = try first.apply(.twoPods)
        _ = try first.apply(.reformOfPodA)
        var second = try Reconciler.withTwoPods(maps)
        #expect(try second.apply(.afterReformOfPodA).mapWrites == 0)
    }

    @Test("a form that only bridges over to another program leaves nothing behind")
    func bridge() throws {
        var reconciler = try Reconciler.withTwoPods(maps)
        _ = try reconciler.apply(.twoPods)
        var change = DataplaneChange.reformOfPodA
        change.programsAdded.append(.allowing([5], id: 300))
        change.endpoints = [.a: EndpointPrograms(id: .podA, ingress: 300, egress: 1)]
        change.programsRemoved = [100, 200]
        _ = try reconciler.apply(change)
        #expect(maps.count(.bitmaps) == 0 && maps.count(.clauses) == 0)
        let programs = try maps.entries(of: Maps.programs).map(\.key).sorted()
        #expect(programs == [101, 300])
    }

    @Test("no room for bitmaps: the endpoint keeps its program, and the next change tries again")
    func full() throws {
        var reconciler = try Reconciler.withTwoPods(maps)
        _ = try reconciler.apply(.twoPods)
        maps.limits[.bitmaps] = 2
        #expect(throws: DataplaneError.self) { try reconciler.apply(.reformOfPodA) }
        let entry = try #require(try maps.value(of: cara_addr(.a), in: Maps.endpoints))
        #expect(entry.ingress_program == 100)
        maps.limits[.bitmaps] = nil
        _ = try reconciler.apply(DataplaneChange())
        let after = try #require(try maps.value(of: cara_addr(.a), in: Maps.endpoints))
        #expect(after.ingress_program == 200)
    }
}

extension DataplaneChange {
    /// Program 100 becomes 200, in bitmap form, and knows class 7, which comes.
    static var reformOfPodA: DataplaneChange {
        var bitmaps = ProgramTables.allowing([5, 7], id: 200)
        bitmaps.isBitmap = true
        bitmaps.verdicts = [:]
        bitmaps.clauses = [0: .init(kind: .allow, rule: 1, next: 0)]
        let words = [UInt64](repeating: 1, count: Int(CARA_BITMAP_WORDS))
        for group in [0, 1] as [UInt32] {
            for side in [.remote, .port] as [ProgramTables.BitmapKey.Side] {
                let key = ProgramTables.BitmapKey(side: side, group: group, chunk: 0)
                bitmaps.bitmaps[key] = ProgramTables.Bitmap(chunks: 1, words: words)
            }
        }
        var change = DataplaneChange()
        change.programsAdded = [bitmaps]
        change.reformed = [100: 200]
        change.classes = [.v4(0x0a00_0300): 7]
        change.endpoints = [.a: EndpointPrograms(id: .podA, ingress: 200, egress: 1)]
        change.programsRemoved = [100]
        return change
    }

    /// ``twoPods`` and ``reformOfPodA`` in one, as an agent sees it that starts later.
    static var afterReformOfPodA: DataplaneChange {
        var change = twoPods
        change.programsAdded = reformOfPodA.programsAdded + [.allowing([6], id: 101)]
        change.classes[.v4(0x0a00_0300)] = 7
        change.endpoints[.a] = EndpointPrograms(id: .podA, ingress: 200, egress: 1)
        return change
    }
}
