package import Linux
package import Model
import Netlink

/// A node with two pods, an interface to other nodes and routes of every kind, in namespaces of its
/// own.
///
/// It never changes once made, so that all tests of a process may share it.
///
///     pod A 10.65.0.2 ── cali-a ┐                           ┌ 192.168.0.2: 10.65.1.0/24
///                               ├ node 192.168.0.1 ── eth0 ──┤
///     pod B 10.65.0.3 ── cali-b ┘                           └ 192.168.0.3: everything else
package struct Topology: Sendable {
    package let namespaces: Namespaces
    package let eth0: Port
    package let podA: Port
    package let podB: Port

    /// Both namespaces, kept alive; a class because a value with copies cannot own descriptors.
    package final class Namespaces: Sendable {
        package let node: NetworkNamespace
        package let peers: NetworkNamespace

        init() throws {
            node = try NetworkNamespace.create()
            peers = try NetworkNamespace.create()
        }
    }

    /// An interface of the node and what is at its other end.
    package struct Port: Hashable, Sendable {
        package let ifindex: UInt32
        package let mac: MAC
        package let peerMAC: MAC
    }

    /// The one that tests use, or why there is none.
    package static let shared = Result { try Topology() }

    private init() throws {
        let namespaces = try Namespaces()
        var netlink = try NetlinkSocket(in: namespaces.node)
        self.namespaces = namespaces
        eth0 = try Self.connect("eth0", number: 1, &netlink, namespaces)
        podA = try Self.connect("cali-a", number: 2, &netlink, namespaces)
        podB = try Self.connect("cali-b", number: 3, &netlink, namespaces)
        try namespaces.node.run {
            try Sysctl.write("1", to: "net/ipv4/ip_forward")
            try Sysctl.write("1", to: "net/ipv6/conf/all/forwarding")
        }
        try addRoutes(&netlink)
    }

    private static func connect(
        _ name: String,
        number: UInt8,
        _ netlink: inout NetlinkSocket,
        _ namespaces: Namespaces
    ) throws -> Port {
        let mac = try unwrap(MAC(bytes: [2, 0, 0, 0, 1, number]), name)
        let peerMAC = try unwrap(MAC(bytes: [2, 0, 0, 0, 2, number]), name)
        try namespaces.peers.withRaw { raw in
            try netlink.createVeth(
                VethPair(
                    name: name,
                    mac: mac,
                    peerName: "peer\(number)",
                    peerMAC: peerMAC,
                    peerNamespace: raw
                )
            )
        }
        var peers = try NetlinkSocket(in: namespaces.peers)
        let peer = try unwrap(try peers.link(named: "peer\(number)"), name)
        try peers.setLink(peer.index, LinkChange(isUp: true))
        let link = try unwrap(try netlink.link(named: name), name)
        try netlink.setLink(link.index, LinkChange(isUp: true))
        return Port(ifindex: link.index.rawValue, mac: mac, peerMAC: peerMAC)
    }

    private func addRoutes(_ netlink: inout NetlinkSocket) throws {
        let wire = InterfaceIndex(rawValue: eth0.ifindex)
        for (address, length) in [(Address.node, 24), (.node6, 64)] {
            try netlink.addAddress(
                InterfaceAddress(
                    interface: wire,
                    address: address,
                    prefixLength: length,
                    skipsDuplicateDetection: true
                )
            )
        }
        for (address, port) in [
            (Address.podA, podA), (.podA6, podA), (.podB, podB), (.podB6, podB),
        ] {
            let hop = NextHop(interface: InterfaceIndex(rawValue: port.ifindex))
            try netlink.addRoute(Route(to: Prefix(address), via: [hop]))
        }
        for (network, gateway) in [
            ("10.65.1.0/24", Address.otherNode), ("fd00:65:1::/64", .otherNode6),
            ("0.0.0.0/0", .router), ("::/0", .router6),
        ] {
            let hop = NextHop(gateway: gateway, interface: wire)
            try netlink.addRoute(Route(to: try prefix(network), via: [hop]))
        }
        for (network, type) in [
            ("10.65.9.0/26", RouteType.blackhole), ("10.65.9.64/26", .unreachable),
            ("10.65.9.128/26", .prohibit), ("fd00:65:9::/64", .blackhole),
        ] {
            try netlink.addRoute(Route(to: try prefix(network), type: type))
        }
    }

    private func prefix(_ text: String) throws -> Prefix { try unwrap(Prefix(text), text) }
}

/// Something of the fixture that should be there and is not.
package struct MissingFixture: Error, CustomStringConvertible {
    package let description: String

    package init(description: String) {
        self.description = description
    }
}

/// The value, or an error that names it.
package func unwrap<T>(_ value: T?, _ name: String) throws -> T {
    guard let value else { throw MissingFixture(description: "no \(name)") }
    return value
}
