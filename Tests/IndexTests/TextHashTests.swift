import Testing

@testable import Index

@Suite("the hash of label texts")
struct TextHashTests {
    @Test("is that of the bytes, wherever the text is stored")
    func bytes() {
        let hash = TextHash()
        for text in ["", "a", "sevenby", "eight by", "projectcalico.org/namespace", "ä€𐍈"] {
            let other = String(decoding: Array(text.utf8), as: UTF8.self)
            #expect(hash(text) == hash(other))
            #expect(hash("x" + text) == hash(String(("x" + other + "y").dropLast())))
        }
    }

    @Test("tells texts apart that differ in little", arguments: [1, 7, 8, 9, 16, 40])
    func differences(_ length: Int) {
        let hash = TextHash()
        var texts: Set<String> = [String(repeating: "a", count: length)]
        for place in 0..<length {
            for byte in UInt8(ascii: "b")...UInt8(ascii: "z") {
                var bytes = [UInt8](repeating: UInt8(ascii: "a"), count: length)
                bytes[place] = byte
                texts.insert(String(decoding: bytes, as: UTF8.self))
            }
        }
        texts.insert(String(repeating: "a", count: length + 1))
        #expect(Set(texts.map { hash($0) }).count == texts.count)
    }

    @Test("spreads numbered texts over the low bits, of which slots are made")
    func spread() {
        let hash = TextHash()
        var slots = [Int](repeating: 0, count: 1024)
        for number in 0..<65536 { slots[hash("value-\(number)") & 1023] += 1 }
        // 64 on average; the chance of a slot with 150 or of an empty one is below 10^-15.
        #expect(slots.allSatisfy { $0 > 0 && $0 < 150 })
    }

    @Test("is another one in another table")
    func seeds() {
        #expect(Set((0..<8).map { _ in TextHash()("app") }).count > 1)
    }
}
