import CLinux
import Glibc
package import Wire

/// A per-link parameter of IPv4 that netlink can set, so that no file need be written.
package struct IPv4Parameter: RawRepresentable, Hashable, Sendable {
    /// `IPV4_DEVCONF_…`; counted from 1.
    package let rawValue: Int

    package init(rawValue: Int) {
        self.rawValue = rawValue
    }

    package static let forwarding = IPv4Parameter(rawValue: IPV4_DEVCONF_FORWARDING)
    package static let proxyARP = IPv4Parameter(rawValue: IPV4_DEVCONF_PROXY_ARP)
    package static let routeLocalnet = IPv4Parameter(rawValue: IPV4_DEVCONF_ROUTE_LOCALNET)
}

/// A per-link parameter of IPv6; netlink only reads these, a sysctl writes them.
package struct IPv6Parameter: Hashable, Sendable {
    /// `DEVCONF_…`; counted from 0.
    fileprivate let index: Int
    /// The file's name below `net/ipv6/conf/<link>`.
    package let name: String

    package static let forwarding = IPv6Parameter(index: DEVCONF_FORWARDING, name: "forwarding")
    package static let acceptRA = IPv6Parameter(index: DEVCONF_ACCEPT_RA, name: "accept_ra")
    package static let acceptDAD = IPv6Parameter(index: DEVCONF_ACCEPT_DAD, name: "accept_dad")
    package static let proxyNDP = IPv6Parameter(index: DEVCONF_PROXY_NDP, name: "proxy_ndp")
    package static let disabled = IPv6Parameter(index: DEVCONF_DISABLE_IPV6, name: "disable_ipv6")
}

/// All per-link parameters of both families at one moment.
package struct LinkConfiguration: Hashable, Sendable {
    private var ipv4: [Int32] = []
    private var ipv6: [Int32] = []

    /// `nil` when the kernel does not know the parameter or IPv4 is not on the link.
    package subscript(parameter: IPv4Parameter) -> Int32? {
        let index = parameter.rawValue - 1
        return ipv4.indices.contains(index) ? ipv4[index] : nil
    }

    /// `nil` when the kernel does not know the parameter or IPv6 is not on the link.
    package subscript(parameter: IPv6Parameter) -> Int32? {
        ipv6.indices.contains(parameter.index) ? ipv6[parameter.index] : nil
    }
}

extension LinkConfiguration {
    /// Reads the body of `RTM_NEWLINK`.
    ///
    ///     AF_SPEC { INET { CONF [Int32] } | INET6 { CONF [Int32] … } }
    package init(parsing reader: inout ByteReader) throws(WireError) {
        try reader.skip(MemoryLayout<ifinfomsg>.size)
        var configuration = LinkConfiguration()
        try forEachAttribute(&reader) { type, value throws(WireError) in
            guard Int(type) == IFLA_AF_SPEC else { return }
            try forEachAttribute(&value) { family, value throws(WireError) in
                try forEachAttribute(&value) { type, value throws(WireError) in
                    try configuration.read(Int32(family), Int(type), &value)
                }
            }
        }
        self = configuration
    }

    private mutating func read(
        _ family: Int32,
        _ type: Int,
        _ value: inout ByteReader
    ) throws(WireError) {
        switch (family, type) {
        case (AF_INET, IFLA_INET_CONF): ipv4 = try Self.numbers(&value)
        case (AF_INET6, IFLA_INET6_CONF): ipv6 = try Self.numbers(&value)
        default: break
        }
    }

    private static func numbers(_ reader: inout ByteReader) throws(WireError) -> [Int32] {
        var numbers: [Int32] = []
        while reader.remaining >= MemoryLayout<Int32>.size {
            numbers.append(try reader.readNative(Int32.self))
        }
        return numbers
    }
}

extension NetlinkMessage {
    /// Sets parameters of IPv4 on a link.
    package static func configure(
        _ index: InterfaceIndex,
        _ parameters: [IPv4Parameter: UInt32]
    ) -> NetlinkMessage {
        var message = NetlinkMessage("configure link", "\(index)", type: RTM_NEWLINK)
        message.append(fixed: ifinfomsg(index: index))
        message.nest(IFLA_AF_SPEC) { message in
            message.nest(AF_INET) { message in
                message.nest(IFLA_INET_CONF) { message in
                    for (parameter, value) in parameters.sorted(by: { $0.key < $1.key }) {
                        message.append(parameter.rawValue, value)
                    }
                }
            }
        }
        return message
    }

    /// Sets how long a link waits, in milliseconds, before it answers ARP for another.
    package static func setProxyDelay(
        _ index: InterfaceIndex,
        milliseconds: UInt64
    ) -> NetlinkMessage {
        var message = NetlinkMessage("set proxy delay", "\(index)", type: RTM_SETNEIGHTBL)
        var fixed = ndtmsg()
        fixed.ndtm_family = UInt8(AF_INET)
        message.append(fixed: fixed)
        message.append(NDTA_NAME, "arp_cache")
        message.nest(NDTA_PARMS) { message in
            message.append(NDTPA_IFINDEX, index.rawValue)
            message.append(NDTPA_PROXY_DELAY, milliseconds)
        }
        return message
    }
}

extension IPv4Parameter: Comparable {
    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

extension NetlinkSocket {
    /// The parameters of a link.
    package mutating func configuration(
        of index: InterfaceIndex
    ) throws(NetlinkError) -> LinkConfiguration {
        var message = NetlinkMessage("get configuration of link", "\(index)", type: RTM_GETLINK)
        message.append(fixed: ifinfomsg(index: index))
        let all = try Self.parseAll(request(message), message, of: RTM_NEWLINK) {
            reader throws(WireError) in
            try LinkConfiguration(parsing: &reader)
        }
        return all.first ?? LinkConfiguration()
    }
}
