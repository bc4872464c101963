/// Counts announced and withdrawn IPv4 prefixes in a stream of BGP messages, as fast as can be:
/// the receiver must not be what is measured.
struct PrefixCounter {
    private(set) var announced = 0
    private(set) var withdrawn = 0
    private(set) var updates = 0
    private var pending: [UInt8] = []

    mutating func take(_ bytes: UnsafeRawBufferPointer) {
        pending.append(contentsOf: bytes)
        let used = pending.withUnsafeBytes { count($0) }
        pending.removeSubrange(..<used)
    }

    /// How many bytes were whole messages.
    private mutating func count(_ bytes: UnsafeRawBufferPointer) -> Int {
        var start = 0
        while bytes.count - start >= 19 {
            let length = Int(bytes[start + 16]) << 8 | Int(bytes[start + 17])
            guard length >= 19, bytes.count - start >= length else { break }
            if bytes[start + 18] == 2 {
                update(UnsafeRawBufferPointer(rebasing: bytes[(start + 19)..<(start + length)]))
            }
            start += length
        }
        return start
    }

    private mutating func update(_ body: UnsafeRawBufferPointer) {
        guard body.count >= 4 else { return }
        updates += 1
        let withdrawnEnd = 2 + (Int(body[0]) << 8 | Int(body[1]))
        guard withdrawnEnd + 2 <= body.count else { return }
        withdrawn += Self.prefixes(body, 2, withdrawnEnd)
        let start =
            withdrawnEnd + 2 + (Int(body[withdrawnEnd]) << 8 | Int(body[withdrawnEnd + 1]))
        announced += Self.prefixes(body, start, body.count)
    }

    private static func prefixes(_ body: UnsafeRawBufferPointer, _ start: Int, _ end: Int) -> Int {
        var (place, count) = (start, 0)
        while place < end {
            place += 1 + (Int(body[place]) + 7) / 8
            count += 1
        }
        return count
    }
}
