/// The two address families; IPv4 is carried inside IPv6 as `::ffff:a.b.c.d` (RFC 4291 §2.5.5.2).
package enum Family: UInt8, Hashable, Sendable, CaseIterable {
    case v4 = 4
    case v6 = 6

    /// Bits in an address of the family: 32 or 128.
    package var bitWidth: Int { self == .v4 ? 32 : 128 }
}

/// An IP address of either family as one 128-bit number in host order; IPv4 is mapped.
package struct Address: Hashable, Comparable, Sendable {
    package let high: UInt64
    package let low: UInt64

    private static let mappedPrefix: UInt64 = 0x0000_ffff_0000_0000

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// The IPv4 address whose 32 bits are `v4`, in host order.
    package init(v4: UInt32) {
        self.init(high: 0, low: Self.mappedPrefix | UInt64(v4))
    }

    package var family: Family { isV4 ? .v4 : .v6 }

    package var isV4: Bool { high == 0 && low >> 32 == 0xffff }

    /// The 32 bits of an IPv4 address, `nil` for IPv6.
    package var v4: UInt32? { isV4 ? UInt32(truncatingIfNeeded: low) : nil }

    /// All 16 bytes in network order, IPv4 mapped.
    package var bytes: [UInt8] {
        (0..<16).map { index in
            let word = index < 8 ? high : low
            return UInt8(truncatingIfNeeded: word >> UInt64(56 - 8 * (index % 8)))
        }
    }

    /// Four bytes for IPv4, sixteen for IPv6, in network order: the form of netlink and of packets.
    package var familyBytes: [UInt8] { isV4 ? Array(bytes[12...]) : bytes }

    /// Reads 4 or 16 bytes in network order; `nil` for any other count.
    package init?(bytes: some Collection<UInt8>) {
        switch bytes.count {
        case 4:
            self.init(v4: bytes.reduce(0) { $0 << 8 | UInt32($1) })
        case 16:
            let high = bytes.prefix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            let low = bytes.suffix(8).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            self.init(high: high, low: low)
        default:
            return nil
        }
    }

    package static func < (left: Self, right: Self) -> Bool {
        (left.high, left.low) < (right.high, right.low)
    }

    /// The address `count` further on; `nil` past the end of the address space.
    package func advanced(by count: UInt64) -> Address? {
        let (low, carry) = low.addingReportingOverflow(count)
        let (high, overflow) = high.addingReportingOverflow(carry ? 1 : 0)
        return overflow ? nil : Address(high: high, low: low)
    }

    /// Bit `index` of the 128, counted from the most significant.
    package func bit(_ index: Int) -> Bool {
        let word = index < 64 ? high : low
        return word >> UInt64(63 - index % 64) & 1 == 1
    }

    /// The address with all bits after the first `length` of the 128 cleared.
    package func masked(mappedLength length: Int) -> Address {
        Address(
            high: high & Self.mask(min(length, 64)),
            low: low & Self.mask(max(length - 64, 0))
        )
    }

    private static func mask(_ bits: Int) -> UInt64 {
        bits == 0 ? 0 : ~0 << UInt64(64 - bits)
    }
}
