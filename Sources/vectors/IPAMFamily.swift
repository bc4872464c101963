import JSON

/// Sequences of address management operations.
struct IPAMFamily: VectorFamily {
    static func recognises(_ file: VectorFile) -> Bool {
        file.isNamed("ipam", orHas: ["name", "steps"])
    }

    init(_ file: VectorFile) {}

    func group(of vector: VectorCase) -> String { vector.value["origin"]?.string ?? "all" }

    func run(_ vector: VectorCase, asking engines: [any VerdictEngine]) async -> Outcome {
        let differences = await IPAMVectors.differences(in: vector.value)
        return differences.isEmpty ? .passed : .failed(differences)
    }
}
