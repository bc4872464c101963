import Linux
import Model
import Netlink
import Support
import Testing

@testable import Routing

/// Routes in the real kernel, each test in a namespace of its own: this node is `here`, 192.168.1.1 and
/// fd00:1::1 on eth0; `near` is .2 on the same segment.
@Suite(.enabled(if: TestPlatform.hasNamespaces, "needs root"))
final class RouteKeeperTests {
    private let namespace: NetworkNamespace
    private var executors: [ThreadExecutor] = []

    init() throws {
        namespace = try NetworkNamespace.create()
        try addEthernet()
    }

    deinit {
        for executor in executors { executor.stop() }
    }

    private func addEthernet() throws {
        var netlink = try NetlinkSocket(in: namespace)
        try netlink.createVeth(VethPair(name: "eth0", peerName: "wire"))
        for name in ["eth0", "wire", "lo"] {
            let link = try #require(try netlink.link(named: name))
            try netlink.setLink(link.index, LinkChange(isUp: true))
        }
        let link = try #require(try netlink.link(named: "eth0"))
        for (text, length) in [("192.168.1.1", 24), ("fd00:1::1", 64)] {
            try netlink.addAddress(
                InterfaceAddress(
                    interface: link.index,
                    address: try #require(Address(text)),
                    prefixLength: length,
                    skipsDuplicateDetection: true
                )
            )
        }
    }

    private func keeper() throws -> RouteKeeper {
        let executor = try namespace.run { try ThreadExecutor() }
        executors.append(executor)
        return RouteKeeper(executor: executor)
    }

    private func topology(_ blocks: [(String, String)]) throws -> Topology {
        func node(_ name: String, _ last: Int) throws -> Node {
            let v4 = try #require(Node.Attachment("192.168.1.\(last)/24"))
            let v6 = try #require(Node.Attachment("fd00:1::\(last)/64"))
            return Node(name: name, attachments: [.v4: v4, .v6: v6])
        }
        return Topology(
            thisNode: "here",
            nodes: ["here": try node("here", 1), "near": try node("near", 2)],
            blocks: Set(
                try blocks.map { Block(prefix: try #require(Prefix($0.0)), node: $0.1) }
            ),
            pools: [
                Pool(prefix: try #require(Prefix("10.0.0.0/8"))),
                Pool(prefix: try #require(Prefix("fd10::/48"))),
            ]
        )
    }

    private static let blocks = [
        ("10.1.0.0/26", "here"), ("10.1.0.64/26", "near"), ("10.1.0.128/26", "near"),
        ("fd10::/122", "here"), ("fd10::40/122", "near"),
    ]

    private func ours() throws -> [String] {
        var netlink = try NetlinkSocket(in: namespace)
        var routes: [Route] = []
        for family in Family.allCases { routes += try netlink.routes(family) }
        return routes.filter(KernelRoutes.isOurs)
            .map { "\($0.type == .blackhole ? "blackhole " : "")\($0.destination)" }
            .sorted()
    }

    @Test("routes are written once; a restart writes nothing; what is stale goes")
    func restart() async throws {
        let first = try keeper()
        let report = try await first.apply(topology(Self.blocks))
        #expect(report == RouteReport(added: 5))
        let written = try ours()
        #expect(
            written == [
                "10.1.0.128/26", "10.1.0.64/26", "blackhole 10.1.0.0/26", "blackhole fd10::/122",
                "fd10::40/122",
            ]
        )
        #expect(try await first.apply(topology(Self.blocks)).writes == 0)

        let second = try keeper()
        #expect(try await second.apply(topology(Self.blocks)).writes == 0)
        let third = try keeper()
        let fewer = try await third.apply(topology(Array(Self.blocks.prefix(2))))
        #expect(fewer == RouteReport(removed: 3))
        #expect(try ours() == ["10.1.0.64/26", "blackhole 10.1.0.0/26"])
    }

    @Test("a block that moves to another node is replaced in one step")
    func moves() async throws {
        let keeper = try keeper()
        _ = try await keeper.apply(topology([("10.1.0.64/26", "near")]))
        let report = try await keeper.apply(topology([("10.1.0.64/26", "here")]))
        #expect(report == RouteReport(replaced: 1))
        #expect(try ours() == ["blackhole 10.1.0.64/26"])
    }

    @Test("routes of others stay, even where ours should be, and that is told")
    func others() async throws {
        var netlink = try NetlinkSocket(in: namespace)
        let foreign = Route(
            to: try #require(Prefix("10.1.0.64/26")),
            via: [NextHop(gateway: Address("192.168.1.77"))],
            protocol: .administrator,
            priority: RouteOwners.floor
        )
        try netlink.addRoute(foreign)
        let pod = Route(
            to: try #require(Prefix("10.1.0.7/32")),
            via: [NextHop(interface: try netlink.link(named: "eth0")?.index)],
            protocol: KernelRoutes.routeProtocol
        )
        try netlink.addRoute(pod)

        let keeper = try keeper()
        let report = try await keeper.apply(topology(Self.blocks))
        #expect(report.added == 4)
        #expect(report.refused.count == 1)
        #expect(report.refused.first?.contains("10.1.0.64/26") == true)
        _ = try await keeper.apply(topology([]))
        #expect(try ours().isEmpty)
        let left = try netlink.routes(.v4)
        #expect(left.contains { $0.destination == foreign.destination })
        #expect(left.contains { $0.destination == pod.destination })
    }

    @Test("what somebody takes away comes back")
    func repair() async throws {
        let keeper = try keeper()
        _ = try await keeper.apply(topology(Self.blocks))
        async let _: Void = keeper.run()
        var netlink = try NetlinkSocket(in: namespace)
        let all = try ours()

        for route in try netlink.routes(.v4).filter(KernelRoutes.isOurs) {
            try netlink.deleteRoute(route)
        }
        try await eventually(all) { try self.ours() }

        let stranger = Route(
            to: try #require(Prefix("10.9.0.0/26")),
            via: [NextHop(gateway: Address("192.168.1.77"))],
            protocol: KernelRoutes.routeProtocol
        )
        try netlink.addRoute(stranger)
        try await eventually(all) { try self.ours() }

        _ = try netlink.deleteLink(named: "eth0")
        try await eventually(2) { try self.ours().count }
        try await eventually(false) { await keeper.report.refused.isEmpty }
        try addEthernet()
        try await eventually(all) { try self.ours() }
        try await eventually(true) { await keeper.report.refused.isEmpty }
    }

    @Test("forwarding is on, reverse path filtering off where it is ours and as it was elsewhere")
    func parameters() throws {
        try namespace.run {
            try Sysctl.write("1", to: "net/ipv4/conf/all/rp_filter")
            try Sysctl.write("2", to: "net/ipv4/conf/wire/rp_filter")
            try Sysctl.write("2", to: "net/ipv4/conf/eth0/rp_filter")
            for _ in 0..<2 {
                try NodeParameters.set(families: [.v4, .v6]) { $0 == "eth0" }
                #expect(try Sysctl.read("net/ipv4/ip_forward") == "1")
                #expect(try Sysctl.read("net/ipv6/conf/all/forwarding") == "1")
                #expect(try Sysctl.read("net/ipv4/conf/all/rp_filter") == "0")
                #expect(try Sysctl.read("net/ipv4/conf/eth0/rp_filter") == "0")
                #expect(try Sysctl.read("net/ipv4/conf/wire/rp_filter") == "2")
                #expect(try Sysctl.read("net/ipv4/conf/lo/rp_filter") == "1")
                #expect(try Sysctl.read("net/ipv4/conf/default/rp_filter") == "1")
            }
        }
    }
}
