import Linux
import Model
import Netlink

/// What the gateways are called that every pod has; nobody owns these addresses.
enum Gateway {
    /// Calico's; from the link-local block (RFC 3927), so that no pod's network can hold it.
    static let v4 = Address(v4: 0xa9fe_0101)
    /// The host end's link-local address, made from its MAC (RFC 4291 appendix A).
    static let v6 = Address(high: 0xfe80_0000_0000_0000, low: 0xecee_eeff_feee_eeee)

    static func address(_ family: Family) -> Address { family == .v4 ? v4 : v6 }
}

/// The end of the link inside the pod.
enum PodEnd {
    /// Puts everything on the pod's end and brings it up; it has no carrier before the host's.
    static func configure(
        _ pod: PodInterface,
        in namespace: borrowing NetworkNamespace
    ) throws -> (index: InterfaceIndex, mac: MAC) {
        try namespace.run {
            var socket = try NetlinkSocket()
            guard let link = try socket.link(named: pod.podName), let mac = link.mac else {
                throw PodNetworkError.mismatch("\(pod.podName) vanished from its namespace")
            }
            try writeSysctls(pod, link, &socket)
            let change = LinkChange(isUp: true, mtu: pod.mtu, mac: pod.podMAC)
            try socket.performEach(
                [.setLink(link.index, change)]
                    + addresses(pod, link.index).map { .addAddress($0) }
                    + neighbours(pod, link.index).map { .setNeighbour($0) }
                    + routes(pod, link.index).map { .replaceRoute($0) }
            )
            return (link.index, pod.podMAC ?? mac)
        }
    }

    private static func addresses(
        _ pod: PodInterface,
        _ index: InterfaceIndex
    ) -> [InterfaceAddress] {
        pod.addresses.map { address in
            InterfaceAddress(
                interface: index,
                address: address,
                skipsDuplicateDetection: !address.isV4
            )
        }
    }

    private static func neighbours(_ pod: PodInterface, _ index: InterfaceIndex) -> [Neighbour] {
        pod.families.map { family in
            Neighbour(interface: index, address: Gateway.address(family), mac: HostEnd.mac)
        }
    }

    private static func routes(_ pod: PodInterface, _ index: InterfaceIndex) -> [Route] {
        var routes: [Route] = []
        if pod.families.contains(.v4) {
            // The kernel takes a gateway only when a route says that it is on the link.
            routes.append(Route(to: Prefix(Gateway.v4), via: [NextHop(interface: index)]))
        }
        for family in pod.families {
            let hop = NextHop(gateway: Gateway.address(family), interface: index)
            routes.append(Route(to: .all(family), via: [hop]))
        }
        return routes
    }

    // MARK: Sysctls

    private static func writeSysctls(
        _ pod: PodInterface,
        _ link: Link,
        _ socket: inout NetlinkSocket
    ) throws {
        let forwarding = pod.allowsForwarding ? "1" : "0"
        if pod.families.contains(.v4) {
            try writeIfDifferent(forwarding, to: "net/ipv4/ip_forward")
        }
        guard pod.families.contains(.v6) else { return }
        // A node may have IPv6 off by default; a pod with an IPv6 address needs it.
        for name in ["all", "default", "lo"] {
            try writeIfDifferent("0", to: "net/ipv6/conf/\(name)/disable_ipv6")
        }
        try writeIfDifferent(forwarding, to: "net/ipv6/conf/all/forwarding")
        let configuration = try socket.configuration(of: link.index)
        try configuration.set(.disabled, to: 0, on: pod.podName)
        try configuration.set(.acceptDAD, to: 0, on: pod.podName)
    }

    /// Reading first is cheaper: many writes take the kernel's lock, even to change nothing.
    private static func writeIfDifferent(_ value: String, to name: String) throws(LinuxError) {
        if try Sysctl.read(name) != value { try Sysctl.write(value, to: name) }
    }

    // MARK: Check

    static func check(_ pod: PodInterface, in namespace: borrowing NetworkNamespace) throws {
        try namespace.run {
            var socket = try NetlinkSocket()
            guard let link = try socket.link(named: pod.podName) else {
                throw PodNetworkError.mismatch("no \(pod.podName) in \(pod.namespacePath)")
            }
            guard link.isUp else { throw PodNetworkError.mismatch("\(pod.podName) is down") }
            let found = try Set(socket.addresses(on: link.index).map(\.address))
            for address in pod.addresses where !found.contains(address) {
                throw PodNetworkError.mismatch("\(pod.podName) lacks the address \(address)")
            }
            for wanted in routes(pod, link.index) {
                let routes = try socket.routes(
                    wanted.destination.family,
                    RouteFilter(table: .main, interface: link.index)
                )
                let isThere = routes.contains {
                    $0.destination == wanted.destination && $0.nextHops == wanted.nextHops
                }
                guard isThere else {
                    throw PodNetworkError.mismatch("\(pod.namespacePath) lacks the route \(wanted)")
                }
            }
        }
    }
}

extension Prefix {
    /// `0.0.0.0/0` or `::/0`.
    static func all(_ family: Family) -> Prefix {
        let zero = family == .v4 ? Address(v4: 0) : Address(high: 0, low: 0)
        guard let prefix = Prefix(zero, length: 0) else {
            preconditionFailure("length 0 fits each family")
        }
        return prefix
    }
}

extension LinkConfiguration {
    /// Writes a sysctl of a link unless it has that value; without IPv6 there is nothing to write.
    func set(_ parameter: IPv6Parameter, to value: Int32, on link: String) throws(LinuxError) {
        guard let current = self[parameter], current != value else { return }
        try Sysctl.write("\(value)", to: "net/ipv6/conf/\(link)/\(parameter.name)")
    }
}
