/// Sets of matchers, each kept once and known by a number.
///
/// Endpoints with the same matches share one; a set that some prefix ends up with is a label class.
/// A set that nobody retains any more is freed by `collect`, not before, so that numbers stay good
/// for the length of one update.
struct MatcherSets: Sendable {
    typealias ID = Int32

    /// The set without members, which is always there.
    static let empty: ID = 0

    private static let isFree: Int32 = -1

    private var members: [[MatcherID]] = [[]]
    private var uses: [Int32] = [1]
    private var ids: [[MatcherID]: ID] = [[]: 0]
    private var free: [ID] = []
    /// May have lost their last use since the last `collect`.
    private var candidates: [ID] = []
    private var unions: [UInt64: ID] = [:]

    subscript(id: ID) -> [MatcherID] { members[Int(id)] }

    /// The set of these members, which are sorted and unique.
    mutating func intern(_ sorted: [MatcherID]) -> ID {
        if let id = ids[sorted] { return id }
        let id = free.popLast() ?? ID(members.count)
        if id == members.count {
            members.append(sorted)
            uses.append(0)
        } else {
            members[Int(id)] = sorted
            uses[Int(id)] = 0
        }
        ids[sorted] = id
        candidates.append(id)
        return id
    }

    mutating func retain(_ id: ID) {
        if id != Self.empty { uses[Int(id)] += 1 }
    }

    mutating func release(_ id: ID) {
        guard id != Self.empty else { return }
        uses[Int(id)] -= 1
        if uses[Int(id)] == 0 { candidates.append(id) }
    }

    /// Puts `id` in the place of what `slot` held; false when it is the same.
    mutating func assign(_ id: ID, to slot: inout ID) -> Bool {
        guard slot != id else { return false }
        retain(id)
        release(slot)
        slot = id
        return true
    }

    mutating func union(_ left: ID, _ right: ID) -> ID {
        if left == right || right == Self.empty { return left }
        if left == Self.empty { return right }
        let (low, high) = (min(left, right), max(left, right))
        let key = UInt64(UInt32(bitPattern: low)) << 32 | UInt64(UInt32(bitPattern: high))
        if let id = unions[key] { return id }
        let id = intern(Self.merge(self[left], self[right]))
        unions[key] = id
        return id
    }

    mutating func inserting(_ matcher: MatcherID, into id: ID) -> ID {
        intern(Self.merge(self[id], [matcher]))
    }

    mutating func removing(_ matchers: Set<MatcherID>, from id: ID) -> ID {
        intern(self[id].filter { !matchers.contains($0) })
    }

    /// The sets in use that have one of these members.
    func containing(_ matchers: Set<MatcherID>) -> [ID] {
        ids.values.filter { id in self[id].contains { matchers.contains($0) } }
    }

    /// Frees what nobody retains.
    mutating func collect() {
        unions.removeAll(keepingCapacity: true)
        for id in candidates where uses[Int(id)] == 0 {
            ids[members[Int(id)]] = nil
            members[Int(id)] = []
            uses[Int(id)] = Self.isFree
            free.append(id)
        }
        candidates.removeAll()
    }

    private static func merge(_ left: [MatcherID], _ right: [MatcherID]) -> [MatcherID] {
        var merged: [MatcherID] = []
        merged.reserveCapacity(left.count + right.count)
        var (i, j) = (0, 0)
        while i < left.count, j < right.count {
            if left[i] < right[j] {
                merged.append(left[i])
                i += 1
            } else {
                if left[i] == right[j] { i += 1 }
                merged.append(right[j])
                j += 1
            }
        }
        merged += left[i...]
        merged += right[j...]
        return merged
    }
}
