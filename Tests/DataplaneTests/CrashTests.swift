import CBPFABI
import Compile
import Model
import Testing

@testable import Dataplane

@Suite
struct CrashTests {
    @Test("an agent that ends between any two writes leaves what its successor completes")
    func crash() throws {
        try expectRecovery(over: MemoryMaps())
    }
}

/// Ends the agent after each single write of a change in turn.
///
/// The successor must find what an undisturbed agent would have left, nothing may be left to do for
/// one after it, and the generations of all that is judged otherwise must have moved.
func expectRecovery(over maps: some MapStore) throws {
    for allowed in 0... {
        var first = try Reconciler.withTwoPods(maps)
        _ = try first.apply(.twoPods)
        let before = try [Address.a, .b].map { try generation(of: $0, in: maps) }

        let stopping = StoppingMaps(maps)
        var victim = try Reconciler.withTwoPods(stopping)
        #expect(try victim.apply(.twoPods).mapWrites == 0)
        stopping.writesLeft = allowed
        let report = try? victim.apply(.switchOfPodA)

        var successor = try Reconciler.withTwoPods(maps)
        let repair = try successor.apply(.afterSwitchOfPodA)
        if report != nil { #expect(repair.mapWrites == 0) }
        var witness = try Reconciler.withTwoPods(maps)
        #expect(try witness.apply(.afterSwitchOfPodA).mapWrites == 0, "after \(allowed) writes")
        let after = try [Address.a, .b].map { try generation(of: $0, in: maps) }
        #expect(zip(before, after).allSatisfy { $0 < $1 }, "after \(allowed) writes")
        let mark = try maps.value(of: UInt32(CARA_SLOT_CHANGING), in: Maps.generations)
        #expect(mark == 0, "after \(allowed) writes")
        if report != nil { return }
    }
}

private func generation(of address: Address, in maps: some MapStore) throws -> UInt32 {
    let entry = try #require(try maps.value(of: cara_addr(address), in: Maps.endpoints))
    return try maps.value(of: entry.slot, in: Maps.generations) ?? 0
}
