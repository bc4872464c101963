/// A CIDR: an address and how many of its leading bits count, in its own family's terms.
package struct Prefix: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// The network address: all bits after `length` are zero.
    package let address: Address
    /// 0–32 for IPv4, 0–128 for IPv6.
    package let length: Int
    package let family: Family

    /// Clears the host bits; `nil` when `length` does not fit the address's family.
    package init?(_ address: Address, length: Int) {
        let family = address.family
        guard (0...family.bitWidth).contains(length) else { return nil }
        self.address = address.masked(mappedLength: length + 128 - family.bitWidth)
        self.length = length
        self.family = family
    }

    /// The /32 or /128 of one address.
    package init(_ address: Address) {
        self.address = address
        self.family = address.family
        self.length = address.family.bitWidth
    }

    /// Parses `address/length` or a lone address; host bits may be set and are cleared.
    package init?(_ text: some StringProtocol) {
        guard let slash = text.firstIndex(of: "/") else {
            guard let address = Address(text) else { return nil }
            self.init(address)
            return
        }
        let digits = text[text.index(after: slash)...]
        guard let address = Address(text[..<slash]), !digits.isEmpty,
            digits.utf8.allSatisfy({ (0x30...0x39).contains($0) }),
            digits.count == 1 || digits.first != "0", let length = Int(digits)
        else { return nil }
        self.init(address, length: length)
    }

    /// The length in the 128-bit mapped form that BPF keys use: IPv4's plus 96.
    package var mappedLength: Int { length + 128 - family.bitWidth }

    package var isSingleAddress: Bool { length == family.bitWidth }

    /// How many addresses it holds; saturates at `UInt64.max`.
    package var count: UInt64 {
        let bits = family.bitWidth - length
        return bits >= 64 ? .max : 1 << UInt64(bits)
    }

    package func contains(_ other: Address) -> Bool {
        other.family == family && other.masked(mappedLength: mappedLength) == address
    }

    package func contains(_ other: Prefix) -> Bool {
        other.length >= length && contains(other.address)
    }

    package func overlaps(_ other: Prefix) -> Bool {
        contains(other) || other.contains(self)
    }

    /// The address `ordinal` places into the prefix; `nil` outside it.
    package func address(at ordinal: UInt64) -> Address? {
        guard ordinal < count else { return nil }
        return address.advanced(by: ordinal)
    }

    /// How far into the prefix the address lies; `nil` when outside or past 2^64.
    package func ordinal(of other: Address) -> UInt64? {
        guard contains(other), other.high == address.high else { return nil }
        return other.low - address.low
    }

    package static func < (left: Self, right: Self) -> Bool {
        (left.address, left.length) < (right.address, right.length)
    }

    package var description: String { "\(address)/\(length)" }
}
