import CBPFABI
import Compile
import Model
import Testing

@testable import Dataplane

@Suite
struct LocalEndpointsTests {
    private let maps = MemoryMaps()

    @Test("an endpoint is live only with its interface, its policy and its registration")
    func liveness() throws {
        var reconciler = try Reconciler(maps: maps)
        #expect(
            reconciler.obstacle(of: .podA) == .notLive(.podA, reason: "it is not registered")
        )
        reconciler.local.register(.podA)
        #expect(
            reconciler.obstacle(of: .podA)
                == .notLive(.podA, reason: "interface cali-a is missing")
        )
        reconciler.local.setLink(.link(11), of: "cali-a")
        #expect(
            reconciler.obstacle(of: .podA)
                == .notLive(.podA, reason: "no policy is known for 10.0.0.1")
        )
        #expect(maps.writes.isEmpty, "nothing is written before the first change")
        _ = try reconciler.apply(.twoPods)
        #expect(reconciler.obstacle(of: .podA) == nil)
        #expect(maps.count(.endpoints) == 1, "pod B's interface is not known")

        reconciler.local.register(.podB)
        reconciler.local.setLink(.link(12), of: "cali-b")
        _ = try reconciler.refreshEndpoints()
        #expect(reconciler.obstacle(of: .podB) == nil)
        #expect(maps.count(.endpoints) == 3)
    }

    @Test("entries go with the interface and come back with it under a generation that moved")
    func vanish() throws {
        var reconciler = try Reconciler.withTwoPods(maps)
        _ = try reconciler.apply(.twoPods)
        let before = try #require(try entry(.a))
        let generation = try maps.value(of: before.slot, in: Maps.generations) ?? 0

        reconciler.local.setLink(nil, of: "cali-a")
        _ = try reconciler.refreshEndpoints()
        #expect(try entry(.a) == nil)
        #expect(maps.count(.ifaces) == 1)

        reconciler.local.setLink(.link(21), of: "cali-a")
        _ = try reconciler.refreshEndpoints()
        let after = try #require(try entry(.a))
        #expect(after.ifindex == 21)
        #expect(try maps.value(of: after.slot, in: Maps.generations) ?? 0 > generation)
    }

    @Test("slots survive a restart whatever the order; new endpoints take the lowest free")
    func slots() throws {
        var first = try Reconciler.withTwoPods(maps)
        _ = try first.apply(.twoPods)
        let (a, b) = try (#require(try entry(.a)).slot, #require(try entry(.b)).slot)
        #expect(Set([a, b]) == [1, 2])
        #expect(try entry(.b6)?.slot == b)

        var second = try Reconciler(maps: maps)
        second.local.register(.podB)
        second.local.register(.podA)
        second.local.register(.local(.podC, "cali-c", [Address(v4: 0x0a00_0003)]))
        for (index, name) in ["cali-a", "cali-b", "cali-c"].enumerated() {
            second.local.setLink(.link(11 + UInt32(index)), of: name)
        }
        var change = DataplaneChange.twoPods
        let c = Address(v4: 0x0a00_0003)
        change.endpoints[c] = EndpointPrograms(id: .podC, ingress: 100, egress: 1)
        _ = try second.apply(change)
        #expect(try entry(.a)?.slot == a)
        #expect(try entry(.b)?.slot == b)
        #expect(try entry(c)?.slot == 3)
        #expect(try maps.value(of: 3, in: Maps.generations) == 1, "a new owner moves the slot")
    }

    @Test("the first owner of an address keeps it; the other gets it when the owner goes")
    func conflict() throws {
        var reconciler = try Reconciler.withTwoPods(maps)
        _ = try reconciler.apply(.twoPods)
        let before = try #require(try entry(.a))
        reconciler.local.register(.local(.podC, "cali-c", [.a]))
        reconciler.local.setLink(.link(13), of: "cali-c")

        // The policy engine, which knows no order, prefers the newcomer.
        var change = DataplaneChange()
        change.endpoints = [.a: EndpointPrograms(id: .podC, ingress: 101, egress: 1)]
        change.programsRemoved = [100]
        let report = try reconciler.apply(change)
        #expect(
            report.conflicts == [AddressConflict(address: .a, owner: .podA, other: .podC)]
        )
        #expect(report.owners == [.a: .podA], "so that the policy engine learns of it")
        #expect(try entry(.a).map { sameBytes($0, before) } == true)
        #expect(maps.count(.programs) == 2, "the owner still needs its program")
        #expect(
            reconciler.obstacle(of: .podC)
                == .addressInUse(.a, owner: .podA, other: .podC)
        )

        reconciler.local.unregister(.podA)
        _ = try reconciler.refreshEndpoints()
        #expect(try entry(.a)?.ifindex == 13)
        #expect(reconciler.obstacle(of: .podC) == nil)
        _ = try reconciler.apply(DataplaneChange())
        #expect(maps.count(.programs) == 1, "nobody needs it now")
    }

    @Test("an endpoint without a link does not stand in the way of one that has it")
    func withoutLink() throws {
        var reconciler = try Reconciler(maps: maps)
        reconciler.local.register(.local(.podC, "cali-c", [.a]))
        reconciler.local.register(.podA)
        reconciler.local.setLink(.link(11), of: "cali-a")
        var change = DataplaneChange.twoPods
        change.endpoints[.a] = EndpointPrograms(id: .podC, ingress: 100, egress: 1)
        let report = try reconciler.apply(change)
        #expect(report.owners == [.a: .podA])
        #expect(
            report.conflicts == [AddressConflict(address: .a, owner: .podA, other: .podC)]
        )
        change = DataplaneChange()
        change.endpoints[.a] = EndpointPrograms(id: .podA, ingress: 100, egress: 1)
        #expect(try reconciler.apply(change).owners.isEmpty)
        #expect(try entry(.a)?.ifindex == 11)
    }

    @Test("at restart the owner is the one that the kernel has")
    func conflictAtRestart() throws {
        var first = try Reconciler.withTwoPods(maps)
        _ = try first.apply(.twoPods)
        var second = try Reconciler(maps: maps)
        second.local.register(.local(.podC, "cali-c", [.a]))
        second.local.register(.podA)
        second.local.register(.podB)
        for (index, name) in ["cali-a", "cali-b", "cali-c"].enumerated() {
            second.local.setLink(.link(11 + UInt32(index)), of: name)
        }
        maps.forgetWrites()
        _ = try second.apply(.twoPods)
        #expect(maps.writes.isEmpty)
        #expect(second.conflicts.map(\.owner) == [.podA])
    }

    @Test("foreign sources come before the flag that makes the programs look for them")
    func sources() throws {
        var reconciler = try Reconciler.withTwoPods(maps)
        _ = try reconciler.apply(.twoPods)
        maps.forgetWrites()
        var pod = Endpoint.podB
        pod.allowedSourcePrefixes = [.v4(0xc0a8_0000, 16)]
        reconciler.local.register(pod)
        _ = try reconciler.refreshEndpoints()
        #expect(
            maps.writes.map(\.map).filter { $0 != .generations } == [.spoof, .ifaces]
        )
        let iface = try #require(try maps.value(of: 12, in: Maps.ifaces))
        #expect(iface.flags == CARA_IFACE_SPOOF_PREFIXES.rawValue)
        #expect(iface.egress_program4 == 101)
        #expect(iface.egress_program6 == UInt32(CARA_PROGRAM_DENY_ALL))

        maps.forgetWrites()
        reconciler.local.register(.podB)
        _ = try reconciler.refreshEndpoints()
        #expect(
            maps.writes.map(\.map).filter { $0 != .generations } == [.ifaces, .spoof]
        )
    }

    @Test("a store that keeps no MAC leaves the kernel's")
    func unknownMAC() throws {
        var first = try Reconciler.withTwoPods(maps)
        _ = try first.apply(.twoPods)
        var second = try Reconciler.withTwoPods(maps)
        var pod = Endpoint.podA
        pod.mac = nil
        second.local.register(pod)
        maps.forgetWrites()
        _ = try second.apply(.twoPods)
        #expect(maps.writes.isEmpty)
    }

    private func entry(_ address: Address) throws -> cara_endpoint? {
        try maps.value(of: cara_addr(address), in: Maps.endpoints)
    }
}
