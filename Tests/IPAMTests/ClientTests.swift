internal import Datastore
internal import IPAM
internal import JSON
internal import Model
internal import Resources
internal import Testing

@Suite("allocation")
struct ClientTests {
    private let now = Fixture.start

    @Test("an empty block of another node is taken over after a minute, not before")
    func reclaim() async throws {
        let fixture = try await Fixture(
            nodes: ["a", "b"],
            pools: ["pool": ["cidr": "10.65.0.0/30", "blockSize": 30]]
        )
        let ipam = IPAM(store: fixture.store)
        try await ipam.configure(
            {
                var configuration = IPAMConfiguration()
                configuration.strictAffinity = true
                return configuration
            }()
        )
        _ = try await ipam.claimAffinity(try #require(Prefix("10.65.0.0/30")), node: "a", now: now)
        let request = AssignRequest(node: "b", num4: 1, handle: "net.1")
        let early = await ipam.autoAssign(request, now: Timestamp(seconds: 1_700_000_059))
        #expect(early.addresses.isEmpty)
        let late = await ipam.autoAssign(request, now: Timestamp(seconds: 1_700_000_060))
        #expect(late.addresses.count == 1)
        #expect(try await ipam.check().problems.isEmpty)
        #expect(try await ipam.check().affinities == 1)
    }

    @Test("a cooling address is not handed out, nor its block given away")
    func cooldown() async throws {
        let fixture = try await Fixture(
            nodes: ["a", "b"],
            pools: ["pool": ["cidr": "10.65.0.0/32", "blockSize": 32]]
        )
        let ipam = IPAM(store: fixture.store)
        var configuration = IPAMConfiguration()
        configuration.cooldown = .seconds(300)
        try await ipam.configure(configuration)
        let request = AssignRequest(node: "a", num4: 1, handle: "net.1")
        let first = await ipam.autoAssign(request, now: now)
        #expect(first.addresses.count == 1)
        try await ipam.release(handle: "net.1", now: now)
        let other = AssignRequest(node: "b", num4: 1, handle: "net.2")
        let early = await ipam.autoAssign(other, now: Timestamp(seconds: 1_700_000_299))
        #expect(early.addresses.isEmpty)
        let late = await ipam.autoAssign(other, now: Timestamp(seconds: 1_700_000_300))
        #expect(late.addresses == first.addresses)
    }

    @Test("a handle's own limit is kept")
    func perHandle() async throws {
        let fixture = try await Fixture(nodes: ["a"], pools: ["pool": ["cidr": "10.65.0.0/24"]])
        let ipam = IPAM(store: fixture.store)
        var request = AssignRequest(node: "a", num4: 1, handle: "net.ns-vm")
        request.maxPerHandle = 1
        #expect(await ipam.autoAssign(request, now: now).addresses.count == 1)
        #expect(await ipam.autoAssign(request, now: now).addresses.isEmpty)
        #expect(try await ipam.addresses(of: "net.ns-vm").count == 1)
    }

    @Test("a node without blocks gets one, and the same again")
    func ensureBlock() async throws {
        let fixture = try await Fixture(nodes: ["a"], pools: ["pool": ["cidr": "10.65.0.0/24"]])
        let ipam = IPAM(store: fixture.store)
        let block = try await ipam.ensureBlock(.v4, node: "a", now: now)
        #expect(try await ipam.ensureBlock(.v4, node: "a", now: now) == block)
        #expect(try await ipam.check().blocks == 1)
    }

    @Test("LoadBalancer addresses live in blocks of no node, which go when empty")
    func loadBalancer() async throws {
        let fixture = try await Fixture(
            nodes: [],
            pools: [
                "pool": ["cidr": "10.65.0.0/28", "blockSize": 30, "allowedUses": ["LoadBalancer"]]
            ]
        )
        let ipam = IPAM(store: fixture.store)
        var request = AssignRequest(node: "", num4: 5, handle: "lb-1")
        request.use = .loadBalancer
        #expect(await ipam.autoAssign(request, now: now).addresses.count == 5)
        let blocks = try await ipam.utilization().flatMap(\.blocks)
        #expect(blocks.allSatisfy { $0.affinity == .loadBalancer })
        try await ipam.release(handle: "lb-1", forgettingHandle: true, now: now)
        #expect(try await ipam.check() == IPAMReport.empty)
    }

    @Test("giving up a pool's blocks leaves addresses in use in them")
    func releasePool() async throws {
        let fixture = try await Fixture(
            nodes: ["a"],
            pools: ["one": ["cidr": "10.65.0.0/26"], "two": ["cidr": "10.66.0.0/26"]]
        )
        let ipam = IPAM(store: fixture.store)
        var request = AssignRequest(node: "a", num4: 1, handle: "net.1")
        request.pools4 = ["one"]
        _ = await ipam.autoAssign(request, now: now)
        request.pools4 = ["10.66.0.0/26"]
        _ = await ipam.autoAssign(request, now: now)
        try await ipam.releasePoolAffinities(try #require(Prefix("10.65.0.0/26")))
        let blocks = try await ipam.utilization().flatMap(\.blocks)
        #expect(blocks.map(\.affinity) == [nil, .host("a")])
        #expect(blocks.map(\.inUse) == [1, 1])
        // The last address takes the block that is nobody's with it.
        try await ipam.release(handle: "net.1", now: now)
        #expect(try await ipam.utilization().flatMap(\.blocks).count == 1)
    }

    @Test("contradictory configuration is refused")
    func configuration() async throws {
        let fixture = try await Fixture(nodes: [], pools: [:])
        let ipam = IPAM(store: fixture.store)
        var configuration = IPAMConfiguration()
        configuration.maxBlocksPerHost = 2
        await #expect(throws: IPAMError.self) { try await ipam.configure(configuration) }
        configuration.strictAffinity = true
        try await ipam.configure(configuration)
        #expect(try await ipam.configuration() == configuration)
    }

    @Test("what is broken in the store is reported")
    func check() async throws {
        let fixture = try await Fixture(nodes: ["a"], pools: ["pool": ["cidr": "10.65.0.0/24"]])
        let ipam = IPAM(store: fixture.store)
        _ = await ipam.autoAssign(AssignRequest(node: "a", num4: 1), now: now)
        try await fixture.replace(
            .calico("IPAMHandle"),
            "lost",
            spec: ["handleID": "lost", "block": ["10.65.0.0/26": 2]]
        )
        try await fixture.replace(
            .calico("BlockAffinity"),
            "b-10-65-9-0-26",
            spec: ["node": "b", "cidr": "10.65.9.0/26", "state": "pending"]
        )
        try await fixture.replace(.calico("IPAMBlock"), "odd", spec: ["cidr": "x"])
        let problems = try await ipam.check().problems
        let block = try #require(Prefix("10.65.0.0/26"))
        let other = try #require(Prefix("10.65.9.0/26"))
        #expect(problems.contains(.leakedHandle("lost", block: block, counted: 2)))
        #expect(problems.contains(.affinityWithoutBlock(other, owner: .host("b"))))
        #expect(problems.contains { if case .noHandle = $0 { true } else { false } })
        #expect(problems.contains { if case .corrupt = $0 { true } else { false } })
        #expect(problems.count == 4)
    }
}
