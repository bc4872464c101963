import JSON
import Selector
import Support
import Testing

@Suite("Selector vectors", .enabled(if: Vectors.areWanted, "needs shared/vectors"))
struct SelectorVectorTests {
    @Test("validity, canonical text and matches are Calico's")
    func vectors() throws {
        for vector in try Self.cases("selectors.dev.json") {
            let id = vector["id"]?.string ?? "?"
            let text = try #require(vector["selector"]?.string)
            let selector = try? Selector(parsing: text)
            #expect((selector != nil) == vector["valid"]?.bool, "\(id): \(text)")
            guard let selector else { continue }
            #expect(selector.canonical == vector["canonical"]?.string, "\(id)")
            for evaluation in vector["eval"]?.array ?? [] {
                let members = evaluation["labels"]?.object?.members ?? []
                let labels = Dictionary(
                    members.map { ($0.key, $0.value.string ?? "") },
                    uniquingKeysWith: { $1 }
                )
                #expect(
                    selector.matches(labels) == evaluation["match"]?.bool,
                    "\(id): \(text) on \(labels)"
                )
            }
        }
    }

    private static func cases(_ file: String) throws -> [JSONValue] {
        let bytes = try #require(Vectors.bytes(file), "no shared/vectors/\(file) above the package")
        return try #require(try JSONValue(parsing: bytes)["cases"]?.array)
    }
}
