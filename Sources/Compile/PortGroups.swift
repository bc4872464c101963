internal import Index

/// All (protocol, port) pairs sorted into groups that no rule of a program tells apart, and the
/// prefixes that tell the kernel the group of each.
struct PortGroups: Sendable {
    struct Group: Sendable {
        let id: UInt32
        /// Which of the regions, by index, its ports lie in.
        let regions: BitSet
    }

    private(set) var groups: [Group] = []
    private(set) var entries: [ProgramTables.PortPrefix: UInt32] = [:]
    private var ids: StableIDs
    /// Indexes of groups by the sum of their regions' hashes; there is more than one where sums collide.
    private var bySum: [UInt64: [Int]] = [:]

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
        var usual = BitSet(capacity: regions.count)
        var sum: UInt64 = 0
        for index in regions.indices where regions[index].others {
            usual.insert(index)
            sum &+= hashes[index]
        }
        groups = [Group(id: id ?? ids.claim(StableHash.mix(sum)), regions: usual)]
        bySum[sum] = [0]
    }

    /// The group of these regions, whose hashes add up to `sum`.
    private mutating func group(_ regions: BitSet, _ sum: UInt64) -> Int {
        if let index = bySum[sum]?.first(where: { groups[$0].regions == regions }) { return index }
        groups.append(Group(id: ids.claim(StableHash.mix(sum)), regions: regions))
        bySum[sum, default: []].append(groups.count - 1)
        return groups.count - 1
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

    /// Where a region begins, or the first port behind one.
    private struct Border {
        let port: Int
        let region: Int
        let begins: Bool
    }

    /// From the first port to the last: at each border some regions begin and some end.
    private mutating func runs(_ regions: [PortIntervals], _ hashes: [UInt64]) -> [Run] {
        var borders: [Border] = []
        for (index, region) in regions.enumerated() {
            for range in region.ranges {
                borders.append(Border(port: Int(range.lowerBound), region: index, begins: true))
                let end = Int(range.upperBound) + 1
                borders.append(Border(port: end, region: index, begins: false))
            }
        }
        borders.sort { $0.port < $1.port }
        var members = BitSet(capacity: regions.count)
        var sum: UInt64 = 0
        var runs: [Run] = []
        var start = 0
        for border in borders {
            if border.port > start {
                runs.append(Run(first: start, last: border.port - 1, group: group(members, sum)))
                start = border.port
            }
            if border.begins {
                members.insert(border.region)
                sum &+= hashes[border.region]
            } else {
                members.remove(border.region)
                sum &-= hashes[border.region]
            }
        }
        if start <= 65535 {
            runs.append(Run(first: start, last: 65535, group: group(members, sum)))
        }
        return runs
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
