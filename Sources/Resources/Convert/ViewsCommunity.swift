/// A mark that BGP routers pass along with a route: two halves (RFC 1997) or three words (RFC 8092).
package enum Community: Hashable, Comparable, Sendable, CustomStringConvertible {
    case standard(UInt16, UInt16)
    case large(UInt32, UInt32, UInt32)

    /// Parses `aa:nn` or `aa:nn:mm`.
    package init?(_ text: some StringProtocol) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.allSatisfy({ !$0.isEmpty && $0.utf8.allSatisfy { (0x30...0x39).contains($0) } })
        else { return nil }
        switch parts.count {
        case 2:
            guard let high = UInt16(parts[0]), let low = UInt16(parts[1]) else { return nil }
            self = .standard(high, low)
        case 3:
            let words = parts.compactMap { UInt32($0) }
            guard words.count == 3 else { return nil }
            self = .large(words[0], words[1], words[2])
        default:
            return nil
        }
    }

    package var description: String {
        switch self {
        case .standard(let high, let low): "\(high):\(low)"
        case .large(let first, let second, let third): "\(first):\(second):\(third)"
        }
    }
}
