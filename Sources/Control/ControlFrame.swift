package import JSON

/// Why what came over the socket is no message.
package enum ControlFrameError: Error, Hashable, Sendable, CustomStringConvertible {
    case tooLarge(bytes: Int, limit: Int)
    case notJSON(JSONError)

    package var description: String {
        switch self {
        case .tooLarge(let bytes, let limit): "message of \(bytes) bytes; at most \(limit)"
        case .notJSON(let error): "message is not JSON: \(error)"
        }
    }
}

/// Puts a stream of bytes together to messages, however it was cut on the way.
///
///     | length, 4 bytes in network order | JSON |
package struct ControlFrames {
    /// What the agent takes: a network configuration is a few kilobytes.
    package static let requestLimit = 1 << 20
    /// What a client takes: a list of all of a node's connections is megabytes.
    package static let responseLimit = 64 << 20

    private static let headerLength = 4
    private let limit: Int
    private var bytes: [UInt8] = []
    /// Bytes at the front of `bytes` that have been taken.
    private var taken = 0

    /// Refuses messages longer than `limit` before they are read.
    package init(limit: Int) {
        self.limit = limit
    }

    /// The bytes of a message with its length.
    package static func encode(_ json: JSONValue) -> [UInt8] {
        let body = json.bytes()
        let length = UInt32(body.count)
        return [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: length >> $0) } + body
    }

    package mutating func append(_ more: some Sequence<UInt8>) {
        if taken > 0 {
            bytes.removeFirst(taken)
            taken = 0
        }
        bytes.append(contentsOf: more)
    }

    /// Takes the next message; `nil` while it is not all there.
    package mutating func next() throws(ControlFrameError) -> JSONValue? {
        let rest = bytes[taken...]
        guard rest.count >= Self.headerLength else { return nil }
        let length = rest.prefix(Self.headerLength).reduce(0) { $0 << 8 | Int($1) }
        guard length <= limit else { throw .tooLarge(bytes: length, limit: limit) }
        let body = rest.dropFirst(Self.headerLength)
        guard body.count >= length else { return nil }
        taken += Self.headerLength + length
        do throws(JSONError) {
            return try JSONValue(parsing: Array(body.prefix(length)))
        } catch {
            throw .notJSON(error)
        }
    }
}
