import JSON
import Selector

/// Selector texts: validity, canonical form, matches on label maps.
struct SelectorVectors: VectorFamily {
    static func recognises(_ file: VectorFile) -> Bool {
        file.isNamed("selectors", orHas: ["selector", "valid"])
    }

    init(_ file: VectorFile) {}

    func group(of vector: VectorCase) -> String { vector.value["origin"]?.string ?? "all" }

    func run(_ vector: VectorCase, asking engines: [any VerdictEngine]) throws -> Outcome {
        let text = try vector.value.text("selector")
        let isValid = try vector.value.member("valid").bool ?? false
        let selector: Selector
        do {
            selector = try Selector(parsing: text)
        } catch {
            return isValid ? .failed(["'\(text)' is valid, but refused: \(error)"]) : .passed
        }
        guard isValid else { return .failed(["'\(text)' is invalid, but accepted"]) }
        var differences: [String] = []
        if let canonical = vector.value["canonical"]?.string, canonical != selector.canonical {
            differences.append("canonical text: expected \(canonical), got \(selector.canonical)")
        }
        for trial in vector.value.elements("eval") {
            let labels = try trial.member("labels").labels
            let expected = try trial.member("match").bool ?? false
            if selector.matches(labels) != expected {
                differences.append("'\(text)' on \(labels): expected \(expected)")
            }
        }
        return differences.isEmpty ? .passed : .failed(differences)
    }
}
