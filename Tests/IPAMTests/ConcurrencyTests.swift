internal import Datastore
internal import IPAM
internal import JSON
internal import Model
internal import Resources
internal import Support
internal import Testing

/// Several clients, as several processes would have, on one store.
@Suite("clients at once")
struct ConcurrencyTests {
    private static let nodes = ["a", "b", "c"]

    /// Assigns and releases one address at a time; what it holds at the end.
    private func work(
        _ ipam: IPAM,
        node: String,
        client: Int,
        seed: UInt64
    ) async throws -> [Address] {
        var random = SeededRandom(seed: seed)
        var held: [(handle: String, address: Address)] = []
        for step in 0..<60 {
            if held.count < 4 || Bool.random(using: &random) {
                let handle = "net.\(client)-\(step)"
                let request = AssignRequest(node: node, num4: 1, handle: handle)
                let assignment = await ipam.autoAssign(request, now: Fixture.start)
                if let failure = assignment.failure { throw failure }
                for address in assignment.addresses { held.append((handle, address)) }
            } else {
                let index = held.indices.randomElement(using: &random) ?? 0
                let (handle, address) = held.remove(at: index)
                if Bool.random(using: &random) {
                    try await ipam.release(handle: handle, now: Fixture.start)
                } else {
                    let release = Release(address, handle: handle)
                    let left = try await ipam.release([release], now: Fixture.start)
                    #expect(left.isEmpty)
                }
            }
        }
        return held.map(\.address)
    }

    @Test("no address is handed out twice and none is lost", arguments: 1...6)
    func clients(seed: Int) async throws {
        // Few and small blocks, so that clients meet: on one node, and by borrowing.
        let fixture = try await Fixture(
            nodes: Self.nodes,
            pools: ["pool": ["cidr": "10.65.0.0/25", "blockSize": 28]]
        )
        let held = try await withThrowingTaskGroup(of: [Address].self) { group in
            for client in 0..<6 {
                let ipam = IPAM(store: fixture.store)
                let node = Self.nodes[client % Self.nodes.count]
                group.addTask {
                    try await work(
                        ipam,
                        node: node,
                        client: client,
                        seed: UInt64(seed * 100 + client)
                    )
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        #expect(Set(held).count == held.count, "seed \(seed)")
        let report = try await IPAM(store: fixture.store).check()
        #expect(report.problems.isEmpty, "seed \(seed)")
        #expect(report.addressesInUse == held.count, "seed \(seed)")
        #expect(report.handles == held.count, "seed \(seed)")
    }

    @Test("calls on one client at once are served in turn")
    func oneClient() async throws {
        let fixture = try await Fixture(nodes: ["a"], pools: ["pool": ["cidr": "10.65.0.0/24"]])
        let ipam = IPAM(store: fixture.store)
        let addresses = await withTaskGroup(of: [Address].self) { group in
            for index in 0..<200 {
                group.addTask {
                    let request = AssignRequest(node: "a", num4: 1, handle: "net.\(index)")
                    return await ipam.autoAssign(request, now: Fixture.start).addresses
                }
            }
            return await group.reduce(into: []) { $0 += $1 }
        }
        #expect(addresses.count == 200)
        #expect(Set(addresses).count == 200)
        #expect(try await ipam.check().problems.isEmpty)
    }

    @Test("a client with an old cache gives no wrong answer")
    func staleCache() async throws {
        let fixture = try await Fixture(
            nodes: ["a"],
            pools: ["pool": ["cidr": "10.65.0.0/30", "blockSize": 30]]
        )
        let (first, second) = (IPAM(store: fixture.store), IPAM(store: fixture.store))
        let request = AssignRequest(node: "a", num4: 2, handle: "net.1")
        let taken = await first.autoAssign(request, now: Fixture.start).addresses
        let more = await second.autoAssign(request, now: Fixture.start).addresses
        #expect(Set(taken + more).count == 4)
        // The first client believes that two are free, the second that none is.
        let full = await first.autoAssign(request, now: Fixture.start)
        #expect(full.addresses.isEmpty)
        #expect(full.failure == nil)
        try await first.release(taken.map { Release($0) }, now: Fixture.start)
        #expect(await second.autoAssign(request, now: Fixture.start).addresses.count == 2)
        // Pools are not cached at all.
        try await fixture.replace(
            .calico("IPPool"),
            "pool",
            spec: ["cidr": "10.65.0.0/30", "blockSize": 30, "disabled": true]
        )
        let disabled = await first.autoAssign(request, now: Fixture.start)
        #expect(disabled.addresses.isEmpty)
        #expect(disabled.failure != nil)
    }
}
