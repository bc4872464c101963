/// Where a policy stands (inventory §4.1): tiers that exist before tiers that are merely named, then
/// by order, then by name; the same inside a tier.
struct OrderKey: Comparable {
    let isUnknown: Bool
    let tierOrder: Double
    let tier: String
    let order: Double
    let name: String

    static func < (left: Self, right: Self) -> Bool {
        if left.isUnknown != right.isUnknown { return right.isUnknown }
        if left.tierOrder != right.tierOrder { return left.tierOrder < right.tierOrder }
        if left.tier != right.tier {
            return left.tier.precedesByBytes(right.tier)
        }
        if left.order != right.order { return left.order < right.order }
        return left.name.precedesByBytes(right.name)
    }
}

extension String {
    /// Swift's own order is that of normalised text.
    fileprivate func precedesByBytes(_ other: String) -> Bool {
        let precedes = utf8.withContiguousStorageIfAvailable { left in
            other.utf8.withContiguousStorageIfAvailable { right in
                let common = Swift.min(left.count, right.count)
                for index in 0..<common where left[index] != right[index] {
                    return left[index] < right[index]
                }
                return left.count < right.count
            }
        }
        return (precedes ?? nil) ?? utf8.lexicographicallyPrecedes(other.utf8)
    }
}
