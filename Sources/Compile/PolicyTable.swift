internal import Index
internal import Model

/// Enforced policies of workloads in the order in which they are judged.
struct PolicyTable: Sendable {
    struct Entry: Sendable {
        var policy: Policy
        var scope: ScopeID
        let sortKey: String
        var compiled = CompiledRules.Cache()
    }

    private var slots: [Entry?] = []
    private var ids: [PolicyID: Int32] = [:]
    private var free: [Int32] = []
    private var byScope: [ScopeID: [Int32]] = [:]
    private var order: [Int32] = []
    private var ranks: [Int32] = []
    private var isOrdered = true
    private var tiers: [String: Tier] = [:]
    private var byPortName = ReverseIndex<String>()
    private var byService = ReverseIndex<ServiceID>()

    subscript(slot: Int32) -> Entry? { slots[Int(slot)] }

    func find(_ id: PolicyID) -> Entry? { ids[id].flatMap { slots[Int($0)] } }

    // MARK: Policies

    mutating func set(_ policy: Policy, scope: ScopeID) {
        let slot = ids[policy.id] ?? makeSlot(policy.id)
        let former = slots[Int(slot)]
        forgetReferences(slot, former)
        if former?.scope != scope {
            if let former { leave(former.scope, slot) }
            byScope[scope, default: []].append(slot)
        }
        if former?.policy.tier != policy.tier || former?.policy.order != policy.order {
            isOrdered = false
        }
        let sortKey = former?.sortKey ?? policy.id.sortKey
        slots[Int(slot)] = Entry(policy: policy, scope: scope, sortKey: sortKey)
        let references = References(policy.ingress + policy.egress)
        byPortName.insert(slot, references.portNames)
        byService.insert(slot, references.services)
    }

    mutating func remove(_ id: PolicyID) {
        guard let slot = ids.removeValue(forKey: id) else { return }
        let former = slots[Int(slot)]
        forgetReferences(slot, former)
        if let former { leave(former.scope, slot) }
        slots[Int(slot)] = nil
        free.append(slot)
        isOrdered = false
    }

    private mutating func makeSlot(_ id: PolicyID) -> Int32 {
        let slot = free.popLast() ?? Int32(slots.count)
        if slot == slots.count { slots.append(nil) }
        ids[id] = slot
        return slot
    }

    private mutating func leave(_ scope: ScopeID, _ slot: Int32) {
        byScope[scope]?.removeAll { $0 == slot }
        if byScope[scope]?.isEmpty == true { byScope[scope] = nil }
    }

    private mutating func forgetReferences(_ slot: Int32, _ entry: Entry?) {
        guard let policy = entry?.policy else { return }
        let references = References(policy.ingress + policy.egress)
        byPortName.remove(slot, references.portNames)
        byService.remove(slot, references.services)
    }

    /// Scopes of policies whose rules name the port or service; their compiled rules are forgotten.
    mutating func invalidate(portNames: Set<String>, services: Set<ServiceID>) -> Set<ScopeID> {
        var scopes: Set<ScopeID> = []
        for slot in byPortName.slots(portNames).union(byService.slots(services)) {
            slots[Int(slot)]?.compiled = CompiledRules.Cache()
            if let scope = slots[Int(slot)]?.scope { scopes.insert(scope) }
        }
        return scopes
    }

    mutating func store(_ compiled: CompiledRules, _ key: CompiledRules.Key, at slot: Int32) {
        slots[Int(slot)]?.compiled[key] = compiled
    }

    /// Every compiled rule that is kept.
    var compiledRules: [CompiledRules] {
        slots.flatMap { $0.map { Array($0.compiled.values) } ?? [] }
    }

    // MARK: Order

    mutating func setTier(_ name: String, _ tier: Tier?) {
        guard tiers[name] != tier else { return }
        tiers[name] = tier
        isOrdered = false
    }

    /// A tier that only policies name denies at its end, as a tier does by default.
    func tier(_ name: String) -> Tier { tiers[name] ?? Tier(name: name) }

    /// The policies of these scopes for one direction, in order.
    mutating func policies(in scopes: [ScopeID], _ direction: Direction) -> [Int32] {
        sortIfNeeded()
        return scopes.flatMap { byScope[$0] ?? [] }
            .filter { slot in
                guard let policy = slots[Int(slot)]?.policy else { return false }
                return direction == .ingress ? policy.appliesToIngress : policy.appliesToEgress
            }
            .sorted { ranks[Int($0)] < ranks[Int($1)] }
    }

    /// The sort is quick on what is nearly sorted, so the former order is where it begins.
    private mutating func sortIfNeeded() {
        guard !isOrdered else { return }
        isOrdered = true
        let known = Set(order)
        let all = order.filter { slots[Int($0)] != nil }
        let fresh = ids.values.filter { !known.contains($0) }
        let keyed = (all + fresh).map { (slot: $0, key: orderKey($0)) }
        order = keyed.sorted { $0.key < $1.key }.map(\.slot)
        ranks = [Int32](repeating: 0, count: slots.count)
        for (rank, slot) in order.enumerated() { ranks[Int(slot)] = Int32(rank) }
    }

    private func orderKey(_ slot: Int32) -> OrderKey {
        guard let entry = slots[Int(slot)] else { preconditionFailure("no policy \(slot)") }
        let tier = tiers[entry.policy.tier]
        return OrderKey(
            isUnknown: tier == nil,
            tierOrder: tier?.order ?? .infinity,
            tier: entry.policy.tier,
            order: entry.policy.order ?? .infinity,
            name: entry.sortKey
        )
    }
}

/// Where a policy stands (inventory §4.1): tiers that exist before tiers that are merely named, then
/// by order, then by name; the same inside a tier.
private struct OrderKey: Comparable {
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

/// What rules name that stands for something else at another time.
struct References {
    var portNames: Set<String> = []
    var services: Set<ServiceID> = []

    init(_ rules: [Rule]) {
        for rule in rules {
            for end in [rule.source, rule.destination] {
                for port in end.ports { if let name = port.name { portNames.insert(name) } }
                for port in end.notPorts { if let name = port.name { portNames.insert(name) } }
                if let service = end.service { services.insert(service) }
            }
        }
    }
}

/// From what policies name to the policies.
private struct ReverseIndex<Key: Hashable & Sendable>: Sendable {
    private var bySlot: [Key: Set<Int32>] = [:]

    mutating func insert(_ slot: Int32, _ keys: Set<Key>) {
        for key in keys { bySlot[key, default: []].insert(slot) }
    }

    mutating func remove(_ slot: Int32, _ keys: Set<Key>) {
        for key in keys {
            bySlot[key]?.remove(slot)
            if bySlot[key]?.isEmpty == true { bySlot[key] = nil }
        }
    }

    func slots(_ keys: Set<Key>) -> Set<Int32> {
        keys.reduce(into: []) { $0.formUnion(bySlot[$1] ?? []) }
    }
}
