/// Bytes under construction; integers go out in network order.
package struct ByteWriter {
    @usableFromInline package internal(set) var bytes: [UInt8] = []

    @inlinable package init() {}

    /// Makes room for `capacity` bytes ahead of time.
    @inlinable package init(reserving capacity: Int) {
        bytes.reserveCapacity(capacity)
    }

    /// Starts again in the room that is there.
    @inlinable package mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
    }

    @inlinable package var count: Int { bytes.count }

    /// Appends one byte.
    @inlinable package mutating func write(_ value: UInt8) {
        bytes.append(value)
    }

    /// Appends an integer in network order.
    @inlinable package mutating func write<T: FixedWidthInteger & BitwiseCopyable>(_ value: T) {
        writeNative(value.bigEndian)
    }

    /// Appends a value as it lies in memory: the host's order, as netlink and BPF maps have it.
    @inlinable package mutating func writeNative<T: BitwiseCopyable>(_ value: T) {
        unsafe withUnsafeBytes(of: value) { unsafe bytes.append(contentsOf: $0) }
    }

    @inlinable package mutating func write(bytes more: some Sequence<UInt8>) {
        bytes.append(contentsOf: more)
    }

    @inlinable package mutating func write(zeros count: Int) {
        bytes.append(contentsOf: repeatElement(0, count: count))
    }

    /// Writes over `MemoryLayout<T>.size` bytes that are there already, in network order.
    @inlinable package mutating func patch<T: FixedWidthInteger & BitwiseCopyable>(
        _ value: T,
        at offset: Int
    ) {
        patchNative(value.bigEndian, at: offset)
    }

    /// Writes over bytes that are there already, in the host's order.
    @inlinable package mutating func patchNative<T: BitwiseCopyable>(_ value: T, at offset: Int) {
        let end = offset + MemoryLayout<T>.size
        precondition(
            offset >= 0 && end <= bytes.count,
            "patch \(offset)..<\(end) of \(bytes.count)"
        )
        unsafe withUnsafeBytes(of: value) { source in
            unsafe bytes.replaceSubrange(offset..<end, with: source)
        }
    }

    /// Writes over bytes that are there already.
    @inlinable package mutating func patch(bytes new: [UInt8], at offset: Int) {
        precondition(
            offset >= 0 && offset + new.count <= bytes.count,
            "patch \(offset)..<\(offset + new.count) of \(bytes.count)"
        )
        bytes.replaceSubrange(offset..<(offset + new.count), with: new)
    }

    /// Writes what `body` appends after its length, which does not count itself.
    ///
    /// The length is patched when the closure ends; it must fit `T`, which is the caller's to see
    /// to because only the protocol knows what to do with too much.
    @inlinable
    package mutating func writeLengthPrefixed<T: FixedWidthInteger & BitwiseCopyable, E: Error>(
        as _: T.Type,
        _ body: (inout ByteWriter) throws(E) -> Void
    ) throws(E) {
        let start = count
        write(T.zero)
        try body(&self)
        let length = count - start - MemoryLayout<T>.size
        patch(T(length), at: start)
    }
}
