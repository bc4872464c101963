import Wire

/// Cuts a stream of bytes into messages, however it arrives; holds at most what has been appended
/// and not yet taken.
package struct MessageFramer: Sendable {
    /// How long a message may be: raised once both ends can do more (RFC 8654 §4).
    package var maximumLength: Int

    private var buffer: [UInt8] = []
    /// Where the next message starts in `buffer`.
    private var start = 0

    package init(maximumLength: Int = MessageHeader.usualMaximum) {
        self.maximumLength = maximumLength
    }

    /// Bytes that wait for the rest of their message, or for `next()`.
    package var pendingBytes: Int { buffer.count - start }

    package mutating func append(_ bytes: [UInt8]) {
        makeRoom()
        buffer += bytes
    }

    package mutating func append(_ bytes: ArraySlice<UInt8>) {
        makeRoom()
        buffer += bytes
    }

    /// Drops what has been taken, once it is the larger part.
    private mutating func makeRoom() {
        guard start > buffer.count / 2 else { return }
        buffer.removeSubrange(..<start)
        start = 0
    }

    /// The next whole message, header included; `nil` until more bytes come.
    ///
    /// A header that cannot be is found as soon as it is there (RFC 4271 §6.1), and found again by
    /// each later call.
    package mutating func next() throws(MessageError) -> [UInt8]? {
        guard pendingBytes >= MessageHeader.size else { return nil }
        let length: Int
        do {
            var reader = ByteReader(buffer.span.bytes)
            try reader.skip(start)
            length = try MessageHeader(parsing: &reader, maximumLength: maximumLength).length
        } catch let error as MessageError {
            throw error
        } catch {
            return nil
        }
        guard pendingBytes >= length else { return nil }
        defer { start += length }
        return Array(buffer[start..<(start + length)])
    }
}
