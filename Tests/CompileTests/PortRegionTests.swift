import Model
import Support
import Testing

@testable import Compile

/// Regions are sets: their algebra is checked point by point.
@Suite struct PortRegionTests {
    private static let protocols: [IPProtocol] = [
        .icmp, .tcp, .udp, .sctp, IPProtocol(rawValue: 47),
    ]
    private static let numbers: [UInt16] = [0, 1, 79, 80, 81, 443, 2047, 2048, 2303, 65534, 65535]
    private static var points: [PortPoint] {
        protocols.flatMap { proto in numbers.map { PortPoint(protocol: proto, port: $0) } }
    }

    @Test(arguments: 1...200)
    func `operations on regions are those on sets of points`(_ seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        let (left, right) = (Self.region(&random), Self.region(&random))
        for point in Self.points {
            let (inLeft, inRight) = (left.contains(point), right.contains(point))
            #expect(left.intersection(right).contains(point) == (inLeft && inRight))
            #expect(left.union(right).contains(point) == (inLeft || inRight))
            #expect(left.subtracting(right).contains(point) == (inLeft && !inRight))
            #expect(left.complement.contains(point) == !inLeft)
        }
        #expect(left.complement.complement == left)
        #expect(left.union(right) == right.union(left))
        #expect(left.intersection(left.complement).isEmpty)
    }

    @Test(arguments: 1...100)
    func `the prefixes of port groups lead every port to its group`(_ seed: Int) {
        var random = SeededRandom(seed: UInt64(seed))
        let regions = (0..<5).map { _ in Self.region(&random) }
        let hashes = regions.map(\.stableHash)
        let groups = PortGroups(regions, hashes: hashes, defaultID: random.oneIn(2) ? 0 : nil)
        for point in Self.points {
            let id = Self.look(groups, point)
            let group = groups.groups.first { $0.id == id }
            var expected = BitSet(capacity: regions.count)
            for index in regions.indices where regions[index].contains(point) {
                expected.insert(index)
            }
            #expect(group?.regions == expected, "seed \(seed): \(point)")
        }
    }

    private static func look(_ groups: PortGroups, _ point: PortPoint) -> UInt32 {
        for length in (0...16).reversed() {
            let port = length == 0 ? 0 : point.port & (UInt16.max << UInt16(16 - length))
            let prefix = ProgramTables.PortPrefix(
                protocol: point.protocol.rawValue,
                port: port,
                length: length
            )
            if let id = groups.entries[prefix] { return id }
        }
        return groups.defaultGroup
    }

    private static func region(_ random: inout SeededRandom) -> PortRegion {
        var region = random.oneIn(5) ? PortRegion.all : .none
        for _ in 0..<Int.random(in: 0...3, using: &random) {
            let (one, other) = (random.pick(numbers), random.pick(numbers))
            let range = PortIntervals([min(one, other)...max(one, other)])
            switch Int.random(in: 0..<4, using: &random) {
            case 0: region = region.union(.protocol(random.pick(protocols)))
            case 1: region = region.union(.ports(range))
            case 2: region = region.union(.icmp(ICMPMatch(type: random.pick([0, 8]), code: 1)))
            default: region = region.subtracting(.ports(range))
            }
        }
        return region
    }

    @Test func `ranges that touch become one`() {
        #expect(PortIntervals([5...9, 1...4, 8...12]).ranges == [1...12])
        #expect(PortIntervals([0...UInt16.max]).complement == .none)
        #expect(PortIntervals([]).complement == .full)
    }
}
