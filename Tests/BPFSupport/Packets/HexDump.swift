/// Sixteen bytes a line with their offset.
///
/// Lines in which the bytes differ from `other` are marked with `>`.
package func hexDump(_ bytes: [UInt8], against other: [UInt8]? = nil) -> String {
    stride(from: 0, to: max(bytes.count, other?.count ?? 0), by: 16).map { start in
        let line = bytes.dropFirst(start).prefix(16)
        let differs = other.map { $0.dropFirst(start).prefix(16) != line } ?? false
        return (differs ? "> " : "  ") + hex(start, digits: 4) + ": "
            + line.map { hex(Int($0), digits: 2) }.joined(separator: " ")
    }.joined(separator: "\n")
}

/// Both packets with their different lines marked, for the message of a failed expectation.
package func packetDifference(_ seen: [UInt8], _ wanted: [UInt8]) -> String {
    """
    seen, \(seen.count) bytes:
    \(hexDump(seen, against: wanted))
    wanted, \(wanted.count) bytes:
    \(hexDump(wanted, against: seen))
    """
}

private func hex(_ number: Int, digits: Int) -> String {
    let text = String(number, radix: 16)
    return String(repeating: "0", count: max(0, digits - text.count)) + text
}
