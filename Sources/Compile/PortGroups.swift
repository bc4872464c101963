internal import Index

/// All (protocol, port) pairs sorted into groups that no rule of a program tells apart, and the
/// prefixes that tell the kernel the group of each.
struct PortGroups: Sendable {
    struct Group: Sendable {
        let id: UInt32
        /// Which of the regions, by index, its ports lie in.
        let regions: [Int]
    }

    private(set) var groups: [Group] = []
    private(set) var entries: [ProgramTables.PortPrefix: UInt32] = [:]
    private var ids: StableIDs
    private var byRegions: [[Int]: Int] = [:]

    /// The group of every protocol that no region singles out: the first one.
    var defaultGroup: UInt32 { groups[0].id }

    /// - Parameters:
    ///   - regions: those that rules ask for, each once.
    ///   - hashes: their stable hashes, of which ids are made.
    ///   - defaultID: a fixed id for the default group, where the kernel supposes one.
    init(_ regions: [PortRegion], hashes: [UInt64], defaultID: UInt32?) {
        ids = StableIDs(first: 1)
        addDefault(regions, hashes, defaultID)
        for number in Set(regions.flatMap { $0.exceptions.map(\.protocol) }).sorted() {
            addProtocol(number, regions, hashes)
        }
    }

    private mutating func addDefault(
        _ regions: [PortRegion],
        _ hashes: [UInt64],
        _ id: UInt32?
    ) {
        let usual = regions.indices.filter { regions[$0].others }
        groups = [Group(id: id ?? ids.claim(Self.hash(usual, hashes)), regions: usual)]
        byRegions[usual] = 0
    }

    private mutating func group(_ regions: [Int], _ hashes: [UInt64]) -> Int {
        if let index = byRegions[regions] { return index }
        groups.append(Group(id: ids.claim(Self.hash(regions, hashes)), regions: regions))
        byRegions[regions] = groups.count - 1
        return groups.count - 1
    }

    private static func hash(_ regions: [Int], _ hashes: [UInt64]) -> UInt64 {
        StableHash.mix(regions.reduce(0) { $0 &+ hashes[$1] })
    }

    // MARK: One protocol

    /// A run of ports of one group.
    private struct Run {
        let first: Int
        let last: Int
        let group: Int
    }

    private mutating func addProtocol(
        _ number: UInt8,
        _ regions: [PortRegion],
        _ hashes: [UInt64]
    ) {
        let runs = self.runs(regions.map { $0[number] }, hashes)
        var width: [Int: Int] = [:]
        for run in runs { width[run.group, default: 0] += run.last - run.first + 1 }
        // The group of most ports is told once, for the whole protocol.
        let usual = width.min { ($0.value, $1.key) > ($1.value, $0.key) }?.key ?? 0
        if usual != 0 {
            let prefix = ProgramTables.PortPrefix(protocol: number, port: 0, length: 0)
            entries[prefix] = groups[usual].id
        }
        for run in runs where run.group != usual {
            addPrefixes(number, run.first, run.last, groups[run.group].id)
        }
    }

    private mutating func runs(_ regions: [PortIntervals], _ hashes: [UInt64]) -> [Run] {
        var starts: Set<Int> = [0]
        for region in regions {
            for range in region.ranges {
                starts.insert(Int(range.lowerBound))
                starts.insert(Int(range.upperBound) + 1)
            }
        }
        starts.remove(65536)
        let sorted = starts.sorted()
        var places: [Int: Int] = [:]
        for (place, start) in sorted.enumerated() { places[start] = place }
        var members = [[Int]](repeating: [], count: sorted.count)
        for (index, region) in regions.enumerated() {
            for range in region.ranges {
                guard let first = places[Int(range.lowerBound)] else { continue }
                let end = places[Int(range.upperBound) + 1] ?? sorted.count
                for place in first..<end { members[place].append(index) }
            }
        }
        return sorted.indices.map { place in
            let next = place + 1 < sorted.count ? sorted[place + 1] : 65536
            return Run(first: sorted[place], last: next - 1, group: group(members[place], hashes))
        }
    }

    /// The fewest prefixes that together are the range.
    private mutating func addPrefixes(_ number: UInt8, _ first: Int, _ last: Int, _ id: UInt32) {
        var start = first
        while start <= last {
            var bits = start == 0 ? 16 : min(16, start.trailingZeroBitCount)
            while start + (1 << bits) - 1 > last { bits -= 1 }
            let prefix = ProgramTables.PortPrefix(
                protocol: number,
                port: UInt16(start),
                length: 16 - bits
            )
            entries[prefix] = id
            start += 1 << bits
        }
    }
}
