import Foundation
import FuzzTargets
import Testing

/// The kept inputs of the fuzzers, and those that once made trouble.
@Suite struct FuzzTests {
    private static let folder = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
        .deletingLastPathComponent().appending(path: "Corpus")

    @Test(arguments: FuzzTarget.allCases)
    func `kept inputs are answered or refused`(_ target: FuzzTarget) throws {
        let file = Self.folder.appending(path: "\(target.rawValue).base64")
        let lines = String(decoding: try Data(contentsOf: file), as: UTF8.self).split(
            separator: "\n"
        )
        #expect(lines.count > 100)
        for line in lines {
            let input = try #require(Data(base64Encoded: String(line)), "\(line)")
            target.run([UInt8](input))
        }
    }

    /// Each would exhaust the stack or the memory, or never end, if it were read as it stands.
    @Test(arguments: [
        String(repeating: "[", count: 100_000), String(repeating: "{\"a\":", count: 100_000),
        String(repeating: "- ", count: 100_000), String(repeating: "(", count: 100_000),
        String(repeating: "!", count: 100_000) + "has(a)",
        String(repeating: "a: {", count: 50_000), String(repeating: "? ", count: 50_000),
        "1" + String(repeating: "0", count: 100_000), "1e" + String(repeating: "9", count: 1000),
        "-" + String(repeating: "9", count: 400) + ".5e-400", "\"\\ud800\"", "\u{0}", "a: \u{0}",
        "\u{feff}{}", "a == \"" + String(repeating: "x", count: 100_000) + "\"",
        (1...40).map { "a\($0): &a\($0) [*a\($0 - 1), *a\($0 - 1)]\n" }
            .reduce("a0: &a0 [x, x]\n", +),
        "a: &a [*a, *a]\n", "<<: &a {<<: *a}\n",
        "apiVersion: v1\nkind: List\nitems: " + String(repeating: "[", count: 5000),
    ])
    func `hostile text is refused in time`(_ text: String) {
        for target in FuzzTarget.allCases { target.run(Array(text.utf8)) }
    }

    @Test(
        arguments: [
            [0xff, 0xfe], [0xc0, 0x80], [0xed, 0xa0, 0x80], [0x22, 0xff, 0x22], [0x7b, 0x00, 0x7d],
            [0x61, 0x3a, 0x20, 0x80],
        ] as [[UInt8]]
    )
    func `bytes that are no UTF-8 are answered or refused`(_ bytes: [UInt8]) {
        for target in FuzzTarget.allCases { target.run(bytes) }
    }
}
