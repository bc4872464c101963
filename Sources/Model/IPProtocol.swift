/// An IP protocol number (the IANA registry "Assigned Internet Protocol Numbers").
package struct IPProtocol: RawRepresentable, Hashable, Comparable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    package static let icmp = Self(rawValue: 1)
    package static let tcp = Self(rawValue: 6)
    package static let udp = Self(rawValue: 17)
    package static let icmpv6 = Self(rawValue: 58)
    package static let sctp = Self(rawValue: 132)
    package static let udpLite = Self(rawValue: 136)

    private static let names: [(IPProtocol, String)] = [
        (.tcp, "TCP"), (.udp, "UDP"), (.icmp, "ICMP"), (.icmpv6, "ICMPv6"), (.sctp, "SCTP"),
        (.udpLite, "UDPLite"),
    ]

    /// Parses Calico's names, in any case, or a number from 1 to 255.
    package init?(_ text: some StringProtocol) {
        let lowered = text.lowercased()
        if let named = Self.names.first(where: { $0.1.lowercased() == lowered }) {
            self = named.0
        } else if text.utf8.first != UInt8(ascii: "+"), let number = UInt8(text), number > 0 {
            self.rawValue = number
        } else {
            return nil
        }
    }

    /// TCP, UDP, SCTP and UDPLite carry 16-bit source and destination ports first.
    package var hasPorts: Bool {
        self == .tcp || self == .udp || self == .sctp || self == .udpLite
    }

    package var isICMP: Bool { self == .icmp || self == .icmpv6 }

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

extension IPProtocol: CustomStringConvertible {
    package var description: String {
        Self.names.first { $0.0 == self }?.1 ?? String(rawValue)
    }
}
