/// Why bytes could not be read as the value asked for.
package enum WireError: Error, Hashable, Sendable, CustomStringConvertible {
    case truncated(needed: Int, had: Int)

    package var description: String {
        switch self {
        case .truncated(let needed, let had): "truncated: needs \(needed) bytes, has \(had)"
        }
    }
}

/// A cursor over bytes it does not own; each read is bounds-checked and in network order.
package struct ByteReader: ~Escapable {
    private let bytes: RawSpan
    /// How many bytes have been read.
    package private(set) var offset = 0

    /// Starts at the first byte of `bytes`.
    @_lifetime(copy bytes)
    package init(_ bytes: RawSpan) {
        self.bytes = bytes
    }

    /// How many bytes are left.
    package var remaining: Int { bytes.byteCount - offset }

    package var isAtEnd: Bool { remaining == 0 }

    /// Reads an integer that is in network order.
    @_lifetime(self: copy self)
    package mutating func read<T: FixedWidthInteger & BitwiseCopyable>(
        _: T.Type = T.self
    ) throws(WireError) -> T {
        T(bigEndian: try readNative(T.self))
    }

    /// Reads a value as it lies in memory: the host's order, as netlink and BPF maps have it.
    @_lifetime(self: copy self)
    package mutating func readNative<T: BitwiseCopyable>(
        _: T.Type = T.self
    ) throws(WireError) -> T {
        let start = try advance(MemoryLayout<T>.size)
        return unsafe bytes.unsafeLoadUnaligned(fromByteOffset: start, as: T.self)
    }

    /// Takes the next `count` bytes as an array.
    @_lifetime(self: copy self)
    package mutating func read(count: Int) throws(WireError) -> [UInt8] {
        let start = try advance(count)
        return unsafe bytes.extracting(start..<(start + count)).withUnsafeBytes { Array($0) }
    }

    /// Takes all bytes that are left as an array.
    @_lifetime(self: copy self)
    package mutating func readRest() -> [UInt8] {
        defer { offset = bytes.byteCount }
        return unsafe bytes.extracting(offset...).withUnsafeBytes { Array($0) }
    }

    /// Passes over `count` bytes.
    @_lifetime(self: copy self)
    package mutating func skip(_ count: Int) throws(WireError) {
        _ = try advance(count)
    }

    /// Takes the next `count` bytes as a reader of their own, for nested structures.
    @_lifetime(copy self)
    @_lifetime(self: copy self)
    package mutating func slice(_ count: Int) throws(WireError) -> ByteReader {
        let start = try advance(count)
        return ByteReader(bytes.extracting(start..<(start + count)))
    }

    @_lifetime(self: copy self)
    private mutating func advance(_ count: Int) throws(WireError) -> Int {
        guard count >= 0, count <= remaining else {
            throw .truncated(needed: count, had: remaining)
        }
        defer { offset += count }
        return offset
    }
}

// MARK: The usual integers

// The same as the generic ones, which other modules cannot specialise.
extension ByteReader {
    @_lifetime(self: copy self)
    package mutating func read(_: UInt8.Type = UInt8.self) throws(WireError) -> UInt8 {
        UInt8(bigEndian: try readNative(UInt8.self))
    }

    @_lifetime(self: copy self)
    package mutating func read(_: UInt16.Type = UInt16.self) throws(WireError) -> UInt16 {
        UInt16(bigEndian: try readNative(UInt16.self))
    }

    @_lifetime(self: copy self)
    package mutating func read(_: UInt32.Type = UInt32.self) throws(WireError) -> UInt32 {
        UInt32(bigEndian: try readNative(UInt32.self))
    }

    @_lifetime(self: copy self)
    package mutating func read(_: UInt64.Type = UInt64.self) throws(WireError) -> UInt64 {
        UInt64(bigEndian: try readNative(UInt64.self))
    }
}
