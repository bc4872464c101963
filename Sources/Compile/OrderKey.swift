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
            return left.tier.utf8.lexicographicallyPrecedes(right.tier.utf8)
        }
        if left.order != right.order { return left.order < right.order }
        return left.name.utf8.lexicographicallyPrecedes(right.name.utf8)
    }
}
