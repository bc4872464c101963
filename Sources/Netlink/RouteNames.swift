import CLinux

// Numbers of rtnetlink with names; those without are kept as they come, because other programs
// may use any.

/// Who put a route there; `/etc/iproute2/rt_protos` lists the known ones.
package struct RouteProtocol: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    package static let unspecified = RouteProtocol(rawValue: UInt8(RTPROT_UNSPEC))
    package static let kernel = RouteProtocol(rawValue: UInt8(RTPROT_KERNEL))
    /// Calico's default for the routes to its pods.
    package static let boot = RouteProtocol(rawValue: UInt8(RTPROT_BOOT))
    package static let administrator = RouteProtocol(rawValue: UInt8(RTPROT_STATIC))
    package static let bgp = RouteProtocol(rawValue: UInt8(RTPROT_BGP))
}

/// How far away a destination is; IPv6 knows only `universe`.
package struct RouteScope: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    package static let universe = RouteScope(rawValue: UInt8(RT_SCOPE_UNIVERSE.rawValue))
    package static let link = RouteScope(rawValue: UInt8(RT_SCOPE_LINK.rawValue))
    package static let host = RouteScope(rawValue: UInt8(RT_SCOPE_HOST.rawValue))
    package static let nowhere = RouteScope(rawValue: UInt8(RT_SCOPE_NOWHERE.rawValue))
}

/// What becomes of a packet that a route matches.
package struct RouteType: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    package static let unicast = RouteType(rawValue: UInt8(RTN_UNICAST))
    package static let local = RouteType(rawValue: UInt8(RTN_LOCAL))
    /// Dropped in silence.
    package static let blackhole = RouteType(rawValue: UInt8(RTN_BLACKHOLE))
    /// Dropped with an ICMP host unreachable.
    package static let unreachable = RouteType(rawValue: UInt8(RTN_UNREACHABLE))
    /// Dropped with an ICMP administratively prohibited.
    package static let prohibit = RouteType(rawValue: UInt8(RTN_PROHIBIT))
    /// On with the next rule, as if the table had no such route.
    package static let skip = RouteType(rawValue: UInt8(RTN_THROW))

    /// Whether packets that match go nowhere, so that there is no next hop.
    package var rejects: Bool {
        [.blackhole, .unreachable, .prohibit, .skip].contains(self)
    }
}

/// A routing table's number.
package struct RouteTable: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt32

    package init(rawValue: UInt32) {
        self.rawValue = rawValue
    }

    package static let main = RouteTable(rawValue: RT_TABLE_MAIN.rawValue)
    package static let local = RouteTable(rawValue: RT_TABLE_LOCAL.rawValue)
}
