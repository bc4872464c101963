import Linux
import Model
import Netlink
import Support
import Testing

@Suite(.enabled(if: TestPlatform.hasNamespaces, "needs root"))
struct MonitorTests {
    @Test("links, addresses and routes are announced as they come and go", .timeLimit(.minutes(1)))
    func events() async throws {
        let namespace = try NetworkNamespace.create()
        var socket = try NetlinkSocket(in: namespace)
        let events = try NetlinkMonitor.events([.links, .addresses, .routes], in: namespace)
        try socket.createVeth(VethPair(name: "one", peerName: "two"))
        let one = try #require(try socket.link(named: "one")).index
        try socket.setLink(one, LinkChange(isUp: true))
        let address = InterfaceAddress(interface: one, address: Address(v4: 0x0a00_0001))
        try socket.addAddress(address)
        let route = Route(
            to: Prefix(Address(v4: 0x0a41_0001)),
            via: [NextHop(interface: one)]
        )
        try socket.addRoute(route)
        try socket.deleteRoute(route)
        _ = try socket.deleteLink(named: "one")

        var wanted: Set<String> = ["up", "address", "route", "routeGone", "linkGone"]
        for await event in events {
            switch event {
            case .link(let link) where link.index == one && link.isUp: wanted.remove("up")
            case .address(address): wanted.remove("address")
            case .route(route): wanted.remove("route")
            case .routeGone(route): wanted.remove("routeGone")
            case .linkGone(let link) where link.index == one: wanted.remove("linkGone")
            default: break
            }
            if wanted.isEmpty { break }
        }
        #expect(wanted.isEmpty)
    }

    @Test("a listener that does not keep up is told", .timeLimit(.minutes(1)))
    func overrun() async throws {
        let namespace = try NetworkNamespace.create()
        var socket = try NetlinkSocket(in: namespace)
        let events = try NetlinkMonitor.events(.routes, in: namespace, backlog: 1)
        let base = Address(v4: 0x0a80_0000)
        let routes = (0..<6000).map { number in
            Route(to: Prefix(base.advanced(by: UInt64(number)) ?? base), type: .blackhole)
        }
        try socket.performEach(routes.map { .addRoute($0) })
        var sawOverrun = false
        for await event in events where event == .overrun {
            sawOverrun = true
            break
        }
        #expect(sawOverrun)
    }
}
