import Selector
import Support
import Testing

@testable import Index

/// The index finds what a look at every selector would find.
@Suite struct SelectorIndexTests {
    private static let texts = [
        "all()", "has(a)", "!has(a)", #"a == "x""#, #"a != "x""#, #"a in {"x", "y"}"#,
        #"a not in {"x"}"#, #"b starts with "z""#, #"b ends with "z""#, #"b contains "z""#,
        #"(a == "x" && b == "y")"#, #"(a == "x" || b == "y")"#, #"(has(a) && !(b == "x"))"#,
        #"(a in {"x", "y"} && a in {"z"})"#, #"!(!(has(b)))"#, #"(a == "zz" || a == "y")"#,
        #"(has(a) || has(b))"#, "no selector (",
    ]

    @Test(arguments: 1...50)
    func `index and plain evaluation agree while selectors come and go`(_ seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        var pool = LabelPool()
        var index = SelectorIndex()
        var present: [Int32: String] = [:]
        for step in 0..<60 {
            if random.oneIn(4), let id = present.keys.sorted().first {
                index.remove(id, &pool)
                present[id] = nil
            } else {
                let text = random.pick(Self.texts)
                index.insert(Int32(step), text, &pool)
                present[Int32(step)] = text
            }
            let own = Self.labels(&random)
            let inherited = [Self.labels(&random), Self.labels(&random)]
            let view = LabelView(
                own: pool.retain(own)[...],
                inherited: inherited.map { pool.retain($0) }
            )
            var found: [Int32] = []
            index.collectMatches(view, pool, into: &found)
            let effective = inherited.reduce(own) { $0.merging($1) { former, _ in former } }
            let expected = present.filter { _, text in
                (try? Selector(parsing: text))?.matches(effective) ?? false
            }
            #expect(
                ClusterIndex.sortedUnique(found) == expected.keys.sorted(),
                "seed \(seed), step \(step): \(effective)"
            )
        }
    }

    private static func labels(_ random: inout SeededRandom) -> [String: String] {
        var labels: [String: String] = [:]
        for key in ["a", "b", "c"] where random.oneIn(2) {
            labels[key] = random.pick(["x", "y", "zz", "xyz", ""])
        }
        return labels
    }

    @Test func `a text goes when its last user goes, and its number is used again`() {
        var pool = LabelPool()
        let one = pool.retain("one")
        #expect(pool.retain("one") == one)
        pool.release(one)
        #expect(pool.find("one") == one)
        pool.release(one)
        #expect(pool.find("one") == nil)
        #expect(pool.retain("two") == one)
        // Equal to Swift, different in bytes: composed and decomposed.
        #expect(pool.retain("\u{e9}") != pool.retain("e\u{301}"))
    }
}
