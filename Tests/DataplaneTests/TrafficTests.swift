import CBPFABI
import Compile
import Dataplane
import Linux
import Model
import Netlink
import Support
import Testing

/// Packets between two pods of one node under the real programs.
@Suite(.enabled(if: TestPlatform.hasNamespaces, "needs root"))
final class TrafficTests {
    private let node: TestNode
    private let podA: NetworkNamespace
    private let podB: NetworkNamespace
    private let dataplane: Dataplane
    private static let rule = RuleName(
        tier: "default",
        owner: .policy(PolicyID(kind: .networkPolicy, namespace: "default", name: "web")),
        direction: .ingress,
        index: 0
    )

    init() async throws {
        node = try TestNode()
        podA = try NetworkNamespace.create()
        podB = try NetworkNamespace.create()
        dataplane = try node.dataplane()
        try node.connect("cali-a", to: podA)
        try node.connect("cali-b", to: podB)
        try Self.configure(podA, .a)
        try Self.configure(podB, .b)
        try await dataplane.start()
        try await dataplane.register(.podA)
        try await dataplane.register(.local(.podB, "cali-b", [.b]))
    }

    /// The inside of a pod as the CNI plugin leaves it.
    private static func configure(
        _ pod: borrowing NetworkNamespace,
        _ address: Address
    ) throws {
        var netlink = try NetlinkSocket(in: pod)
        let link = try #require(try netlink.link(named: "eth0"))
        let gateway = try #require(Address("169.254.1.1"))
        try netlink.setLink(link.index, LinkChange(isUp: true))
        try netlink.addAddress(InterfaceAddress(interface: link.index, address: address))
        try netlink.setNeighbour(
            Neighbour(interface: link.index, address: gateway, mac: MAC("ee:ee:ee:ee:ee:ee"))
        )
        try netlink.addRoute(Route(to: Prefix(gateway), via: [NextHop(interface: link.index)]))
        try netlink.addRoute(
            Route(
                to: try #require(Prefix("0.0.0.0/0")),
                via: [NextHop(gateway: gateway, interface: link.index)]
            )
        )
    }

    /// Pod B under a program that allows class 5, which is pod A, or nobody.
    private static func policy(allowing isAllowed: Bool, id: UInt32) -> DataplaneChange {
        var tables = ProgramTables(id: id)
        tables.groups = [5: 1]
        tables.verdicts = [
            .init(group: 0, portGroup: 0, sourcePortGroup: 0):
                .init(isAllowed: false, rule: 3, logRule: 0),
            .init(group: 1, portGroup: 0, sourcePortGroup: 0):
                .init(isAllowed: isAllowed, rule: 7, logRule: isAllowed ? 7 : 0),
        ]
        var change = DataplaneChange()
        change.programsAdded = [tables]
        change.classes = [Prefix(.a): 5, Prefix(.b): 6]
        change.endpoints = [
            .a: EndpointPrograms(id: .podA, ingress: 1, egress: 1),
            .b: EndpointPrograms(id: .podB, ingress: id, egress: 1),
        ]
        change.rules = [7: rule]
        return change
    }

    private func drops(_ name: String) async throws -> UInt64 {
        try await dataplane.counters().first { $0.reason.name == name }?.packets ?? 0
    }

    @Test("a pod is closed until its policy is live; a flow stops when its policy goes")
    func life() async throws {
        let sender = try UDPSocket(in: podA, .a, port: 5000)
        let receiver = try UDPSocket(in: podB, .b, port: 7000)
        try sender.send(to: .b, port: 7000)
        try await eventually(true) { try await self.closedDrops() > 0 }

        _ = try await dataplane.apply(Self.policy(allowing: true, id: 100))
        try await dataplane.waitUntilLive(.podB, timeout: .zero)
        try sender.send(to: .b, port: 7000)
        try await eventually(1) { receiver.drain() }

        let connection = try #require(
            try await dataplane.connections { $0.protocol == .udp }.first
        )
        #expect(connection.source == .a && connection.destinationPort == 7000)
        #expect(connection.ingressRule == 7)
        #expect(dataplane.name(ofRule: 7) == Self.rule)

        let before = try await drops("ingress_policy")
        var change = Self.policy(allowing: false, id: 101)
        change.programsRemoved = [100]
        _ = try await dataplane.apply(change)
        try sender.send(to: .b, port: 7000)
        try await eventually(true) { try await self.drops("ingress_policy") > before }
        #expect(receiver.drain() == 0)

        var back = Self.policy(allowing: true, id: 100)
        back.programsRemoved = [101]
        _ = try await dataplane.apply(back)
        try sender.send(to: .b, port: 7000)
        try await eventually(1) { receiver.drain() }
        #expect(try await dataplane.removeConnections { $0.protocol == .udp } == 1)
        #expect(try await dataplane.connectionCount() == 0)
    }

    @Test("a Log rule is told with the rule's name, a drop when drops are reported")
    func events() async throws {
        _ = try await dataplane.apply(Self.policy(allowing: true, id: 100))
        try await dataplane.apply(Settings(dropEvents: 1000))
        var events = try await dataplane.events().makeAsyncIterator()
        let sender = try UDPSocket(in: podA, .a, port: 5000)
        try sender.send(to: .b, port: 7000)
        let logged = try #require(await events.next())
        #expect(logged.kind == .logRule)
        #expect(logged.ruleName == Self.rule)
        #expect(logged.flow.source == .a && logged.flow.destinationPort == 7000)
        #expect(logged.direction == .ingress)

        let other = try UDPSocket(in: podB, .b, port: 9)
        _ = try await dataplane.apply(Self.policy(allowing: false, id: 101))
        try sender.send(to: .b, port: 9)
        let dropped = try #require(await events.next())
        #expect(dropped.kind == .drop)
        #expect(dropped.reason.name == "ingress_policy")
        #expect(other.drain() == 0)
    }

    @Test("what a rule let through and denied is counted, and survives the agent")
    func ruleCounts() async throws {
        let key = RuleKey(id: 7, direction: .ingress)
        let sender = try UDPSocket(in: podA, .a, port: 5000)
        let receiver = try UDPSocket(in: podB, .b, port: 7000)
        _ = try await dataplane.apply(Self.policy(allowing: true, id: 100))
        try sender.send(to: .b, port: 7000)
        try await eventually(1) { receiver.drain() }
        // The rule logs as well: once for that, once for the packet.
        let first = try #require(try await dataplane.ruleCounts(of: [key])[key])
        #expect(first.connections == 1 && first.packets == 2)
        #expect(try await dataplane.ruleCounts()[key] == first)

        var change = Self.policy(allowing: false, id: 101)
        change.programsRemoved = [100]
        _ = try await dataplane.apply(change)
        try sender.send(to: .b, port: 7000)
        try await eventually(UInt64(3)) {
            try await self.dataplane.ruleCounts(of: [key])[key]?.packets ?? 0
        }
        await dataplane.stop()

        let next = try node.dataplane()
        try await next.start()
        #expect(try await next.pruneRuleCounts() == 0, "nothing is known of rules yet")
        change.programsRemoved = []
        _ = try await next.apply(change)
        #expect(try await next.pruneRuleCounts() == 0)
        #expect(try await next.ruleCounts(of: [key])[key]?.packets == 3)
        var gone = DataplaneChange()
        gone.rules = [7: nil]
        _ = try await next.apply(gone)
        #expect(try await next.pruneRuleCounts() == 1)
        #expect(try await next.ruleCounts(of: [key])[key] == RuleCount())
        #expect(try await next.ruleCounts().keys.allSatisfy { $0.id != 7 })
        await next.stop()
    }

    private func closedDrops() async throws -> UInt64 {
        try await drops("not_ready") + drops("spoofed_source")
    }
}
