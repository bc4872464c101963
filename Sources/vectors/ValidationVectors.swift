import JSON
import Resources

/// Objects, and whether creating them is accepted.
struct ValidationVectors: VectorFamily {
    static func recognises(_ file: VectorFile) -> Bool {
        file.isNamed("validation", orHas: ["object", "valid", "kind"])
    }

    init(_ file: VectorFile) {}

    func group(of vector: VectorCase) -> String { vector.value["kind"]?.string ?? "all" }

    /// Where the peer's two validators disagree (`schema_valid`), either answer is right.
    func run(_ vector: VectorCase, asking engines: [any VerdictEngine]) throws -> Outcome {
        guard vector.value["schema_valid"]?.bool != false else { return .passed }
        let isValid = try vector.value.member("valid").bool ?? false
        let errors = validate(Resource(try vector.value.member("object")))
        if isValid == errors.isEmpty { return .passed }
        let about = vector.value["description"]?.string ?? ""
        return .failed(
            ["\(about): expected \(isValid ? "accepted" : "refused")"] + errors.map { "\($0)" }
        )
    }
}
