import JSON
import Resources
import Support
import Testing

@Suite("Round trips")
struct RoundTripTests {
    @Test("every kind loads, and there is a sample of every kind")
    func samples() {
        let loaded = loadResources(Samples.all, file: "samples")
        #expect(loaded.errors == [])
        #expect(Set(loaded.resources.map(\.resource.type)) == Set(ResourceKind.all.map(\.type)))
    }

    @Test("what is printed reads back as the same value, and defaults are stable")
    func printing() throws {
        for loaded in loadResources(Samples.all, file: "samples").resources {
            let resource = loaded.resource
            #expect(applyDefaults(resource) == resource, "\(resource.key)")
            for text in [resource.value.yaml, resource.value.text(indentation: 4)] {
                let again = loadResources(text, file: "again")
                #expect(again.errors == [], "\(text)")
                #expect(again.resources.map(\.resource) == [resource], "\(text)")
            }
        }
    }

    @Test("fields we do not know of are kept, in their order")
    func unknownFields() throws {
        let text = """
            apiVersion: projectcalico.org/v3
            kind: Tier
            metadata:
              name: a
              managedFields:
              - manager: someone
            spec:
              defaultAction: Deny
              future:
                deep:
                - 1
                - null
                - {}
            zeta: 1.5

            """
        let resource = try #require(loadResources(text, file: "in").resources.first?.resource)
        #expect(resource.value.yaml == text)
    }

    struct Text: CustomTestStringConvertible {
        let value: String
        let printed: String
        var testDescription: String { printed }

        init(_ value: String, _ printed: String) {
            self.value = value
            self.printed = printed
        }
    }

    @Test(
        "strings are quoted only where they must be",
        arguments: [
            Text("a b", "a b"), Text("10.0.0.0/8", "10.0.0.0/8"), Text("10.0.0.1", "10.0.0.1"),
            Text("app == 'x'", "\"app == 'x'\""), Text("all()", "all()"), Text("", "\"\""),
            Text("yes", "\"yes\""), Text("1", "\"1\""), Text("1e3", "\"1e3\""), Text("~", "\"~\""),
            Text("80:90", "\"80:90\""), Text("2026-01-31", "\"2026-01-31\""), Text("-x", "\"-x\""),
            Text("a: b", "\"a: b\""), Text("a:", "\"a:\""), Text("a #b", "\"a #b\""),
            Text("*", "\"*\""), Text("é", "\"é\""), Text("\u{7f}\u{85}", "\"\\u007f\\u0085\""),
            Text("a\nb\n", "|\n  a\n  b"), Text("a\n\nb", "|-\n  a\n\n  b"),
            Text(" a\nb", "\" a\\nb\""), Text("a\tb", "\"a\\tb\""),
            Text("\u{1F600}", "\"\u{1F600}\""),
        ]
    )
    func strings(_ text: Text) throws {
        let value: JSONValue = ["k": .string(text.value)]
        #expect(value.yaml == "k: \(text.printed)\n")
        #expect(value.yaml.isEmpty == false)
    }

    @Test("random values print as YAML that reads back", arguments: [UInt64(1), 2, 3])
    func random(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        for _ in 0..<500 {
            let extra = Self.value(depth: 0, &random)
            var resource = Resource(.calico("Tier"), version: "v3", name: "a")
            resource.value["extra"] = extra
            let text = resource.value.yaml
            let again = loadResources(text, file: "in", check: .identity)
            #expect(
                again.resources.first?.resource == resource,
                "seed \(seed): \(text) \(again.errors)"
            )
        }
    }

    private static let alphabet = Array("ab1.-_: \n\t'\"#*&!|>%@`,[]{}?~=<\\é\u{85}\u{2028}\u{7f}日")

    private static func text(_ random: inout SeededRandom) -> String {
        let count = Int.random(in: 0...8, using: &random)
        return String((0..<count).compactMap { _ in alphabet.randomElement(using: &random) })
    }

    private static func value(depth: Int, _ random: inout SeededRandom) -> JSONValue {
        switch Int.random(in: 0..<(depth < 4 ? 8 : 6), using: &random) {
        case 0: return .null
        case 1: return .bool(Bool.random(using: &random))
        case 2: return .int(Int64.random(in: -1000...1000, using: &random))
        case 3: return JSONValue(number: Double.random(in: -1e9...1e9, using: &random))
        case 4, 5: return .string(text(&random))
        case 6:
            let count = Int.random(in: 0...3, using: &random)
            return .array((0..<count).map { _ in value(depth: depth + 1, &random) })
        default:
            let count = Int.random(in: 0...3, using: &random)
            return .object(
                JSONObject(
                    (0..<count).map { _ in (text(&random), value(depth: depth + 1, &random)) }
                )
            )
        }
    }

    @Test("mutated documents never crash or hang the loader", arguments: [UInt64(1), 2, 3, 4])
    func fuzz(seed: UInt64) {
        var random = SeededRandom(seed: seed)
        let samples = [Samples.policies, Samples.settings, Samples.kubernetes]
        let parts = [
            "- ", ": ", "{", "}", "[", "]", "\n", "\n  ", "*a", "&a ", "<<: ", "? ", "|", ">",
            "!!int ",
            "\"", "'", "---\n", "null", "-1", "99999999999999999999", "\t", "%YAML 1.1\n", "é",
        ]
        for index in 0..<300 {
            let sample = Array(samples[index % samples.count].utf8)
            let text = String(decoding: random.mutation(of: sample, parts: parts), as: UTF8.self)
            let loaded = loadResources(text, file: "in")
            for resource in loaded.resources {
                #expect(
                    validate(resource.resource).isEmpty,
                    "seed \(seed): \(resource.resource.value)"
                )
            }
        }
    }
}
