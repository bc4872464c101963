import CBPFABI
import Compile
import Model
import Testing

@testable import Dataplane

@Suite
struct CrashTests {
    @Test(
        "an agent that ends between any two writes leaves what its successor completes",
        arguments: [Switch.policy, .form]
    )
    func crash(_ change: Switch) throws {
        try expectRecovery(from: change, over: MemoryMaps())
    }
}

/// A change that an agent may not survive, and all there is after it as a later agent learns it.
struct Switch: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let change: DataplaneChange
    let result: DataplaneChange
    /// Whether verdicts change for both pods.
    let revokes: Bool

    /// Another program, and a class that comes while another goes.
    static let policy = Switch(
        testDescription: "another program",
        change: .switchOfPodA,
        result: .afterSwitchOfPodA,
        revokes: true
    )
    /// The same program as bitmaps.
    static let form = Switch(
        testDescription: "another form",
        change: .reformOfPodA,
        result: .afterReformOfPodA,
        revokes: false
    )
}

/// Ends the agent after each single write of a change in turn.
///
/// The successor must find what an undisturbed agent would have left, nothing may be left to do for
/// one after it, and the generations of all that is judged otherwise must have moved.
func expectRecovery(from change: Switch, over maps: some MapStore) throws {
    for allowed in 0... {
        var first = try Reconciler.withTwoPods(maps)
        _ = try first.apply(.twoPods)
        let before = try [Address.a, .b].map { try generation(of: $0, in: maps) }

        let stopping = StoppingMaps(maps)
        var victim = try Reconciler.withTwoPods(stopping)
        #expect(try victim.apply(.twoPods).mapWrites == 0)
        stopping.writesLeft = allowed
        let report = try? victim.apply(change.change)

        var successor = try Reconciler.withTwoPods(maps)
        let repair = try successor.apply(change.result)
        if report != nil { #expect(repair.mapWrites == 0) }
        var witness = try Reconciler.withTwoPods(maps)
        #expect(try witness.apply(change.result).mapWrites == 0, "after \(allowed) writes")
        let after = try [Address.a, .b].map { try generation(of: $0, in: maps) }
        let haveMoved = zip(before, after).allSatisfy { $0 < $1 }
        #expect(haveMoved || !change.revokes, "after \(allowed) writes")
        let mark = try maps.value(of: UInt32(CARA_SLOT_CHANGING), in: Maps.generations)
        #expect(mark == 0, "after \(allowed) writes")
        if report != nil { return }
    }
}

private func generation(of address: Address, in maps: some MapStore) throws -> UInt32 {
    let entry = try #require(try maps.value(of: cara_addr(address), in: Maps.endpoints))
    return try maps.value(of: entry.slot, in: Maps.generations) ?? 0
}
