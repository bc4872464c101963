import Glibc
import Linux
import Model
import Netlink
import Support
import Testing

/// The verbs against the real kernel, each test in a namespace of its own.
@Suite(.enabled(if: TestPlatform.hasNamespaces, "needs root"))
struct KernelTests {
    /// `left` and `right`, up, in a fresh namespace.
    private func pair(
        _ socket: inout NetlinkSocket
    ) throws -> (left: InterfaceIndex, right: InterfaceIndex) {
        try socket.createVeth(VethPair(name: "left", peerName: "right"))
        let left = try #require(try socket.link(named: "left")).index
        let right = try #require(try socket.link(named: "right")).index
        try socket.setLink(left, LinkChange(isUp: true))
        try socket.setLink(right, LinkChange(isUp: true))
        return (left, right)
    }

    @Test("a veth pair spans two namespaces")
    func veth() throws {
        let here = try NetworkNamespace.create()
        let there = try NetworkNamespace.create()
        var socket = try NetlinkSocket(in: here)
        var other = try NetlinkSocket(in: there)
        let mac = try #require(MAC("ee:ee:ee:ee:ee:ee"))
        try there.withRaw { there in
            try socket.createVeth(
                VethPair(
                    name: "cali0",
                    mac: mac,
                    peerName: "eth0",
                    peerNamespace: there,
                    mtu: 1410
                )
            )
        }
        let host = try #require(try socket.link(named: "cali0"))
        let pod = try #require(try other.link(named: "eth0"))
        #expect(host.mac == mac && host.mtu == 1410 && host.kind == "veth" && !host.isUp)
        #expect(pod.mtu == 1410 && pod.mac != nil && pod.mac != mac && !pod.isUp)
        #expect(host.peer == pod.index && host.peerIsElsewhere)
        let absent = try other.link(named: "cali0")
        #expect(absent == nil)

        try socket.deleteLink(host.index)
        let after = try other.link(pod.index)
        #expect(after == nil, "a pair goes together")
        let again = try socket.deleteLink(named: "cali0")
        #expect(!again)
    }

    @Test("a change of a link is read back")
    func setLink() throws {
        var socket = try NetlinkSocket(in: NetworkNamespace.create())
        let (left, _) = try pair(&socket)
        let mac = try #require(MAC("02:00:00:00:00:01"))
        try socket.setLink(left, LinkChange(isUp: false, name: "west", mtu: 9000, mac: mac))
        let link = try #require(try socket.link(left))
        #expect(link.name == "west" && link.mtu == 9000 && link.mac == mac && !link.isUp)
        let names = try socket.links().map(\.name).sorted()
        #expect(names == ["lo", "right", "west"])
    }

    @Test("a link joins a bridge")
    func bridge() throws {
        var socket = try NetlinkSocket(in: NetworkNamespace.create())
        let (left, _) = try pair(&socket)
        try socket.createLink(named: "br0", kind: "bridge")
        let bridge = try #require(try socket.link(named: "br0"))
        try socket.setLink(left, LinkChange(master: bridge.index))
        let link = try socket.link(left)
        #expect(bridge.kind == "bridge")
        #expect(link?.master == bridge.index)
    }

    @Test("addresses of both families come and go")
    func addresses() throws {
        var socket = try NetlinkSocket(in: NetworkNamespace.create())
        let (left, _) = try pair(&socket)
        let wanted = [
            InterfaceAddress(interface: left, address: Address(v4: 0x0a00_0001), prefixLength: 24),
            InterfaceAddress(
                interface: left,
                address: Address(high: 0xfd00_0000_0000_0000, low: 1),
                skipsDuplicateDetection: true
            ),
        ]
        for address in wanted + wanted { try socket.addAddress(address) }
        let found = try socket.addresses(on: left).filter { $0.scope == .universe }
        #expect(Set(found) == Set(wanted))
        for address in wanted { try socket.deleteAddress(address) }
        let left2 = try socket.addresses(on: left).filter { $0.scope == .universe }
        #expect(left2.isEmpty)
        #expect(throws: NetlinkError.self) { try socket.deleteAddress(wanted[0]) }
    }

    @Test("an error names verb and object and says why")
    func errors() throws {
        var socket = try NetlinkSocket(in: NetworkNamespace.create())
        let (left, _) = try pair(&socket)
        let route = Route(
            to: Prefix(Address(v4: 0x0a41_0000)),
            via: [NextHop(gateway: Address(v4: 0x0909_0909), interface: left)]
        )
        let expected = NetlinkError(
            verb: "add route",
            object: "10.65.0.0/32 via 9.9.9.9 dev \(left) table 254",
            errno: ENETUNREACH,
            detail: "Nexthop has invalid gateway"
        )
        #expect(throws: expected) { try socket.addRoute(route) }
        #expect(
            expected.description.hasSuffix("Network is unreachable (Nexthop has invalid gateway)")
        )
        #expect(throws: NetlinkError.self) {
            try socket.createVeth(VethPair(name: "left", peerName: "x"))
        }
    }

    @Test("neighbours and rules come and go")
    func neighboursAndRules() throws {
        var socket = try NetlinkSocket(in: NetworkNamespace.create())
        let (left, _) = try pair(&socket)
        let neighbour = Neighbour(
            interface: left,
            address: Address(v4: 0xa9fe_0101),
            mac: MAC("ee:ee:ee:ee:ee:ee")
        )
        try socket.setNeighbour(neighbour)
        try socket.setNeighbour(neighbour)
        let neighbours = try socket.neighbours(.v4, on: left)
        #expect(neighbours == [neighbour])
        try socket.deleteNeighbour(neighbour)
        let after = try socket.neighbours(.v4, on: left)
        #expect(after.isEmpty)

        for family in Family.allCases {
            let rule = RoutingRule(
                family: family,
                priority: 99,
                table: RouteTable(rawValue: 77),
                source: Prefix(family == .v4 ? "10.65.0.0/16" : "fd00:65::/64"),
                mark: 0x10,
                markMask: 0xf0
            )
            try socket.addRule(rule)
            let rules = try socket.rules(family)
            #expect(rules.contains(rule))
            #expect(throws: NetlinkError.self) { try socket.addRule(rule) }
            try socket.deleteRule(rule)
            let rulesAfter = try socket.rules(family)
            #expect(!rulesAfter.contains(rule))
        }
    }

    @Test("a socket stays usable after errors, on whichever thread")
    func afterErrors() throws {
        var socket = try NetlinkSocket(in: NetworkNamespace.create())
        for _ in 0..<100 {
            #expect(throws: NetlinkError.self) {
                try socket.deleteLink(InterfaceIndex(rawValue: 999))
            }
        }
        let links = try socket.links()
        #expect(links.map(\.name) == ["lo"])
        #expect(links.first?.isLoopback == true)
    }
}
