package import Model

/// Where packets of a route go on.
package struct NextHop: Hashable, Sendable {
    /// `nil` for a destination on the link itself; may be IPv6 for an IPv4 route (RFC 8950).
    package var gateway: Address?
    package var interface: InterfaceIndex?
    /// Share of the traffic among several, 1–256.
    package var weight: Int
    /// The gateway is on the link even if no address says so.
    package var isOnLink: Bool

    package init(
        gateway: Address? = nil,
        interface: InterfaceIndex? = nil,
        weight: Int = 1,
        isOnLink: Bool = false
    ) {
        self.gateway = gateway
        self.interface = interface
        self.weight = weight
        self.isOnLink = isOnLink
    }
}

/// A route of the kernel's tables; the value read back equals the value written.
package struct Route: Hashable, Sendable {
    package var destination: Prefix
    package var table: RouteTable
    package var type: RouteType
    package var `protocol`: RouteProtocol
    package var scope: RouteScope
    /// Lower wins among routes to one destination.
    package var priority: UInt32
    /// Preferred source address of the host's own packets.
    package var source: Address?
    /// None when the type rejects; several share the traffic.
    package var nextHops: [NextHop]

    /// Gives the parts left out the values that the kernel would: IPv6 has priority 1024 and
    /// always scope `universe`, IPv4 has priority 0 and scope `link` where there is no gateway.
    package init(
        to destination: Prefix,
        via nextHops: [NextHop] = [],
        table: RouteTable = .main,
        type: RouteType = .unicast,
        protocol: RouteProtocol = .boot,
        scope: RouteScope? = nil,
        priority: UInt32? = nil,
        source: Address? = nil
    ) {
        let isV6 = destination.family == .v6
        let isDirect = !type.rejects && nextHops.allSatisfy { $0.gateway == nil }
        self.destination = destination
        self.table = table
        self.type = type
        self.protocol = `protocol`
        self.scope = isV6 ? .universe : scope ?? (isDirect ? .link : .universe)
        self.priority = priority ?? (isV6 ? 1024 : 0)
        self.source = source
        self.nextHops = type.rejects ? [] : nextHops
    }
}

extension Route: CustomStringConvertible {
    package var description: String {
        let hops = nextHops.map { hop in
            (hop.gateway.map { " via \($0)" } ?? "") + (hop.interface.map { " dev \($0)" } ?? "")
        }
        return "\(destination)\(hops.joined()) table \(table.rawValue)"
    }
}

/// Which routes to list; `nil` takes all.
package struct RouteFilter: Hashable, Sendable {
    package var table: RouteTable?
    package var `protocol`: RouteProtocol?
    package var type: RouteType?
    package var interface: InterfaceIndex?

    package init(
        table: RouteTable? = nil,
        protocol: RouteProtocol? = nil,
        type: RouteType? = nil,
        interface: InterfaceIndex? = nil
    ) {
        self.table = table
        self.protocol = `protocol`
        self.type = type
        self.interface = interface
    }

    /// The kernel filters most of it, but not everything on every release.
    func matches(_ route: Route) -> Bool {
        (table.map { $0 == route.table } ?? true)
            && (`protocol`.map { $0 == route.protocol } ?? true)
            && (type.map { $0 == route.type } ?? true)
            && (interface.map { index in route.nextHops.contains { $0.interface == index } } ?? true)
    }
}
