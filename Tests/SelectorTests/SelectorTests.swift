import Selector
import Support
import Testing

@Suite("Selector")
struct SelectorTests {
    @Test(
        "an error says where and what was expected",
        arguments: [
            ("b", "column 2: expected an operator after label \"b\""),
            ("a == b", "column 6: expected a quoted string"),
            ("a = 'b'", "column 3: expected an operator after label \"a\""),
            ("a == 'b", "column 6: unterminated string"),
            ("a in 'b'", "column 6: expected a set: {\"a\", \"b\"}"),
            ("a in {'b' 'c'}", "column 11: expected , or }"),
            ("(a == 'b'", "column 10: expected )"),
            ("has(a", "column 6: expected ) after has("),
            ("all( x", "column 6: expected ) after all("),
            ("a == 'b' & c", "column 10: expected &&"),
            ("a == 'b' | c", "column 10: expected ||"),
            ("a == 'b' c", "column 10: expected && or || or the end of the selector"),
            ("!", "column 2: expected a label name, has(), all(), global() or ("),
            ("\n", "column 1: expected a label name, has(), all(), global() or ("),
        ]
    )
    func errors(text: String, message: String) {
        let error = #expect(throws: SelectorError.self) { try Selector(parsing: text) }
        #expect(error?.description == message)
    }

    @Test("a label name may have 512 bytes")
    func longLabels() throws {
        let longest = String(repeating: "l", count: 512)
        #expect(try Selector(parsing: "has(\(longest))").root == .has(key: longest))
        #expect(throws: SelectorError.self) { try Selector(parsing: "has(\(longest)l)") }
    }

    @Test("values are compared byte for byte")
    func bytes() throws {
        let composed = "\u{e9}"
        let decomposed = "e\u{301}"
        let selector = try Selector(parsing: "a in {'\(composed)', '\(decomposed)'}")
        #expect(selector.root == .isIn(key: "a", values: [decomposed, composed]))
        #expect(try !Selector(parsing: "a == '\(composed)'").matches(["a": decomposed]))
        #expect(try Selector(parsing: "a contains '\u{301}'").matches(["a": decomposed]))
    }

    @Test("hostile nesting is refused, deep nesting is not", arguments: ["(", "!("])
    func nesting(unit: String) throws {
        let nested = { (depth: Int) in
            String(repeating: unit, count: depth) + "has(a)" + String(repeating: ")", count: depth)
        }
        let deep = try Selector(parsing: nested(Selector.maximumDepth))
        #expect(deep.matches(["a": ""]))
        #expect(!deep.canonical.isEmpty)
        #expect(throws: SelectorError.self) { try Selector(parsing: nested(100_000)) }
        let bangs = String(repeating: "!", count: 100_001) + "has(a)"
        #expect(try Selector(parsing: bangs).root == .not(.has(key: "a")))
    }

    // MARK: Restrictions

    @Test(
        "restrictions",
        arguments: [
            ("a == 'x'", ["a": LabelRestriction(mustBePresent: true, values: ["x"])]),
            ("a in {'x', 'y'}", ["a": LabelRestriction(mustBePresent: true, values: ["x", "y"])]),
            ("a in {}", ["a": LabelRestriction(mustBePresent: true, values: [])]),
            ("a starts with 'x'", ["a": LabelRestriction(mustBePresent: true)]),
            ("!has(a)", ["a": LabelRestriction(mustBeAbsent: true)]),
            ("a != 'x'", [:]), ("a not in {'x'}", [:]), ("all()", [:]), ("!a == 'x'", [:]),
            (
                "a in {'x', 'y'} && a in {'y', 'z'} && has(b)",
                [
                    "a": LabelRestriction(mustBePresent: true, values: ["y"]),
                    "b": LabelRestriction(mustBePresent: true),
                ]
            ),
            (
                "a == 'x' || a == 'y'",
                ["a": LabelRestriction(mustBePresent: true, values: ["x", "y"])]
            ),
            ("a == 'x' || has(a)", ["a": LabelRestriction(mustBePresent: true)]),
            ("a == 'x' || b == 'x'", [:]), ("has(a) || !has(a)", [:]),
        ] as [(String, [String: LabelRestriction])]
    )
    func restrictions(text: String, expected: [String: LabelRestriction]) throws {
        #expect(try Selector(parsing: text).restrictions == expected)
    }

    // MARK: Rewriting

    @Test("keys get a prefix, all() and global() are replaced")
    func rewriting() throws {
        let selector = try Selector(parsing: "(a == 'x' && !global()) || all() || b notin {'y'}")
            .prefixingKeys("pcns.")
            .replacing(all: .has(key: "ns"), global: .not(.has(key: "ns")))
        #expect(
            selector.canonical
                == #"((pcns.a == "x" && !!has(ns)) || has(ns) || pcns.b not in {"y"})"#
        )
        #expect(!selector.containsGlobal)
        #expect(try Selector(parsing: "!(a == 'x' || global())").containsGlobal)
    }

    @Test("conjunctions keep their operands apart")
    func conjunction() throws {
        let both = try Selector(parsing: "has(a) || has(b)").and(.equals("c", "x"))
        #expect(both.canonical == #"((has(a) || has(b)) && c == "x")"#)
        #expect(Selector.conjunction([]) == .all)
        #expect(Selector.conjunction([.equals("c", "x")]) == .equals("c", "x"))
        #expect(Selector.isIn("c", ["y", "x", "y"]).canonical == #"c in {"x", "y"}"#)
    }

    // MARK: Random text

    @Test(
        "mutated text never crashes; what parses keeps its meaning",
        arguments: [UInt64(1), 2, 3]
    )
    func fuzz(seed: UInt64) throws {
        var random = SeededRandom(seed: seed)
        let text = Array(#"a == "b" && !(has(c) || d in {'x', "y"}) || e starts with 'z'"#.utf8)
        let parts = [
            "(", ")", "!", "&&", "||", "has(", "all()", "not in", "{", "}", "'", "\"", " ",
        ]
        let values = ["b", "x", "z", "'", ""]
        for _ in 0..<20_000 {
            let mutated = String(decoding: random.mutation(of: text, parts: parts), as: UTF8.self)
            guard let selector = try? Selector(parsing: mutated) else { continue }
            let again = try Selector(parsing: selector.canonical)
            for _ in 0..<4 {
                var labels: [String: String] = [:]
                for key in ["a", "c", "d", "e"] where Bool.random(using: &random) {
                    labels[key] = values.randomElement(using: &random)
                }
                let matches = selector.matches(labels)
                #expect(matches == again.matches(labels), "seed \(seed): \(mutated) on \(labels)")
                guard matches else { continue }
                for (key, restriction) in selector.restrictions {
                    #expect(!restriction.mustBePresent || labels[key] != nil)
                    #expect(!restriction.mustBeAbsent || labels[key] == nil)
                    if let values = restriction.values {
                        #expect(labels[key].map { values.contains($0) } ?? false)
                    }
                }
            }
        }
    }
}
