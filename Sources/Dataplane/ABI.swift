package import CBPFABI
package import Model

extension cara_addr {
    /// The 16 bytes of an address in network order, IPv4 mapped.
    package init(_ address: Address) {
        self.init(
            word: (
                UInt32(truncatingIfNeeded: address.high >> 32).bigEndian,
                UInt32(truncatingIfNeeded: address.high).bigEndian,
                UInt32(truncatingIfNeeded: address.low >> 32).bigEndian,
                UInt32(truncatingIfNeeded: address.low).bigEndian
            )
        )
    }
}

extension Address {
    /// Reads the 16 bytes of the ABI.
    package init(_ address: cara_addr) {
        let word = address.word
        self.init(
            high: UInt64(UInt32(bigEndian: word.0)) << 32 | UInt64(UInt32(bigEndian: word.1)),
            low: UInt64(UInt32(bigEndian: word.2)) << 32 | UInt64(UInt32(bigEndian: word.3))
        )
    }
}

extension cara_spoof_key {
    init(ifindex: UInt32, _ prefix: Prefix) {
        self.init(
            prefixlen: 32 + UInt32(prefix.mappedLength),
            ifindex: ifindex.bigEndian,
            addr: cara_addr(prefix.address)
        )
    }
}
