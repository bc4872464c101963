import CLinux
import Model
package import Wire

extension Route {
    /// Reads the body of `RTM_NEWROUTE` or `RTM_DELROUTE`; `nil` for other families, for cached
    /// routes and for routes by the address they come from, of which we make none.
    ///
    ///     | rtmsg (12 bytes) | RTA_… |
    package init?(parsing reader: inout ByteReader) throws(WireError) {
        let fixed = try reader.readNative(rtmsg.self)
        guard let family = Family(number: fixed.rtm_family), fixed.rtm_src_len == 0,
            fixed.rtm_flags & UInt32(RTM_F_CLONED) == 0
        else { return nil }
        var parts = RouteParts(fixed)
        try forEachAttribute(&reader) { type, value throws(WireError) in
            try parts.read(type, &value)
        }
        let zeros = family == .v4 ? Address(v4: 0) : Address(high: 0, low: 0)
        guard let prefix = Prefix(parts.destination ?? zeros, length: Int(fixed.rtm_dst_len))
        else { return nil }
        self.init(
            to: prefix,
            via: parts.nextHops,
            table: parts.table,
            type: RouteType(rawValue: fixed.rtm_type),
            protocol: RouteProtocol(rawValue: fixed.rtm_protocol),
            scope: RouteScope(rawValue: fixed.rtm_scope),
            priority: parts.priority,
            source: parts.source
        )
    }
}

/// What the attributes of a route say, one after the other.
private struct RouteParts {
    var destination: Address?
    var table: RouteTable
    var priority: UInt32 = 0
    var source: Address?
    private var single: NextHop
    private var several: [NextHop] = []

    init(_ fixed: rtmsg) {
        table = RouteTable(rawValue: UInt32(fixed.rtm_table))
        single = NextHop(isOnLink: fixed.rtm_flags & UInt32(RTNH_F_ONLINK) != 0)
    }

    var nextHops: [NextHop] {
        guard several.isEmpty else { return several }
        return single.gateway == nil && single.interface == nil ? [] : [single]
    }

    mutating func read(_ type: UInt16, _ value: inout ByteReader) throws(WireError) {
        switch rtattr_type_t(rawValue: UInt32(type)) {
        case RTA_DST: destination = Address(bytes: value.readRest())
        case RTA_TABLE: table = RouteTable(rawValue: try value.readNative())
        case RTA_PRIORITY: priority = try value.readNative()
        case RTA_PREFSRC: source = Address(bytes: value.readRest())
        case RTA_OIF: single.interface = InterfaceIndex(try value.readNative(Int32.self))
        case RTA_MULTIPATH: several = try Self.multipath(&value)
        default: try single.readGateway(type, &value)
        }
    }

    /// A list of `rtnexthop` (8 bytes), each followed by attributes within its length.
    private static func multipath(_ reader: inout ByteReader) throws(WireError) -> [NextHop] {
        var nextHops: [NextHop] = []
        while reader.remaining >= MemoryLayout<rtnexthop>.size {
            let fixed = try reader.readNative(rtnexthop.self)
            let length = Int(fixed.rtnh_len) - MemoryLayout<rtnexthop>.size
            var attributes = try reader.slice(length)
            try reader.skip(min(-length & 3, reader.remaining))
            var nextHop = NextHop(
                interface: InterfaceIndex(fixed.rtnh_ifindex),
                weight: Int(fixed.rtnh_hops) + 1,
                isOnLink: Int32(fixed.rtnh_flags) & Int32(RTNH_F_ONLINK) != 0
            )
            try forEachAttribute(&attributes) { type, value throws(WireError) in
                try nextHop.readGateway(type, &value)
            }
            nextHops.append(nextHop)
        }
        return nextHops
    }
}

extension NextHop {
    fileprivate mutating func readGateway(
        _ type: UInt16,
        _ value: inout ByteReader
    ) throws(WireError) {
        switch rtattr_type_t(rawValue: UInt32(type)) {
        case RTA_GATEWAY:
            gateway = Address(bytes: value.readRest())
        case RTA_VIA:
            // struct rtvia: a family, then the address.
            try value.skip(MemoryLayout<UInt16>.size)
            gateway = Address(bytes: value.readRest())
        default: break
        }
    }
}
