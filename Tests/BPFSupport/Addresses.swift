package import CBPFABI
package import Model

// Who is who in the tests; the documentation of ``Topology`` draws them.

extension Address {
    package static let podA = Address(v4: 0x0a41_0002)
    package static let podB = Address(v4: 0x0a41_0003)
    /// On another node.
    package static let podC = Address(v4: 0x0a41_0102)
    package static let node = Address(v4: 0xc0a8_0001)
    package static let otherNode = Address(v4: 0xc0a8_0002)
    package static let router = Address(v4: 0xc0a8_0003)
    package static let outside = Address(v4: 0xcb00_7107)
    package static let blackhole = Address(v4: 0x0a41_0901)
    package static let unreachable = Address(v4: 0x0a41_0941)
    package static let prohibited = Address(v4: 0x0a41_0981)

    package static let podA6 = Address(high: 0xfd00_0065_0000_0000, low: 2)
    package static let podB6 = Address(high: 0xfd00_0065_0000_0000, low: 3)
    package static let podC6 = Address(high: 0xfd00_0065_0001_0000, low: 2)
    package static let node6 = Address(high: 0xfd00_0192_0000_0000, low: 1)
    package static let otherNode6 = Address(high: 0xfd00_0192_0000_0000, low: 2)
    package static let router6 = Address(high: 0xfd00_0192_0000_0000, low: 3)
    package static let outside6 = Address(high: 0x2001_0db8_0000_0000, low: 7)
    package static let blackhole6 = Address(high: 0xfd00_0065_0009_0000, low: 1)
    package static let linkLocal = Address(high: 0xfe80_0000_0000_0000, low: 2)
    package static let linkLocalNode = Address(high: 0xfe80_0000_0000_0000, low: 1)
    package static let allNodes = Address(high: 0xff02_0000_0000_0000, low: 1)

    /// The address as the maps hold it.
    package var key: cara_addr {
        cara_addr(
            word: (
                UInt32(truncatingIfNeeded: high >> 32).bigEndian,
                UInt32(truncatingIfNeeded: high).bigEndian,
                UInt32(truncatingIfNeeded: low >> 32).bigEndian,
                UInt32(truncatingIfNeeded: low).bigEndian
            )
        )
    }
}

extension cara_conn_key {
    /// The key of the connection between two ends, in its normalised order.
    package init(
        _ proto: UInt8,
        _ one: Address,
        _ onePort: UInt16,
        _ other: Address,
        _ otherPort: UInt16
    ) {
        let isOrdered = one < other
        self.init()
        a = (isOrdered ? one : other).key
        b = (isOrdered ? other : one).key
        aport = (isOrdered ? onePort : otherPort).bigEndian
        bport = (isOrdered ? otherPort : onePort).bigEndian
        self.proto = proto
    }
}
