import BPF
import CBPFABI
import Compile
import Linux
import Model
import Netlink
import Support
import Testing

@testable import Dataplane

/// Real maps, programs and links, each test on a node of its own.
@Suite(.enabled(if: TestPlatform.hasNamespaces, "needs root"))
final class KernelTests {
    private let node: TestNode
    private let podA: NetworkNamespace
    private let podB: NetworkNamespace

    init() throws {
        node = try TestNode()
        podA = try NetworkNamespace.create()
        podB = try NetworkNamespace.create()
    }

    /// A started dataplane with pods A and B, live under the changes.
    private func start(
        _ changes: DataplaneChange...,
        sizes: [MapName: Int] = [:]
    ) async throws -> Dataplane {
        if node.pinnedLinks.isEmpty {
            try node.connect("cali-a", to: podA)
            try node.connect("cali-b", to: podB)
        }
        let dataplane = try node.dataplane(sizes: sizes)
        try await dataplane.start()
        try await dataplane.register(.podA)
        try await dataplane.register(.podB)
        for change in changes { _ = try await dataplane.apply(change) }
        return dataplane
    }

    private func linkProgram(_ name: String) throws -> UInt32 {
        let path = try #require(node.pinnedLinks.first { $0.hasPrefix(name) })
        return try BPF.Link(pinned: "\(node.root)/links/\(path)").state().programID
    }

    @Test("a restart with nothing new writes nothing, and no link is ever without a program")
    func restart() async throws {
        let first = try await start(.twoPods)
        try await first.waitUntilLive(.podB, timeout: .seconds(5))
        let before = try await first.snapshot()
        let (links, program) = (node.pinnedLinks, try linkProgram("from_workload"))
        #expect(links.count == 4, "two programs on each of two links")
        await first.stop()
        let meanwhile = try linkProgram("from_workload")
        #expect(meanwhile == program, "it goes on without an agent")

        let second = try await start()
        let report = try await second.apply(.twoPods)
        #expect(report.mapWrites == 0)
        #expect(report.comparedWithKernel)
        #expect(node.pinnedLinks == links)
        let renewed = try linkProgram("from_workload")
        #expect(renewed != program, "the new agent's program took the old one's place")
        let after = try await second.snapshot()
        #expect(after.endpoints == before.endpoints)
        #expect(try await second.statistics().mapWrites.isEmpty)
    }

    @Test(
        "an agent that ends between any two writes leaves what its successor completes",
        arguments: [Switch.policy, .form]
    )
    func crash(_ change: Switch) async throws {
        let dataplane = try node.dataplane()
        try await dataplane.start()
        await dataplane.stop()
        try expectRecovery(from: change, over: KernelMaps(pinnedIn: "\(node.root)/maps"))
    }

    @Test("a full map is named, and everything stays as it was")
    func full() async throws {
        let dataplane = try await start(.twoPods, sizes: [.verdicts: 10])
        var change = DataplaneChange()
        change.programsAdded = [.allowing([5], id: 200)]
        change.endpoints = [.a: EndpointPrograms(id: .podA, ingress: 200, egress: 1)]
        await #expect(
            throws: DataplaneError.mapFull(.verdicts, object: "program 200", limit: 10)
        ) {
            try await dataplane.apply(change)
        }
        let statistics = try await dataplane.statistics()
        #expect(statistics.fullMaps == [.verdicts: 1])
        #expect(!statistics.isCurrent)
        let entry = try await dataplane.snapshot().endpoints.first { $0.address == .a }
        #expect(entry?.ingressProgram == 100)

        var back = DataplaneChange()
        back.endpoints = [.a: EndpointPrograms(id: .podA, ingress: 100, egress: 1)]
        back.programsRemoved = [200]
        _ = try await dataplane.apply(back)
        try await dataplane.waitUntilLive(.podA, timeout: .zero)
    }

    @Test("an endpoint waits for its link; when the link goes, its entries go")
    func links() async throws {
        let dataplane = try node.dataplane()
        try await dataplane.start()
        async let _: Void = dataplane.run()
        try await dataplane.register(.podA)
        _ = try await dataplane.apply(.twoPods)
        await #expect(
            throws: DataplaneError.notLive(.podA, reason: "interface cali-a is missing")
        ) {
            try await dataplane.waitUntilLive(.podA, timeout: .milliseconds(1))
        }

        async let live: Void = dataplane.waitUntilLive(.podA, timeout: .seconds(10))
        try node.connect("cali-a", to: podA)
        try await live
        #expect(node.pinnedLinks.count == 2)

        var netlink = try node.socket()
        _ = try netlink.deleteLink(named: "cali-a")
        try await eventually(0) { try await dataplane.snapshot().endpoints.count }
        try await eventually([]) { node.pinnedLinks }

        try node.connect("cali-a", to: podA)
        try await dataplane.waitUntilLive(.podA, timeout: .seconds(10))
        await dataplane.stop()
    }

    @Test("interfaces of the node get their programs when they appear, others never")
    func dataInterfaces() async throws {
        let peer = try NetworkNamespace.create()
        try node.connect("eth0.1", to: peer)
        let dataplane = try node.dataplane()
        try await dataplane.start()
        #expect(node.pinnedLinks.count == 2)
        #expect(node.pinnedLinks.allSatisfy { $0.hasSuffix("-eth0_1") })

        async let _: Void = dataplane.run()
        let other = try NetworkNamespace.create()
        try node.connect("other0", to: other)
        let late = try NetworkNamespace.create()
        try node.connect("eth1", to: late)
        try await eventually(4) { node.pinnedLinks.count }
        await dataplane.stop()
    }

    @Test("the second of two pods with one address is told so, and the first works on")
    func conflict() async throws {
        let dataplane = try await start(.twoPods)
        let podC = try NetworkNamespace.create()
        try node.connect("cali-c", to: podC)
        try await dataplane.register(.local(.podC, "cali-c", [.a]))
        await #expect(throws: DataplaneError.addressInUse(.a, owner: .podA, other: .podC)) {
            try await dataplane.waitUntilLive(.podC, timeout: .seconds(10))
        }
        try await dataplane.waitUntilLive(.podA, timeout: .zero)
        let waiting = try await dataplane.snapshot().waiting
        #expect(waiting.keys.first == .podC)
    }

    @Test("the node's own addresses and moves of its routes reach the kernel")
    func addressesAndRoutes() async throws {
        let peer = try NetworkNamespace.create()
        try node.connect("eth0", to: peer)
        let dataplane = try node.dataplane()
        try await dataplane.start()
        async let _: Void = dataplane.run()
        let maps = KernelMaps(pinnedIn: "\(node.root)/maps")
        let address = Address(v4: 0xc0a8_0101)

        var netlink = try node.socket()
        let link = try #require(try netlink.link(named: "eth0"))
        try netlink.addAddress(
            InterfaceAddress(interface: link.index, address: address, prefixLength: 24)
        )
        try await eventually(true) {
            try maps.value(of: cara_addr(address), in: Maps.locals) != nil
        }
        let before = try maps.value(of: 0, in: Maps.generations) ?? 0
        try netlink.addRoute(
            Route(to: .v4(0x0a01_0000, 26), via: [NextHop(gateway: Address(v4: 0xc0a8_0102))])
        )
        try await eventually(true) {
            try maps.value(of: 0, in: Maps.generations) ?? 0 > before
        }
        try netlink.deleteAddress(
            InterfaceAddress(interface: link.index, address: address, prefixLength: 24)
        )
        try await eventually(true) {
            try maps.value(of: cara_addr(address), in: Maps.locals) == nil
        }
        await dataplane.stop()
    }

    @Test("settings are written once, and moving the host action judges all anew")
    func settings() async throws {
        let dataplane = try await start(.twoPods)
        let maps = KernelMaps(pinnedIn: "\(node.root)/maps")
        let slot = try #require(try await dataplane.snapshot().endpoints.first?.slot)
        let before = try maps.value(of: slot, in: Maps.generations) ?? 0
        try await dataplane.apply(Settings(dropEvents: 1000))
        #expect(try maps.value(of: slot, in: Maps.generations) == before)
        try await dataplane.apply(Settings(endpointToHost: .accept))
        #expect(try maps.value(of: slot, in: Maps.generations) == before + 1)
        #expect(try maps.value(of: 0, in: Maps.settings)?.endpoint_to_host == 1)
    }

    @Test("an audit finds what was changed in the kernel's own maps, and puts it right")
    func audit() async throws {
        let dataplane = try await start(.twoPods)
        let maps = KernelMaps(pinnedIn: "\(node.root)/maps")
        #expect(try await dataplane.auditAll(.repair) == [])

        let verdict = cara_verdict_key(program: 100, group: 1, port_group: 1, sport_group: 0)
        try maps.remove([verdict], from: Maps.verdicts)
        try maps.set([(cara_class_key(.v4(0x0a00_0100, 24)), 6)], in: Maps.classes)
        try maps.set([(cara_class_key(.v4(0x0a00_0000, 8)), 6)], in: Maps.classes)
        let told = try await dataplane.auditAll(.report)
        #expect(told.count { $0.map == .classes } == 2)
        #expect(told.count { $0.map == .verdicts && $0.found == nil } == 1)
        #expect(told.count == 3)

        #expect(try await dataplane.auditSlice() == told, "small maps are one slice")
        #expect(try await dataplane.auditAll(.repair) == [])
        #expect(try maps.value(of: verdict, in: Maps.verdicts)?.action == 1)
        let classes = try maps.entries(of: Maps.classes).map(\.value).sorted()
        #expect(classes == [5, 6])
        let statistics = try await dataplane.statistics()
        #expect(statistics.differences == [.classes: 2, .verdicts: 1])
        #expect(statistics.auditPasses == 1)
    }

    @Test("a trace makes a packet's look-ups, and says what it found")
    func trace() async throws {
        let dataplane = try await start(.twoPods)
        func flow(_ source: UInt32, _ port: UInt16) -> Flow {
            Flow(
                source: Address(v4: source),
                destination: .a,
                protocol: .tcp,
                sourcePort: 40_000,
                destinationPort: port
            )
        }
        let allowed = try #require(try await dataplane.trace(flow(0x0a00_0105, 80), .ingress))
        #expect(allowed.isAllowed && allowed.program == 100)
        #expect(
            allowed.steps.map(\.map) == [
                .endpoints, .programs, .classes, .groups, .ports, .verdicts,
            ]
        )
        #expect(allowed.steps.allSatisfy { $0.value != nil })
        #expect(allowed.steps[2].value == "5")

        let otherPort = try await dataplane.trace(flow(0x0a00_0105, 81), .ingress)
        #expect(otherPort?.isAllowed == false)
        #expect(otherPort?.steps[4].value == nil, "the program's default port group")
        let otherClass = try await dataplane.trace(flow(0x0a00_0205, 80), .ingress)
        #expect(otherClass?.isAllowed == false)
        #expect(try await dataplane.trace(flow(0x0a00_0105, 80), .egress) == nil)

        let maps = KernelMaps(pinnedIn: "\(node.root)/maps")
        let key = cara_verdict_key(program: 100, group: 1, port_group: 1, sport_group: 0)
        try maps.remove([key], from: Maps.verdicts)
        let broken = try await dataplane.trace(flow(0x0a00_0105, 80), .ingress)
        #expect(broken?.isAllowed == false && broken?.reason == "the tables are incomplete")
    }

    @Test("every map of the programs is one that an audit looks at or says why not")
    func allMaps() async throws {
        let dataplane = try await start(.twoPods)
        // What the programs keep for themselves: nothing there is right or wrong.
        let own: Set = [
            "cara_frags", "cara_counters", "cara_events", "cara_meters", "cara_scratch",
            "cara_search",
        ]
        #expect(node.pinnedMaps == own.union(MapName.allCases.map(\.rawValue)))
        await dataplane.stop()
    }

    @Test("counters have every reason; there are no connections yet")
    func reading() async throws {
        let dataplane = try await start(.twoPods)
        let counters = try await dataplane.counters()
        #expect(counters.map(\.reason) == Reason.all)
        #expect(try await dataplane.connectionCount() == 0)
        #expect(try await dataplane.sweepConnections() == SweepReport())
    }

    @Test("a pattern that is none is refused by its name")
    func badPattern() async throws {
        let dataplane = try node.dataplane(pattern: "^(eth")
        await #expect {
            try await dataplane.start()
        } throws: { error in
            "\(error)".hasPrefix("bpfDataIfacePattern is \"^(eth\"")
        }
        await #expect(throws: DataplaneError.notStarted) {
            try await dataplane.apply(DataplaneChange())
        }
    }
}
