import BPFSupport
import Testing

/// Whether BPF can be used here; with REQUIRE_BPF=1 it must.
enum Platform {
    static let hasBPF = isRequired || (try? Topology.shared.get()) != nil

    private static let isRequired = environment("REQUIRE_BPF") != nil
}

/// The parent of all that need the kernel.
@Suite(.enabled(if: Platform.hasBPF))
struct Packets {}

/// Plays a row and reports what was wrong with it.
func play(_ row: PacketCase, sourceLocation: SourceLocation = #_sourceLocation) throws {
    if let failure = try row.failure() {
        Issue.record("\(row.description): \(failure)", sourceLocation: sourceLocation)
    }
}
