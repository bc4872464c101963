/// A mark that 32 bits hold, `AS:value` (RFC 1997).
package struct Community: RawRepresentable, Hashable, Comparable, Sendable, CustomStringConvertible
{
    package let rawValue: UInt32

    package init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    package init(_ high: UInt16, _ low: UInt16) {
        rawValue = UInt32(high) << 16 | UInt32(low)
    }

    /// Set local preference to 0, the path is about to go (RFC 8326 §3).
    package static let gracefulShutdown = Community(0xffff, 0x0000)
    /// A long-lived stale route, least preferred (RFC 9494 §3.3).
    package static let longLivedStale = Community(0xffff, 0x0006)
    /// Not to be kept as long-lived stale (RFC 9494 §3.4).
    package static let noLongLived = Community(0xffff, 0x0007)
    /// RFC 7999 §2.
    package static let blackhole = Community(0xffff, 0x029a)
    /// Not to other ASes (RFC 1997).
    package static let noExport = Community(0xffff, 0xff01)
    /// Not to any peer.
    package static let noAdvertise = Community(0xffff, 0xff02)
    /// Not to other ASes, those of the confederation included.
    package static let noExportSubconfederation = Community(0xffff, 0xff03)
    /// Not to bilateral peers (RFC 3765 §3).
    package static let noPeer = Community(0xffff, 0xff04)

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    package var description: String { "\(rawValue >> 16):\(rawValue & 0xffff)" }
}

/// A mark with a type, eight octets (RFC 4360).
package struct ExtendedCommunity: RawRepresentable, Hashable, Comparable, Sendable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    /// It goes no further than the AS that gets it (RFC 4360 §2).
    package var isTransitive: Bool { rawValue >> 62 & 1 == 0 }

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// A mark of three 32-bit numbers, `AS:value:value` (RFC 8092).
package struct LargeCommunity: Hashable, Comparable, Sendable, CustomStringConvertible {
    package var administrator: UInt32
    package var local1: UInt32
    package var local2: UInt32

    package init(_ administrator: UInt32, _ local1: UInt32, _ local2: UInt32) {
        self.administrator = administrator
        self.local1 = local1
        self.local2 = local2
    }

    package static func < (left: Self, right: Self) -> Bool {
        (left.administrator, left.local1, left.local2)
            < (right.administrator, right.local1, right.local2)
    }

    package var description: String { "\(administrator):\(local1):\(local2)" }
}
