internal import IPAM
internal import JSON
internal import Model
internal import Support
internal import Testing

@Suite("blocks")
struct BlockTests {
    private let now = Fixture.start

    private func block(_ cidr: String = "10.65.0.0/29") throws -> Block {
        Block(cidr: try #require(Prefix(cidr)), affinity: .host("a"), now: now)
    }

    private func owner(_ handle: String?) -> AllocationAttributes {
        AllocationAttributes(handle: handle, owner: ["node": "a"])
    }

    private func addresses(_ texts: String...) throws -> [Address] {
        try texts.map { try #require(Address($0)) }
    }

    @Test("addresses come in ascending order from a fresh block")
    func ascending() throws {
        var block = try block()
        let taken = block.assign(count: 3, owner: owner("h"), reservations: Reservations())
        #expect(taken == (try addresses("10.65.0.0", "10.65.0.1", "10.65.0.2")))
        #expect(block.attributes.count == 1)
    }

    @Test("a released address is the last to be used again")
    func queue() throws {
        var block = try block()
        let taken = block.assign(count: 2, owner: owner("h"), reservations: Reservations())
        _ = try block.release([Release(taken[0])], cooldown: .zero, now: now)
        let rest = block.assign(count: 7, owner: owner("i"), reservations: Reservations())
        #expect(rest.count == 7)
        #expect(rest.last == taken[0])
        #expect(block.freeCount(Reservations()) == 0)
    }

    @Test("reserved addresses are passed over and keep their place")
    func reserved() throws {
        var block = try block()
        let reservations = Reservations([try #require(Prefix("10.65.0.0/31"))])
        #expect(block.freeCount(reservations) == 6)
        let taken = block.assign(count: 8, owner: owner(nil), reservations: reservations)
        #expect(taken.count == 6)
        let rest = block.assign(count: 8, owner: owner(nil), reservations: Reservations())
        #expect(rest == (try addresses("10.65.0.0", "10.65.0.1")))
    }

    @Test("a mismatch refuses the whole release")
    func mismatch() throws {
        var block = try block()
        let first = block.assign(count: 1, owner: owner("h"), reservations: Reservations())
        let second = block.assign(count: 1, owner: owner("i"), reservations: Reservations())
        let before = block
        #expect(throws: IPAMError.self) {
            try block.release(
                [Release(first[0], handle: "h"), Release(second[0], handle: "h")],
                cooldown: .zero,
                now: now
            )
        }
        #expect(throws: IPAMError.self) {
            let old = Release(first[0], sequenceNumber: 1)
            _ = try block.release([old], cooldown: .zero, now: now)
        }
        #expect(block == before)
    }

    @Test("an address rests for the cooldown and belongs to nobody meanwhile")
    func cooldown() throws {
        var block = try block("10.65.0.0/32")
        let taken = block.assign(count: 1, owner: owner("h"), reservations: Reservations())
        _ = block.release(handle: "h", cooldown: .seconds(30), now: now)
        #expect(block.inUse.isEmpty)
        #expect(!block.isEmpty)
        let early = Timestamp(seconds: 1_700_000_029)
        block.endCooldown(.seconds(30), now: early)
        #expect(block.assign(count: 1, owner: owner("i"), reservations: Reservations()).isEmpty)
        block = try Block(spec: block.spec)
        block.endCooldown(.seconds(30), now: Timestamp(seconds: 1_700_000_030))
        #expect(block.assign(count: 1, owner: owner("i"), reservations: Reservations()) == taken)
    }

    @Test("the spec has Calico's shape")
    func shape() throws {
        var block = try block("10.65.0.0/31")
        _ = block.assign(count: 1, owner: owner("net.c1"), reservations: Reservations())
        let number = Int64(1_700_000_000_000_000_000)
        let expected: JSONValue = [
            "cidr": "10.65.0.0/31",
            "affinity": "host:a",
            "affinityClaimTime": "2023-11-14T22:13:20Z",
            "allocations": [0, .null],
            "unallocated": [1],
            "attributes": [["handle_id": "net.c1", "secondary": ["node": "a"]]],
            "sequenceNumber": .int(number),
            "sequenceNumberForAllocation": ["0": .int(number)],
            "deleted": false,
            "strictAffinity": false,
        ]
        #expect(block.spec == expected)
        #expect(ObjectName.block(block.cidr) == "10-65-0-0-31")
        #expect(ObjectName.affinity(.host("a"), block.cidr) == "a-10-65-0-0-31")
    }

    @Test(
        "a spec that contradicts itself is refused",
        arguments: [
            #"{}"#,
            #"{"cidr": "10.0.0.0/8"}"#,
            #"{"cidr": "10.0.0.0/31", "allocations": [null]}"#,
            #"{"cidr": "10.0.0.0/31", "allocations": [0, null], "attributes": []}"#,
            #"{"cidr": "10.0.0.0/31", "allocations": [0, null], "attributes": [{}], "unallocated": [0]}"#,
            #"{"cidr": "10.0.0.0/31", "allocations": [null, null], "unallocated": [1, 1]}"#,
            #"{"cidr": "10.0.0.0/31", "allocations": [null, null], "unallocated": [0, 2]}"#,
        ]
    )
    func contradiction(text: String) throws {
        let spec = try JSONValue(parsing: text)
        #expect(throws: BlockFormatError.self) { try Block(spec: spec) }
    }

    @Test("random operations agree with a dictionary and a queue", arguments: 1...40)
    func random(seed: Int) throws {
        var random = SeededRandom(seed: UInt64(seed))
        var block = try block("10.65.0.0/28")
        var held: [Address: String] = [:]
        var queue = (0..<16).compactMap { block.cidr.address(at: $0) }
        for _ in 0..<200 {
            let handle = "h\(Int.random(in: 0..<4, using: &random))"
            switch Int.random(in: 0..<4, using: &random) {
            case 0, 1:
                let count = Int.random(in: 1...4, using: &random)
                let expected = Array(queue.prefix(count))
                queue.removeFirst(expected.count)
                for address in expected { held[address] = handle }
                let taken = block.assign(
                    count: count,
                    owner: owner(handle),
                    reservations: Reservations()
                )
                #expect(taken == expected, "seed \(seed)")
            case 2:
                let expected = held.keys.filter { held[$0] == handle }.sorted()
                for address in expected { held[address] = nil }
                queue += expected
                let released = block.release(handle: handle, cooldown: .zero, now: now)
                #expect(released.addresses == expected, "seed \(seed)")
            default:
                guard let address = held.keys.sorted().randomElement(using: &random) else { break }
                held[address] = nil
                queue.append(address)
                let releases = [Release(address), Release(address)]
                let released = try block.release(releases, cooldown: .zero, now: now)
                #expect(released.addresses == [address], "seed \(seed)")
            }
            #expect(try Block(spec: block.spec) == block, "seed \(seed)")
            #expect(Set(block.inUse.map(\.address)) == Set(held.keys), "seed \(seed)")
            #expect(block.attributes.count == Set(held.values).count, "seed \(seed)")
        }
    }
}

@Suite("ways through a pool")
struct BlockWalkTests {
    @Test(
        "a walk visits every block once",
        arguments: [
            ("10.0.0.0/24", 26), ("10.0.0.0/28", 32), ("fd00::/112", 122), ("10.0.0.0/26", 26),
        ]
    )
    func complete(pool: String, length: Int) throws {
        let pool = try #require(Prefix(pool))
        let walk = BlockWalk(pool: pool, blockLength: length, node: "a", now: Fixture.start)
        let blocks = Array(walk)
        #expect(blocks.count == 1 << (length - pool.length))
        #expect(Set(blocks).count == blocks.count)
        #expect(blocks.allSatisfy { pool.contains($0) && $0.length == length })
    }

    @Test("nodes start at different places, each always at its own")
    func starts() throws {
        let pool = try #require(Prefix("10.0.0.0/16"))
        let starts = (0..<64).compactMap { index in
            var walk = BlockWalk(
                pool: pool,
                blockLength: 26,
                node: "node-\(index)",
                now: Fixture.start
            )
            return walk.next()
        }
        #expect(Set(starts).count > 50)
        var again = BlockWalk(
            pool: pool,
            blockLength: 26,
            node: "node-0",
            now: Timestamp(seconds: 5)
        )
        #expect(again.next() == starts.first)
    }

    @Test("a pool of 2^80 blocks can be walked")
    func huge() throws {
        let pool = try #require(Prefix("fd00::/42"))
        let walk = BlockWalk(pool: pool, blockLength: 122, node: "a", now: Fixture.start)
        let blocks = Array(walk.prefix(1000))
        #expect(Set(blocks).count == 1000)
        #expect(blocks.allSatisfy { pool.contains($0) })
    }
}

@Suite("timestamps")
struct TimestampTests {
    @Test(
        "RFC 3339 both ways",
        arguments: [
            (0, "1970-01-01T00:00:00Z"), (951_782_399, "2000-02-28T23:59:59Z"),
            (951_782_400, "2000-02-29T00:00:00Z"), (4_107_542_400, "2100-03-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59Z"),
        ] as [(Int64, String)]
    )
    func text(seconds: Int64, text: String) {
        #expect(Timestamp(seconds: seconds).description == text)
        #expect(Timestamp(text) == Timestamp(seconds: seconds))
    }

    @Test(
        "what is no RFC 3339 time in UTC is refused",
        arguments: [
            "", "2000-02-28", "2000-02-28T23:59:59", "2000-13-28T23:59:59Z", "2000-02-28 23:59:59Z",
        ]
    )
    func refused(text: String) {
        #expect(Timestamp(text) == nil)
    }
}
