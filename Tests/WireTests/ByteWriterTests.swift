import Testing
import Wire

@Suite
struct ByteWriterTests {
    @Test("what is written is read back")
    func roundTrip() throws {
        var writer = ByteWriter(reserving: 32)
        writer.write(UInt8(7))
        writer.write(UInt32(0x0102_0304))
        writer.writeNative(UInt16(5))
        writer.write(zeros: 2)
        writer.write(bytes: [8, 9])
        let bytes = writer.bytes
        #expect(Array(bytes[..<5]) == [7, 1, 2, 3, 4])

        var reader = ByteReader(bytes.span.bytes)
        let byte = try reader.read(UInt8.self)
        let word = try reader.read(UInt32.self)
        let native = try reader.readNative(UInt16.self)
        let rest = reader.readRest()
        #expect(byte == 7 && word == 0x0102_0304 && native == 5)
        #expect(rest == [0, 0, 8, 9])
    }

    @Test("lengths of nested parts are patched when the part ends")
    func lengths() {
        var writer = ByteWriter()
        writer.writeLengthPrefixed(as: UInt16.self) { outer in
            outer.write(UInt8(1))
            outer.writeLengthPrefixed(as: UInt8.self) { $0.write(bytes: [2, 3]) }
        }
        writer.write(UInt8(4))
        #expect(writer.bytes == [0, 4, 1, 2, 2, 3, 4])
    }

    @Test("a patch leaves its neighbours alone")
    func patch() {
        var writer = ByteWriter()
        writer.write(zeros: 4)
        writer.patch(UInt16(0x0102), at: 1)
        #expect(writer.bytes == [0, 1, 2, 0])
    }
}
