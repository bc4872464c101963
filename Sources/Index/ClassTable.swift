internal import Model

/// A label class: a set of matchers that some prefix ends up with.
package typealias ClassID = Int32

/// The classes that prefixes have entries for, and their ids in the kernel.
struct ClassTable: Sendable {
    private(set) var entries: [MatcherSets.ID: Int] = [:]
    private var ids: [MatcherSets.ID: UInt32] = [:]
    /// Entries of IPv6 prefixes that mapped IPv4 lies inside.
    var entriesOverV4 = 0
    private var allocator = StableIDs()
    /// Classes by whether they were there before the update.
    private var touched: [MatcherSets.ID: Bool] = [:]

    var live: some Sequence<MatcherSets.ID> { entries.keys }

    func kernelID(of set: MatcherSets.ID) -> UInt32 {
        set == MatcherSets.empty ? 0 : ids[set] ?? 0
    }

    mutating func add(_ set: MatcherSets.ID) {
        touch(set)
        entries[set, default: 0] += 1
    }

    mutating func remove(_ set: MatcherSets.ID) {
        touch(set)
        let count = entries[set, default: 0] - 1
        entries[set] = count > 0 ? count : nil
    }

    private mutating func touch(_ set: MatcherSets.ID) {
        if touched[set] == nil { touched[set] = entries[set] != nil }
    }

    /// Classes that came and classes that went; the new ones get ids in the order of their hashes.
    mutating func settle(
        hash: (MatcherSets.ID) -> UInt64
    ) -> (gained: [MatcherSets.ID], lost: [MatcherSets.ID]) {
        var gained: [(hash: UInt64, set: MatcherSets.ID)] = []
        var lost: [MatcherSets.ID] = []
        for (set, wasThere) in touched where set != MatcherSets.empty {
            let isThere = entries[set] != nil
            if isThere, !wasThere { gained.append((hash(set), set)) }
            if wasThere, !isThere { lost.append(set) }
        }
        touched = [:]
        gained.sort { ($0.hash, $0.set) < ($1.hash, $1.set) }
        for (hash, set) in gained { ids[set] = allocator.claim(hash) }
        return (gained.map(\.set), lost)
    }

    /// Gives up the ids of lost classes, once no table has them any more.
    mutating func forget(_ lost: [MatcherSets.ID]) {
        for set in lost {
            guard let id = ids.removeValue(forKey: set) else { continue }
            allocator.release(id)
        }
    }
}
