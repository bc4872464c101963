internal import Datastore
internal import IPAM
internal import JSON
internal import Model
internal import Resources
internal import Testing

/// A process that dies between any two writes leaves what ``IPAM/check()`` names and the next call
/// puts right.
@Suite("crashes")
struct CrashTests {
    private let pools: [String: JSONValue] = ["pool": ["cidr": "10.65.0.0/28", "blockSize": 30]]

    /// What a process was doing when it died.
    enum Work: String, CaseIterable {
        case assign, assignAddress, release, releaseHandle, claim, giveUp, giveUpInUse
    }

    private func run(_ work: Work, on ipam: IPAM) async throws {
        let now = Fixture.start
        let address = Address(v4: 0x0a41_0001)
        switch work {
        case .assign:
            let request = AssignRequest(node: "a", num4: 1, handle: "net.new")
            let assignment = await ipam.autoAssign(request, now: now)
            if let failure = assignment.failure { throw failure }
        case .assignAddress:
            let request = AddressRequest(address, node: "a", handle: "net.new")
            try await ipam.assign(request, now: now)
        case .release:
            try await ipam.release([Release(address)], now: now)
        case .releaseHandle:
            try await ipam.release(handle: "net.old", now: now)
        case .claim:
            _ = try await ipam.claimAffinity(
                try #require(Prefix("10.65.0.8/29")),
                node: "a",
                now: now
            )
        case .giveUp:
            try await ipam.releaseHostAffinities(.host("a"), mustBeEmpty: true)
        case .giveUpInUse:
            try await ipam.removeHost("a")
        }
    }

    private func prepare(_ work: Work, _ fixture: Fixture) async throws {
        let ipam = IPAM(store: fixture.store)
        switch work {
        case .assign, .assignAddress, .claim: break
        case .release, .releaseHandle, .giveUpInUse:
            let request = AddressRequest(Address(v4: 0x0a41_0001), node: "a", handle: "net.old")
            try await ipam.assign(request, now: Fixture.start)
        case .giveUp:
            let cidr = try #require(Prefix("10.65.0.0/29"))
            _ = try await ipam.claimAffinity(cidr, node: "a", now: Fixture.start)
        }
    }

    @Test("the next call repairs what a crash left", arguments: Work.allCases)
    func repair(work: Work) async throws {
        var writes = 0
        var isDone = false
        while !isDone {
            let fixture = try await Fixture(nodes: ["a", "b"], pools: pools)
            try await prepare(work, fixture)
            let dying = DyingDatastore(fixture.store, writes: writes)
            _ = try? await run(work, on: IPAM(store: dying))
            isDone = !dying.isDead
            try await checkRepaired(fixture, work, writes: writes)
            writes += 1
            #expect(writes < 40)
        }
        #expect(writes > 1)
    }

    private func checkRepaired(_ fixture: Fixture, _ work: Work, writes: Int) async throws {
        let ipam = IPAM(store: fixture.store)
        let where_ = "\(work) died after \(writes) writes"
        let crashed = try await ipam.check()
        for problem in crashed.problems { #expect(isSafe(problem), "\(problem), \(where_)") }
        // Everything that can be held is held once, whatever the crash left.
        var held: [Address] = []
        for node in ["a", "b"] {
            let request = AssignRequest(node: node, num4: 16, handle: "net.rest-\(node)")
            let assignment = await ipam.autoAssign(request, now: Fixture.start)
            #expect(assignment.failure == nil, "\(where_)")
            held += assignment.addresses
        }
        #expect(Set(held).count == held.count)
        #expect(held.count + crashed.addressesInUse == 16, "\(where_)")
        for handle in ["net.rest-a", "net.rest-b", "net.old", "net.new"] {
            try await forget(handle, ipam)
        }
        try await ipam.removeHost("a")
        try await ipam.removeHost("b")
        let repaired = try await ipam.check()
        #expect(repaired.problems.isEmpty, "\(where_)")
        #expect(repaired.handles == 0, "\(where_)")
        #expect(repaired.blocks == 0, "\(where_)")
        #expect(repaired.affinities == 0, "\(where_)")
    }

    private func forget(_ handle: String, _ ipam: IPAM) async throws {
        do throws(IPAMError) {
            try await ipam.release(handle: handle, forgettingHandle: true, now: Fixture.start)
        } catch {
            guard case .notFound = error else { throw error }
        }
    }

    /// Problems that cost nothing but tidiness: never a count that is too low or a block in doubt.
    private func isSafe(_ problem: IPAMProblem) -> Bool {
        switch problem {
        case .leakedHandle, .handleCountHigh, .affinityWithoutBlock, .affinityUnconfirmed,
            .affinityMismatch:
            true
        case .handleCountLow, .noHandle, .blockWithoutAffinity, .overlap, .blockWithoutPool,
            .blockOfUnknownNode, .abandonedBlock, .lostAddresses, .corrupt:
            false
        }
    }
}
