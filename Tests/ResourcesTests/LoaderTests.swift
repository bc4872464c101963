import JSON
import Resources
import Testing

@Suite("Loading text")
struct LoaderTests {
    struct Word: CustomTestStringConvertible {
        let text: String
        let value: JSONValue
        var testDescription: String { text }

        init(_ text: String, _ value: JSONValue) {
            self.text = text
            self.value = value
        }
    }

    private func annotation(_ text: String) -> JSONValue? {
        let text = """
            apiVersion: projectcalico.org/v3
            kind: Tier
            metadata: {name: a}
            extra:
              value: \(text)
            """
        return loadResources(text, file: "in").resources.first?.resource.value["extra"]?["value"]
    }

    @Test(
        "words mean what they mean to Kubernetes",
        arguments: [
            Word("yes", true), Word("Off", false), Word("y", true), Word("~", .null),
            Word("", .null),
            Word("'yes'", "yes"), Word("!!str yes", "yes"), Word("!!int '7'", 7), Word("12", 12),
            Word("-7", -7), Word("+7", 7), Word("010", 8), Word("0x1F", 31), Word("0b11", 3),
            Word("1_000", 1000), Word("1.5", 1.5), Word(".5", 0.5), Word("1e3", 1000),
            Word("1.", 1), Word("80:90", "80:90"), Word("2026-01-31", "2026-01-31"),
            Word("1.2.3.4", "1.2.3.4"), Word("0x", "0x"), Word("1e", "1e"),
            Word("18446744073709551615", .double(18_446_744_073_709_551_616)),
            Word("'a\\nb'", "a\\nb"), Word("\"a\\nb\"", "a\nb"),
            Word("{a: [1, b]}", ["a": [1, "b"]]),
        ]
    )
    func words(_ word: Word) {
        #expect(annotation(word.text) == word.value)
    }

    @Test("several documents, lists and empty documents")
    func documents() {
        let loaded = loadResources(
            """
            ---
            # nothing here
            ---
            apiVersion: projectcalico.org/v3
            kind: Tier
            metadata: {name: a}
            ---
            apiVersion: v1
            kind: List
            items:
            - apiVersion: v1
              kind: Namespace
              metadata: {name: b}
            - apiVersion: projectcalico.org/v3
              kind: NetworkSetList
              items:
              - metadata: {name: c}
            """,
            file: "in",
            namespace: "here"
        )
        #expect(loaded.errors.isEmpty)
        #expect(
            loaded.resources.map(\.resource.key.description)
                == ["Tier(a)", "Namespace(b)", "NetworkSet(here/c)"]
        )
        #expect(loaded.resources.map(\.origin.document) == [2, 3, 3])
        #expect(loaded.resources.map { $0.origin.line(of: "metadata.name") } == [6, 13, 17])
        #expect(loaded.resources.map { $0.origin.line(of: "spec.not.there") } == [4, 11, 17])
    }

    @Test("a document that is refused leaves the others")
    func partial() {
        let loaded = loadResources(
            """
            {apiVersion: projectcalico.org/v3, kind: Tier, metadata: {name: a}}
            ---
            {apiVersion: projectcalico.org/v3, kind: Tier, metadata: {name: b}, spec: {order: x}}
            ---
            {apiVersion: projectcalico.org/v3, kind: Tier, metadata: {name: c}}
            """,
            file: "in"
        )
        #expect(loaded.resources.map(\.resource.name) == ["a", "c"])
        #expect(loaded.errors.map(\.document) == [2])
    }

    @Test("JSON documents one after the other")
    func json() {
        let tier = { (name: String) in
            #"{"apiVersion":"projectcalico.org/v3","kind":"Tier","metadata":{"name":"\#(name)"}}"#
        }
        let loaded = loadResources("\t\(tier("a"))\n\(tier("b"))", file: "in")
        #expect(loaded.errors.isEmpty)
        #expect(loaded.resources.map(\.resource.name) == ["a", "b"])
    }

    @Test("identity is enough to name an object")
    func identity() {
        let text =
            "apiVersion: projectcalico.org/v3\nkind: NetworkPolicy\nmetadata: {name: a}\nspec: 3"
        let loaded = loadResources(text, file: "in", check: .identity)
        #expect(loaded.errors.isEmpty)
        #expect(loaded.resources.map(\.resource.key.description) == ["NetworkPolicy(default/a)"])
        #expect(!loadResources(text, file: "in").errors.isEmpty)
    }

    @Test("anchors, aliases and merge keys")
    func aliases() throws {
        let loaded = loadResources(
            """
            apiVersion: projectcalico.org/v3
            kind: GlobalNetworkSet
            metadata:
              name: a
              labels: &labels {x: "1", z: "0"}
              annotations: {<<: *labels, y: "2", z: "3"}
            spec: {nets: &nets [10.0.0.0/8]}
            more: [*nets, *nets]
            """,
            file: "in"
        )
        let resource = try #require(loaded.resources.first?.resource, "\(loaded.errors)")
        #expect(resource.annotations == ["x": "1", "y": "2", "z": "3"])
        #expect(resource.value["more"] == [["10.0.0.0/8"], ["10.0.0.0/8"]])
    }

    // MARK: Hostile text

    @Test("aliases that expand without end are refused")
    func aliasBomb() {
        var lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
        for level in 1...9 {
            let alias = "*a\(level - 1)"
            let aliases = [String](repeating: alias, count: 10).joined(separator: ", ")
            lines.append("a\(level): &a\(level) [\(aliases)]")
        }
        let asValue = loadResources(lines.joined(separator: "\n"), file: "in")
        #expect(asValue.errors.map(\.reason) == ["more than 1000000 values; too many aliases"])
        let asKey = loadResources((lines + ["? *a9", ": x"]).joined(separator: "\n"), file: "in")
        #expect(asKey.errors.count == 1)
    }

    @Test("many aliases are fine beside addresses in brackets")
    func manyAliases() {
        let aliases = [String](repeating: "*a", count: 100).joined(separator: ", ")
        let text = """
            apiVersion: projectcalico.org/v3
            kind: BGPPeer
            metadata: {name: a}
            spec: {peerIP: "[fd00::1]:179"}
            more: [&a x, \(aliases)]
            """
        // A colon after a bracket: this text is judged as one with collections for keys.
        #expect(loadResources(text, file: "in").errors.count == 1)
        #expect(
            loadResources(text.replacing("[fd00::1]:179", with: "fd00::1"), file: "in").errors
                .isEmpty
        )
    }

    @Test("deep nesting is refused", arguments: ["[", "{a: ", "- "])
    func nesting(unit: String) {
        let text = String(repeating: unit, count: 50_000)
        #expect(!loadResources(text, file: "in").errors.isEmpty)
    }
}
