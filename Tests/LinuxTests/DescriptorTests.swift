import Glibc
import Linux
import Testing

@Suite
struct DescriptorTests {
    @Test("a dropped descriptor is closed")
    func closes() throws {
        var ends: [Int32] = [0, 0]
        _ = try call("pipe") { pipe(&ends) }
        let reading = Descriptor(owning: ends[0])
        let writing = Descriptor(owning: ends[1])
        _ = consume writing

        let bytes = try reading.read(limit: 10)
        #expect(bytes.isEmpty, "the reader sees the end once the only writer is gone")
    }

    @Test("a duplicate outlives the original")
    func duplicates() throws {
        let original = try Descriptor(opening: "/proc/version", O_RDONLY)
        let copy = try original.duplicate()
        _ = consume original
        let bytes = try copy.read(limit: 5)
        #expect(bytes == Array("Linux".utf8))
    }

    @Test("an error names the call, the object and the reason")
    func names() {
        let expected = LinuxError(call: "open", object: "/no/such/file", errno: ENOENT)
        #expect(expected.description == "open /no/such/file: No such file or directory")
        #expect(throws: expected) {
            _ = try Descriptor(opening: "/no/such/file", O_RDONLY)
        }
    }
}
