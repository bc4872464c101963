package import Model
package import Netlink

/// Where a learnt route goes on: an address, and its interface where the address alone does not say.
package struct Gateway: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// May be IPv6 for IPv4 routes (RFC 8950), and need not be on a link: it is looked up.
    package var address: Address
    /// For link-local addresses.
    package var interface: InterfaceIndex?

    package init(_ address: Address, interface: InterfaceIndex? = nil) {
        self.address = address
        self.interface = interface
    }

    package static func < (left: Self, right: Self) -> Bool {
        (left.address, left.interface?.rawValue ?? 0)
            < (right.address, right.interface?.rawValue ?? 0)
    }

    package var description: String {
        "\(address)" + (interface.map { " on \($0)" } ?? "")
    }
}

/// What the peers say about one destination: the best path, or several that are equally good.
package struct LearntRoute: Hashable, Sendable {
    package var gateways: [Gateway]
    /// The kernel's metric: lower wins.
    package var priority: UInt32

    package init(via gateways: [Gateway], priority: UInt32 = 1024) {
        self.gateways = gateways
        self.priority = priority
    }
}

/// What became of learnt routes in the kernel.
package struct LearntReport: Hashable, Sendable {
    package var added = 0
    package var replaced = 0
    package var removed = 0
    /// Destinations that the kernel refused, and why.
    package var refused: [Prefix: String] = [:]
    /// Destinations without a way to any of their gateways.
    package var unreachable = 0
    /// Destinations in the kernel, and wanted there.
    package var installed = 0

    package init() {}

    /// 0 when the kernel held what was wanted.
    package var writes: Int { added + replaced + removed }
}
