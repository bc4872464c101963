/// Bytes under construction; integers go out in network order.
package struct ByteWriter {
    package private(set) var bytes: [UInt8] = []

    package init() {}

    /// Makes room for `capacity` bytes ahead of time.
    package init(reserving capacity: Int) {
        bytes.reserveCapacity(capacity)
    }

    /// Starts again in the room that is there.
    package mutating func removeAll() {
        bytes.removeAll(keepingCapacity: true)
    }

    package var count: Int { bytes.count }

    /// Appends one byte.
    package mutating func write(_ value: UInt8) {
        bytes.append(value)
    }

    /// Appends an integer in network order.
    package mutating func write<T: FixedWidthInteger & BitwiseCopyable>(_ value: T) {
        writeNative(value.bigEndian)
    }

    /// Appends a value as it lies in memory: the host's order, as netlink and BPF maps have it.
    @inlinable
    package mutating func writeNative<T: BitwiseCopyable>(_ value: T) {
        unsafe withUnsafeBytes(of: value) { unsafe append($0) }
    }

    @usableFromInline
    mutating func append(_ raw: UnsafeRawBufferPointer) {
        unsafe bytes.append(contentsOf: raw)
    }

    package mutating func write(bytes more: some Sequence<UInt8>) {
        bytes.append(contentsOf: more)
    }

    package mutating func write(zeros count: Int) {
        guard count > 0 else { return }
        bytes.append(contentsOf: repeatElement(0, count: count))
    }

    /// Writes over `MemoryLayout<T>.size` bytes that are there already, in network order.
    package mutating func patch<T: FixedWidthInteger & BitwiseCopyable>(
        _ value: T,
        at offset: Int
    ) {
        patchNative(value.bigEndian, at: offset)
    }

    /// Writes over bytes that are there already, in the host's order.
    @inlinable
    package mutating func patchNative<T: BitwiseCopyable>(_ value: T, at offset: Int) {
        unsafe withUnsafeBytes(of: value) { unsafe patch($0, at: offset) }
    }

    @usableFromInline
    mutating func patch(_ raw: UnsafeRawBufferPointer, at offset: Int) {
        let end = offset + raw.count
        precondition(
            offset >= 0 && end <= bytes.count,
            "patch \(offset)..<\(end) of \(bytes.count)"
        )
        unsafe bytes.withUnsafeMutableBytes { target in
            unsafe UnsafeMutableRawBufferPointer(rebasing: target[offset..<end]).copyMemory(
                from: raw
            )
        }
    }

    /// Writes over bytes that are there already.
    package mutating func patch(bytes new: [UInt8], at offset: Int) {
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

// MARK: The usual integers

// The same as the generic one, which other modules cannot specialise.
extension ByteWriter {
    package mutating func write(_ value: UInt16) {
        writeNative(value.bigEndian)
    }

    package mutating func write(_ value: UInt32) {
        writeNative(value.bigEndian)
    }

    package mutating func write(_ value: UInt64) {
        writeNative(value.bigEndian)
    }
}
