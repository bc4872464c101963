import JSON
import Support
import Testing

@Suite("JSON text")
struct JSONTests {
    struct Case: CustomTestStringConvertible {
        let text: String
        let value: JSONValue
        var testDescription: String { text }

        init(_ text: String, _ value: JSONValue) {
            self.text = text
            self.value = value
        }
    }

    @Test(
        "values",
        arguments: [
            Case("null", .null), Case(" true ", true), Case("0", 0), Case("-12", -12),
            Case("9223372036854775807", .int(.max)), Case("1.5", 1.5), Case("1e2", 100),
            Case("100.0", 100), Case("-0.25E-1", -0.025), Case(#""a\"\\\/\n\u00e9""#, "a\"\\/\né"),
            Case(#""\ud83d\ude00""#, "😀"), Case("[]", []), Case("[1, [2]]", [1, [2]]),
            Case("{}", [:]), Case(#"{"b": 1, "a": {"c": null}}"#, ["b": 1, "a": ["c": .null]]),
            Case(#"{"a": 1, "a": 2}"#, ["a": 2]), Case("5e17", .double(5e17)),
        ]
    )
    func values(_ test: Case) throws {
        let value = try JSONValue(parsing: test.text)
        #expect(value == test.value)
        #expect(try JSONValue(parsing: value.text()) == value)
        #expect(try JSONValue(parsing: value.text(indentation: 2)) == value)
    }

    @Test(
        "malformed text is refused with its place",
        arguments: [
            ("", "line 1, column 1: unexpected end of the document"),
            ("[1,]", "line 1, column 4: expected a value"),
            ("{\n \"a\" 1}", "line 2, column 6: expected ':' after the member name"),
            ("{\"a\": 1 \"b\"", "line 1, column 9: expected ',' or '}'"),
            ("{a: 1}", "line 1, column 2: expected a member name"),
            ("01", "line 1, column 3: malformed number"),
            ("1.", "line 1, column 3: malformed number"),
            ("1e999", "line 1, column 6: number out of range"),
            ("tru", "line 1, column 1: expected a value"),
            ("\"a", "line 1, column 3: unterminated string"),
            ("\"\\x\"", "line 1, column 4: unknown escape"),
            ("\"\\ud800\"", "line 1, column 8: lone surrogate"),
            ("\"a\nb\"", "line 2, column 1: control character in a string"),
            ("1 2", "line 1, column 3: unexpected text after the document"),
        ]
    )
    func malformed(text: String, message: String) {
        let error = #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
        #expect(error?.description == message)
    }

    @Test("bytes that are not UTF-8 are refused")
    func encoding() {
        #expect(throws: JSONError.self) { try JSONValue(parsing: [0x22, 0xff, 0x22]) }
    }

    @Test("members keep their order, equality ignores it")
    func order() throws {
        let value = try JSONValue(parsing: #"{"b":1,"a":2}"#)
        #expect(value.text() == #"{"b":1,"a":2}"#)
        #expect(value == ["a": 2, "b": 1])
        #expect(value.hashValue == (["a": 2, "b": 1] as JSONValue).hashValue)
        #expect(value != ["a": 2, "c": 1])
    }

    @Test("documents one after the other, with the lines of their values")
    func documents() throws {
        let text = "{\"a\": {\n\"b\": [1,\n2]}}\n{\"c\": 3}"
        let documents = try LocatedJSON.documents(parsing: Array(text.utf8))
        #expect(documents.map(\.value) == [["a": ["b": [1, 2]]], ["c": 3]])
        #expect(documents[0].lines == ["": 1, "a": 1, "a.b": 2, "a.b[0]": 2, "a.b[1]": 3])
        #expect(documents[1].lines == ["": 4, "c": 4])
    }

    @Test("a member given twice is refused where places matter")
    func duplicates() {
        let text = Array("{\"a\": 1,\n\"a\": 2}".utf8)
        let error = #expect(throws: JSONError.self) { try LocatedJSON.documents(parsing: text) }
        #expect(error?.line == 2)
    }

    @Test("hostile nesting is refused", arguments: ["[", "{\"a\":", "[{\"a\":["])
    func nesting(unit: String) {
        let text = String(repeating: unit, count: 100_000)
        #expect(throws: JSONError.self) { try JSONValue(parsing: text) }
    }

    @Test("an object of very many members is linear")
    func manyMembers() throws {
        let members = (0..<200_000).map { "\"k\($0)\":\($0)" }.joined(separator: ",")
        let value = try JSONValue(parsing: "{\(members)}")
        #expect(value.object?.count == 200_000)
        #expect(try JSONValue(parsing: value.text()) == value)
    }

    @Test("mutated text never crashes, and what parses prints back", arguments: [UInt64(1), 2, 3])
    func fuzz(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let text = Array(#"{"a": [1, -2.5e3, "x\u00e9\n"], "b": {"c": null, "d": true}}"#.utf8)
        let parts = ["[", "]", "{", "}", "\"", "\\u", "1e", "-", "null", ","]
        for _ in 0..<20_000 {
            let bytes = random.mutation(of: text, parts: parts)
            guard let value = try? JSONValue(parsing: bytes) else { continue }
            #expect(try JSONValue(parsing: value.bytes(indentation: nil)) == value, "seed \(seed)")
        }
    }
}
