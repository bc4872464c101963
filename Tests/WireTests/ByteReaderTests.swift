import Testing
import Wire

@Suite
struct ByteReaderTests {
    struct Case: CustomTestStringConvertible {
        let testDescription: String
        let bytes: [UInt8]
        let value: UInt16
    }

    static let cases = [
        Case(testDescription: "high byte first", bytes: [0x12, 0x34], value: 0x1234),
        Case(testDescription: "the rest is left alone", bytes: [0, 1, 9], value: 1),
    ]

    @Test("integers are read in network order", arguments: cases)
    func networkOrder(_ c: Case) throws {
        var reader = ByteReader(c.bytes.span.bytes)
        let value = try reader.read(UInt16.self)
        #expect(value == c.value)
        #expect(reader.remaining == c.bytes.count - 2)
        #expect(reader.offset == 2)
    }

    @Test("native values are read in the host's order")
    func nativeOrder() throws {
        let bytes: [UInt8] = [0x78, 0x56, 0x34, 0x12]
        var reader = ByteReader(bytes.span.bytes)
        let value = try reader.readNative(UInt32.self)
        #expect(value == UInt32(littleEndian: 0x1234_5678))
    }

    @Test("every proper prefix of a message throws", arguments: 0..<4)
    func truncated(_ length: Int) {
        let bytes = [UInt8](repeating: 0, count: length)
        #expect(throws: WireError.truncated(needed: 4, had: length)) {
            var reader = ByteReader(bytes.span.bytes)
            _ = try reader.read(UInt32.self)
        }
    }

    @Test("no count, however wrong, reads outside", arguments: [-1, 4, Int.max, Int.min])
    func badCount(_ count: Int) {
        let bytes: [UInt8] = [1, 2, 3]
        #expect(throws: WireError.truncated(needed: count, had: 3)) {
            var reader = ByteReader(bytes.span.bytes)
            _ = try reader.read(count: count)
        }
        #expect(throws: WireError.truncated(needed: count, had: 3)) {
            var reader = ByteReader(bytes.span.bytes)
            try reader.skip(count)
        }
    }

    @Test("a slice ends where it should and starts at nought")
    func slice() throws {
        let bytes: [UInt8] = [9, 1, 2, 3]
        var reader = ByteReader(bytes.span.bytes)
        try reader.skip(1)
        var inner = try reader.slice(2)
        let first = try inner.read(UInt16.self)
        #expect(first == 0x0102)
        #expect(inner.remaining == 0)
        #expect(inner.offset == 2)
        let rest = reader.readRest()
        #expect(rest == [3])
        #expect(reader.remaining == 0)
    }
}
