import Glibc
import Linux
import Model
import Netlink
import Support
import Testing

/// Routes against the real kernel: what is written is read back equal.
@Suite(.enabled(if: TestPlatform.hasNamespaces, "needs root"))
struct RouteKernelTests {
    /// Two links with addresses 10.0.1.1/24, fd00:1::1/64 and 10.0.2.1/24, fd00:2::1/64.
    private func network(
        _ socket: inout NetlinkSocket
    ) throws -> (one: InterfaceIndex, two: InterfaceIndex) {
        try socket.createVeth(VethPair(name: "one", peerName: "two"))
        var indexes: [InterfaceIndex] = []
        for (number, name) in ["one", "two"].enumerated() {
            let index = try #require(try socket.link(named: name)).index
            indexes.append(index)
            try socket.setLink(index, LinkChange(isUp: true))
            for text in ["10.0.\(number + 1).1", "fd00:\(number + 1)::1"] {
                let address = try #require(Address(text))
                try socket.addAddress(
                    InterfaceAddress(
                        interface: index,
                        address: address,
                        prefixLength: address.isV4 ? 24 : 64,
                        skipsDuplicateDetection: !address.isV4
                    )
                )
            }
        }
        return (indexes[0], indexes[1])
    }

    private func cases(_ one: InterfaceIndex, _ two: InterfaceIndex) throws -> [Route] {
        let v4 = try #require(Prefix("10.65.0.0/26"))
        let v6 = try #require(Prefix("fd00:65::/122"))
        let via = try ["10.0.1.2", "10.0.2.2", "fd00:1::2", "fd00:2::2", "192.0.2.1"].map {
            try #require(Address($0))
        }
        let table = RouteTable(rawValue: 1000)
        let both4 = [
            NextHop(gateway: via[0], interface: one, weight: 2),
            NextHop(gateway: via[1], interface: two),
        ]
        let both6 = [
            NextHop(gateway: via[2], interface: one),
            NextHop(gateway: via[3], interface: two),
        ]
        let hop4 = NextHop(gateway: via[0], interface: one)
        return [
            Route(to: v4, via: [NextHop(interface: one)]),
            Route(to: v4, via: [hop4], protocol: .bgp, priority: 512),
            Route(to: v4, via: [hop4], table: table, source: Address("10.0.1.1")),
            Route(to: v4, via: [NextHop(gateway: via[4], interface: one, isOnLink: true)]),
            Route(to: v4, via: [NextHop(gateway: via[2], interface: one)]),
            Route(to: v4, via: both4, table: table, protocol: .bgp),
            Route(to: v4, type: .blackhole, protocol: .bgp),
            Route(to: v4, table: table, type: .unreachable),
            Route(to: v6, via: [NextHop(interface: one)]),
            Route(to: v6, via: [both6[0]], protocol: .bgp, priority: 512),
            Route(to: v6, via: both6, table: table),
            Route(to: v6, type: .blackhole, protocol: .bgp),
            Route(to: try #require(Prefix("0.0.0.0/0")), via: [hop4]),
            Route(to: try #require(Prefix("::/0")), via: [both6[0]]),
        ]
    }

    @Test("what is added is read back equal, replaced in place, and deleted")
    func roundTrip() throws {
        var socket = try NetlinkSocket(in: NetworkNamespace.create())
        let (one, two) = try network(&socket)
        for route in try cases(one, two) {
            let filter = RouteFilter(table: route.table, protocol: route.protocol)
            let family = route.destination.family
            let before = try socket.routes(family, filter)
            try socket.addRoute(route)
            try socket.replaceRoute(route)
            let during = try socket.routes(family, filter)
            #expect(Set(during).subtracting(before) == [route])
            #expect(during.count == before.count + 1, "\(route)")
            #expect(throws: NetlinkError.self) { try socket.addRoute(route) }
            try socket.deleteRoute(route)
            let after = try socket.routes(family, filter)
            #expect(Set(after) == Set(before))
        }
    }

    @Test("lists are filtered by table, protocol, type and link")
    func filters() throws {
        var socket = try NetlinkSocket(in: NetworkNamespace.create())
        let (one, two) = try network(&socket)
        let table = RouteTable(rawValue: 5)
        let prefix = try #require(Prefix("10.1.0.0/16"))
        let routes = [
            Route(to: prefix, via: [NextHop(interface: one)], table: table, protocol: .bgp),
            Route(to: prefix, via: [NextHop(interface: two)], table: table, priority: 9),
            Route(to: prefix, table: table, type: .blackhole, priority: 10),
        ]
        for route in routes { try socket.addRoute(route) }
        let byProtocol = try socket.routes(.v4, RouteFilter(protocol: .bgp))
        let byLink = try socket.routes(.v4, RouteFilter(table: table, interface: two))
        let byType = try socket.routes(.v4, RouteFilter(type: .blackhole))
        let byTable = try socket.routes(.v4, RouteFilter(table: table))
        let none = try socket.routes(.v6, RouteFilter(table: RouteTable(rawValue: 4711)))
        #expect(byProtocol == [routes[0]])
        #expect(byLink == [routes[1]])
        #expect(byType == [routes[2]])
        #expect(Set(byTable) == Set(routes))
        #expect(none.isEmpty)
    }

    @Test("ten thousand routes in a batch; the bad ones are told apart")
    func batch() throws {
        var socket = try NetlinkSocket(in: NetworkNamespace.create())
        let (one, _) = try network(&socket)
        let base = try #require(Address("10.128.0.0"))
        let routes = (0..<10_000).map { number in
            Route(
                to: Prefix(base.advanced(by: UInt64(number)) ?? base),
                via: [NextHop(interface: one)],
                table: RouteTable(rawValue: 9)
            )
        }
        try socket.addRoute(routes[0])
        try socket.addRoute(routes[5000])
        let clock = ContinuousClock()
        var failures: [Int: NetlinkError] = [:]
        let time = try clock.measure {
            failures = try socket.performAll(routes.map { .addRoute($0) })
        }
        print("10,000 routes in \(time)")
        #expect(failures.mapValues(\.errno) == [0: EEXIST, 5000: EEXIST])
        #expect(failures[5000]?.object.hasPrefix("10.128.19.136/32") == true)
        let count = try socket.routes(.v4, RouteFilter(table: RouteTable(rawValue: 9))).count
        #expect(count == 10_000)

        let gone = try socket.performAll(routes.map { .deleteRoute($0) })
        let again = try socket.performAll(routes.map { .deleteRoute($0) })
        #expect(gone.isEmpty)
        #expect(again.count == 10_000, "every single refusal is heard")
        #expect(Set(again.values.map(\.errno)) == [ESRCH])
    }
}
