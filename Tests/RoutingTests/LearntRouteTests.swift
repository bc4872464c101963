import Linux
import Model
import Netlink
import Support
import Testing

@testable import Routing

/// Learnt routes in the real kernel, each test in a namespace of its own: this node is
/// 192.168.1.1 and fd00:1::1 on eth0, the gateway to everything else is .254.
@Suite(.enabled(if: TestPlatform.hasNamespaces, "needs root"))
final class LearntRouteTests {
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
        for (net, gateway) in [("0.0.0.0/0", "192.168.1.254"), ("::/0", "fd00:1::254")] {
            try netlink.addRoute(
                Route(
                    to: try #require(Prefix(net)),
                    via: [NextHop(gateway: Address(gateway), interface: link.index)],
                    protocol: .administrator
                )
            )
        }
    }

    private func keeper() throws -> LearntRouteKeeper {
        let executor = try namespace.run { try ThreadExecutor() }
        executors.append(executor)
        return LearntRouteKeeper(executor: executor)
    }

    /// Changes as text: `prefix` to gateways, none to take the route away.
    private func changes(
        _ routes: [(String, [String])],
        priority: UInt32 = 1024
    ) throws -> [Prefix: LearntRoute?] {
        var changes: [Prefix: LearntRoute?] = [:]
        for (net, gateways) in routes {
            let hops = try gateways.map { Gateway(try #require(Address($0))) }
            changes[try #require(Prefix(net))] =
                .some(hops.isEmpty ? nil : LearntRoute(via: hops, priority: priority))
        }
        return changes
    }

    /// The speaker's routes in the kernel, as text.
    private func ours() throws -> [String] {
        var netlink = try NetlinkSocket(in: namespace)
        var texts: [String] = []
        for family in Family.allCases {
            for route in try netlink.routes(family) where route.protocol == RouteOwners.speaker {
                let hops = route.nextHops.compactMap(\.gateway).sorted().map { "\($0)" }
                texts.append(
                    "\(route.destination) \(hops.joined(separator: "+"))@\(route.priority)"
                )
            }
        }
        return texts.sorted()
    }

    @Test("routes of both families, over near gateways and far ones, alone and shared")
    func install() async throws {
        let keeper = try keeper()
        let report = try await keeper.apply(
            changes([
                ("10.1.0.0/26", ["192.168.1.2"]),
                ("10.2.0.0/26", ["192.168.1.2", "192.168.1.3"]),
                ("10.3.0.0/26", ["172.16.0.9"]),
                ("fd10::/122", ["fd00:1::2"]),
                ("fd11::/122", ["fd00:1::2", "fd00:1::3"]),
                ("fd12::/122", ["fd99::9"]),
            ])
        )
        #expect(report.added == 6)
        #expect(report.refused.isEmpty)
        let expected = [
            "10.1.0.0/26 192.168.1.2@1024", "10.2.0.0/26 192.168.1.2+192.168.1.3@1024",
            "10.3.0.0/26 192.168.1.254@1024", "fd10::/122 fd00:1::2@1024",
            "fd11::/122 fd00:1::2+fd00:1::3@1024", "fd12::/122 fd00:1::254@1024",
        ]
        #expect(try ours() == expected)
        #expect(try await keeper.reconcile().writes == 0)

        let fewer = try await keeper.apply(
            changes([
                ("10.1.0.0/26", []), ("10.2.0.0/26", ["192.168.1.3"]),
                ("fd11::/122", ["fd00:1::2"]),
                ("10.9.0.0/26", []),
            ])
        )
        #expect(fewer.removed == 1 && fewer.replaced == 2 && fewer.added == 0)
        #expect(
            try ours() == [
                "10.2.0.0/26 192.168.1.3@1024", "10.3.0.0/26 192.168.1.254@1024",
                "fd10::/122 fd00:1::2@1024", "fd11::/122 fd00:1::2@1024",
                "fd12::/122 fd00:1::254@1024",
            ]
        )
    }

    @Test("a new metric is there before the old one goes")
    func metric() async throws {
        let keeper = try keeper()
        let route = [("10.1.0.0/26", ["192.168.1.2"])]
        _ = try await keeper.apply(changes(route))
        let announcements = try namespace.run { try NetlinkMonitor.events([.routes]) }
        _ = try await keeper.apply(changes(route, priority: 512))
        #expect(try ours() == ["10.1.0.0/26 192.168.1.2@512"])
        var seen: [String] = []
        for await event in announcements {
            switch event {
            case .route(let route): seen.append("+\(route.priority)")
            case .routeGone(let route): seen.append("-\(route.priority)")
            default: break
            }
            if seen.count == 2 { break }
        }
        #expect(seen == ["+512", "-1024"])
    }

    @Test("a restart writes nothing that stays; what no peer names again goes with the sweep")
    func restart() async throws {
        let first = try keeper()
        _ = try await first.apply(
            changes([
                ("10.1.0.0/26", ["192.168.1.2"]), ("10.2.0.0/26", ["192.168.1.2"]),
                ("10.3.0.0/26", ["192.168.1.2", "192.168.1.3"]), ("fd10::/122", ["fd00:1::2"]),
            ])
        )
        let before = try ours()

        let second = try keeper()
        let again = try await second.apply(
            changes([
                ("10.1.0.0/26", ["192.168.1.2"]), ("10.3.0.0/26", ["192.168.1.3", "192.168.1.2"]),
            ])
        )
        #expect(again.writes == 0)
        #expect(try ours() == before)
        #expect(try await second.reconcile().writes == 0)
        #expect(try ours() == before)
        #expect(try await second.sweep().removed == 2)
        #expect(
            try ours() == [
                "10.1.0.0/26 192.168.1.2@1024", "10.3.0.0/26 192.168.1.2+192.168.1.3@1024",
            ]
        )
    }

    @Test("routes of others stay, and one in the way is told, and tried again")
    func others() async throws {
        var netlink = try NetlinkSocket(in: namespace)
        let foreign = Route(
            to: try #require(Prefix("10.1.0.0/26")),
            via: [NextHop(gateway: Address("192.168.1.77"))],
            protocol: .administrator,
            priority: 1024
        )
        try netlink.addRoute(foreign)
        let keeper = try keeper()
        let report = try await keeper.apply(
            changes([("10.1.0.0/26", ["192.168.1.2"]), ("10.2.0.0/26", ["192.168.1.2"])])
        )
        #expect(report.added == 1)
        #expect(report.refused.keys.map(\.description) == ["10.1.0.0/26"])
        #expect(
            try netlink.routes(.v4).contains {
                $0.destination == foreign.destination
                    && $0.protocol == .administrator
            }
        )
        try netlink.deleteRoute(foreign)
        let retried = try await keeper.reconcile()
        #expect(retried.added == 1 && retried.refused.isEmpty)
        _ = try await keeper.apply(changes([("10.1.0.0/26", []), ("10.2.0.0/26", [])]))
        #expect(try ours().isEmpty)
    }

    @Test("a gateway without a way is waited for; this node itself is none")
    func unreachable() async throws {
        var netlink = try NetlinkSocket(in: namespace)
        for family in Family.allCases {
            for route in try netlink.routes(family) where route.destination.length == 0 {
                try netlink.deleteRoute(route)
            }
        }
        let keeper = try keeper()
        let report = try await keeper.apply(
            changes([("10.1.0.0/26", ["172.16.0.9"]), ("10.2.0.0/26", ["192.168.1.1"])])
        )
        #expect(report.unreachable == 2 && report.writes == 0)
        async let _: Void = keeper.run()
        try netlink.addRoute(
            Route(
                to: try #require(Prefix("172.16.0.0/16")),
                via: [NextHop(gateway: Address("192.168.1.9"))],
                protocol: .administrator
            )
        )
        try await eventually(["10.1.0.0/26 192.168.1.9@1024"]) { try self.ours() }
    }

    @Test("routes that a link took along come back with it")
    func linkDown() async throws {
        let keeper = try keeper()
        _ = try await keeper.apply(
            changes([("10.1.0.0/26", ["192.168.1.2"]), ("fd10::/122", ["fd00:1::2"])])
        )
        async let _: Void = keeper.run()
        let all = try ours()
        var netlink = try NetlinkSocket(in: namespace)
        _ = try netlink.deleteLink(named: "eth0")
        try await eventually([]) { try self.ours() }
        try addEthernet()
        try await eventually(all) { try self.ours() }
    }

    @Test("the agent's routes give way to learnt ones and are there when those go")
    func floor() async throws {
        let executor = try namespace.run { try ThreadExecutor() }
        executors.append(executor)
        let agent = RouteKeeper(executor: executor)
        func node(_ name: String, _ last: Int) throws -> Node {
            Node(
                name: name,
                attachments: [.v4: try #require(Node.Attachment("192.168.1.\(last)/24"))]
            )
        }
        let block = try #require(Prefix("10.1.0.0/26"))
        let own = try #require(Prefix("10.1.0.64/26"))
        let borrowed = try #require(Address("10.1.0.70"))
        let topology = Topology(
            thisNode: "here",
            nodes: ["here": try node("here", 1), "near": try node("near", 2)],
            blocks: [
                Block(prefix: block, node: "near"),
                Block(prefix: own, node: "here", borrowed: [borrowed: "near"]),
            ],
            pools: [Pool(prefix: try #require(Prefix("10.0.0.0/8")))]
        )
        _ = try await agent.apply(topology)
        let keeper = try keeper()
        // By another way than the agent's, so that it shows which is used.
        _ = try await keeper.apply(changes([("10.1.0.0/26", ["192.168.1.3"])]))
        #expect(try way(to: "10.1.0.5") == "192.168.1.3")
        #expect(try await agent.apply(topology).writes == 0)
        _ = try await keeper.apply(changes([("10.1.0.0/26", [])]))
        #expect(try way(to: "10.1.0.5") == "192.168.1.2")
        // A blackhole hides neither a borrowed address nor what is learnt of its block.
        #expect(try way(to: "10.1.0.70") == "192.168.1.2")
        #expect(try way(to: "10.1.0.71") == nil)
        _ = try await keeper.apply(changes([("10.1.0.64/26", ["192.168.1.3"])]))
        #expect(try way(to: "10.1.0.71") == "192.168.1.3")
    }

    /// The gateway that the routes of the main table name for an address; `nil` for none.
    private func way(to text: String) throws -> String? {
        let address = try #require(Address(text))
        var netlink = try NetlinkSocket(in: namespace)
        let best = try netlink.routes(.v4, RouteFilter(table: .main))
            .filter { $0.destination.contains(address) }
            .min { ($1.destination.length, $0.priority) < ($0.destination.length, $1.priority) }
        return best?.nextHops.first?.gateway.map { "\($0)" }
    }

    @Test("100,000 routes go in within seconds, and a restart touches none")
    func many() async throws {
        let gateways = try (2..<34).map { try #require(Address("192.168.1.\($0)")) }
        var changes: [Prefix: LearntRoute?] = [:]
        for index in 0..<100_000 {
            let prefix = Prefix(Address(v4: 0x1400_0000 + UInt32(index) << 8), length: 24)
            changes[try #require(prefix)] = .some(
                LearntRoute(via: [Gateway(gateways[index % gateways.count])])
            )
        }
        let first = try keeper()
        let report = try await first.apply(changes)
        #expect(report.added == 100_000)
        #expect(report.refused.isEmpty)
        let second = try keeper()
        #expect(try await second.apply(changes).writes == 0)
        #expect(try await second.sweep().writes == 0)
    }
}
