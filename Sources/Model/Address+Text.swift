// Text forms: dotted quad for IPv4 (no leading zeros), RFC 4291 §2.2 in and RFC 5952 out for IPv6.

extension Address: CustomStringConvertible {
    /// Parses `a.b.c.d` or any RFC 4291 form of IPv6; `nil` when it is neither.
    package init?(_ text: some StringProtocol) {
        let bytes = Array(text.utf8)
        guard let address = bytes.contains(UInt8(ascii: ":")) ? Self.v6(bytes) : Self.v4(bytes)
        else { return nil }
        self = address
    }

    package var description: String {
        guard let v4 else { return v6Text }
        return "\(v4 >> 24).\(v4 >> 16 & 0xff).\(v4 >> 8 & 0xff).\(v4 & 0xff)"
    }

    private static func v4(_ text: [UInt8]) -> Address? {
        let parts = text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        guard parts.count == 4 else { return nil }
        var value: UInt32 = 0
        for part in parts {
            guard let octet = decimalOctet(part) else { return nil }
            value = value << 8 | octet
        }
        return Address(v4: value)
    }

    private static func decimalOctet(_ digits: ArraySlice<UInt8>) -> UInt32? {
        guard (1...3).contains(digits.count), digits.count == 1 || digits.first != 0x30
        else { return nil }
        var value: UInt32 = 0
        for digit in digits {
            guard (0x30...0x39).contains(digit) else { return nil }
            value = value * 10 + UInt32(digit - 0x30)
        }
        return value <= 255 ? value : nil
    }

    private static func v6(_ text: [UInt8]) -> Address? {
        var head: [UInt16] = []
        var tail: [UInt16]?
        var index = 0
        if text.starts(with: [0x3a, 0x3a]) {
            tail = []
            index = 2
        }
        while index < text.count {
            let end = text[index...].firstIndex(of: UInt8(ascii: ":")) ?? text.count
            let part = text[index..<end]
            guard let groups = self.groups(part, isLast: end == text.count) else { return nil }
            if tail == nil { head += groups } else { tail? += groups }
            guard end < text.count else { break }
            index = end + 1
            if index < text.count, text[index] == UInt8(ascii: ":") {
                guard tail == nil else { return nil }
                tail = []
                index += 1
            } else if index == text.count {
                return nil
            }
        }
        return assemble(head, tail)
    }

    private static func groups(_ part: ArraySlice<UInt8>, isLast: Bool) -> [UInt16]? {
        if isLast, part.contains(UInt8(ascii: ".")) {
            guard let v4 = v4(Array(part))?.v4 else { return nil }
            return [UInt16(v4 >> 16), UInt16(v4 & 0xffff)]
        }
        guard (1...4).contains(part.count) else { return nil }
        var value: UInt16 = 0
        for byte in part {
            guard let digit = hexDigit(byte) else { return nil }
            value = value << 4 | digit
        }
        return [value]
    }

    private static func hexDigit(_ byte: UInt8) -> UInt16? {
        switch byte {
        case 0x30...0x39: UInt16(byte - 0x30)
        case 0x41...0x46: UInt16(byte - 0x41 + 10)
        case 0x61...0x66: UInt16(byte - 0x61 + 10)
        default: nil
        }
    }

    private static func assemble(_ head: [UInt16], _ tail: [UInt16]?) -> Address? {
        var groups = head
        if let tail {
            guard head.count + tail.count < 8 else { return nil }
            groups += [UInt16](repeating: 0, count: 8 - head.count - tail.count) + tail
        }
        guard groups.count == 8 else { return nil }
        return Address(
            high: groups[..<4].reduce(0) { $0 << 16 | UInt64($1) },
            low: groups[4...].reduce(0) { $0 << 16 | UInt64($1) }
        )
    }

    private var v6Text: String {
        let groups = (0..<8).map { index in
            UInt16(truncatingIfNeeded: (index < 4 ? high : low) >> UInt64(48 - 16 * (index % 4)))
        }
        var longest = 0..<0
        var index = 0
        while index < 8 {
            guard groups[index] == 0 else {
                index += 1
                continue
            }
            let end = groups[index...].firstIndex { $0 != 0 } ?? 8
            if end - index > max(longest.count, 1) { longest = index..<end }
            index = end
        }
        let text = groups.map { String($0, radix: 16) }
        guard !longest.isEmpty else { return text.joined(separator: ":") }
        return text[..<longest.lowerBound].joined(separator: ":") + "::"
            + text[longest.upperBound...].joined(separator: ":")
    }
}
