internal import Index
internal import Model

/// Policies of workloads, enforced and staged, in the order in which they are judged.
///
/// What every look at a policy needs stands in flat arrays by slot: copying whole policies about would
/// cost more than all else.
struct PolicyTable: Sendable {
    /// What decides whether and where a policy takes part.
    private struct Head: Sendable {
        var scope: ScopeID
        var tier: Int32
        var appliesToIngress: Bool
        var appliesToEgress: Bool
        var isStaged: Bool
        var use: Use

        static let none = Head(
            scope: 0,
            tier: 0,
            appliesToIngress: false,
            appliesToEgress: false,
            isStaged: false,
            use: []
        )
    }

    /// What policies are for (inventory §4.4).
    struct Use: OptionSet, Sendable {
        let rawValue: UInt8

        static let untracked = Use(rawValue: 1)
        static let preDNAT = Use(rawValue: 2)
        /// Workloads, and hosts' own traffic.
        static let normal = Use(rawValue: 4)
        /// The same, and what passes through a host.
        static let forwarded = Use(rawValue: 8)

        init(rawValue: UInt8) {
            self.rawValue = rawValue
        }

        init(_ policy: Policy) {
            self =
                policy.doNotTrack
                ? .untracked
                : policy.preDNAT ? .preDNAT : policy.applyOnForward ? .forwarded : .normal
        }
    }

    private var policies: [Policy?] = []
    private var heads: [Head] = []
    private var compiled: [CompiledRules?] = []
    /// What policies were before the present change, with the rules compiled then.
    private var former: [Int32: (policy: Policy, compiled: ArraySlice<CompiledRules?>)] = [:]
    private var sortKeys: [String] = []
    private var ids: [PolicyID: Int32] = [:]
    private var free: [Int32] = []
    private var byScope: [ScopeID: Set<Int32>] = [:]
    /// How many staged policies each scope has.
    private var stagedScopes: [ScopeID: Int] = [:]
    private var order: [Int32] = []
    private var ranks: [Int32] = []
    /// Slots whose place in the order is not known; `nil` when no place is.
    private var unplaced: Set<Int32>? = []
    private var tiers: [String: Tier] = [:]
    private var tierNames: [String] = []
    private var tierNumbers: [String: Int32] = [:]
    private var byPortName = ReverseIndex<String>()
    private var byService = ReverseIndex<ServiceID>()

    subscript(slot: Int32) -> Policy? { policies[Int(slot)] }

    var allIDs: some Collection<PolicyID> { ids.keys }

    func find(_ id: PolicyID) -> (policy: Policy, scope: ScopeID)? {
        guard let slot = ids[id], let policy = policies[Int(slot)] else { return nil }
        return (policy, heads[Int(slot)].scope)
    }

    // MARK: Policies

    mutating func set(_ policy: Policy, scope: ScopeID) {
        let known = ids[policy.id]
        let slot = known ?? makeSlot(policy.id)
        let former = policies[Int(slot)]
        if let former { keep(former, at: slot) }
        forget(slot)
        policies[Int(slot)] = policy
        heads[Int(slot)] = Head(
            scope: scope,
            tier: number(ofTier: policy.tier),
            appliesToIngress: policy.appliesToIngress,
            appliesToEgress: policy.appliesToEgress,
            isStaged: policy.id.kind.isStaged,
            use: Use(policy)
        )
        if policy.id.kind.isStaged { stagedScopes[scope, default: 0] += 1 }
        byScope[scope, default: []].insert(slot)
        if former == nil || former?.tier != policy.tier || former?.order != policy.order {
            unplaced?.insert(slot)
        }
        let references = References(policy)
        byPortName.insert(slot, references.portNames)
        byService.insert(slot, references.services)
    }

    mutating func remove(_ id: PolicyID) {
        guard let slot = ids.removeValue(forKey: id) else { return }
        forget(slot)
        former[slot] = nil
        policies[Int(slot)] = nil
        free.append(slot)
        unplaced?.insert(slot)
    }

    private mutating func makeSlot(_ id: PolicyID) -> Int32 {
        let slot = free.popLast() ?? Int32(policies.count)
        if slot == policies.count {
            policies.append(nil)
            heads.append(.none)
            for _ in 0..<CompiledRules.Key.count { compiled.append(nil) }
            sortKeys.append("")
        }
        ids[id] = slot
        sortKeys[Int(slot)] = id.sortKey
        return slot
    }

    private mutating func number(ofTier name: String) -> Int32 {
        if let number = tierNumbers[name] { return number }
        tierNames.append(name)
        tierNumbers[name] = Int32(tierNames.count - 1)
        return Int32(tierNames.count - 1)
    }

    /// Takes a policy out of all that leads to it.
    private mutating func forget(_ slot: Int32) {
        guard let policy = policies[Int(slot)] else { return }
        let references = References(policy)
        byPortName.remove(slot, references.portNames)
        byService.remove(slot, references.services)
        let scope = heads[Int(slot)].scope
        if policy.id.kind.isStaged { forgetStaged(scope) }
        byScope[scope]?.remove(slot)
        if byScope[scope]?.isEmpty == true { byScope[scope] = nil }
        forgetCompiled(slot)
    }

    private mutating func forgetStaged(_ scope: ScopeID) {
        let count = stagedScopes[scope] ?? 0
        stagedScopes[scope] = count > 1 ? count - 1 : nil
    }

    /// Whether a staged policy has one of the scopes.
    func hasStaged(in scopes: [ScopeID]) -> Bool {
        !stagedScopes.isEmpty && scopes.contains { stagedScopes[$0] != nil }
    }

    // MARK: Compiled rules

    func compiledRules(_ slot: Int32, _ key: CompiledRules.Key) -> CompiledRules? {
        compiled[Int(slot) * CompiledRules.Key.count + key.number]
    }

    mutating func store(_ rules: CompiledRules, _ key: CompiledRules.Key, at slot: Int32) {
        compiled[Int(slot) * CompiledRules.Key.count + key.number] = rules
    }

    private mutating func forgetCompiled(_ slot: Int32) {
        for index in compiledIndexes(slot) { compiled[index] = nil }
    }

    private func compiledIndexes(_ slot: Int32) -> Range<Int> {
        let first = Int(slot) * CompiledRules.Key.count
        return first..<first + CompiledRules.Key.count
    }

    /// Only what the last change compiled, not what an earlier update of this one left.
    private mutating func keep(_ policy: Policy, at slot: Int32) {
        guard former[slot] == nil else { return }
        former[slot] = (policy, compiled[compiledIndexes(slot)])
    }

    /// The policy that stood here before the present change, and its rules as they were compiled.
    func former(_ slot: Int32, _ key: CompiledRules.Key) -> (Policy, CompiledRules)? {
        guard let (policy, compiled) = former[slot],
            let rules = compiled[compiled.startIndex + key.number]
        else { return nil }
        return (policy, rules)
    }

    mutating func forgetFormer() { former = [:] }

    /// Scopes of policies whose rules name the port or service; their compiled rules are forgotten.
    mutating func invalidate(portNames: Set<String>, services: Set<ServiceID>) -> Set<ScopeID> {
        var scopes: Set<ScopeID> = []
        for slot in byPortName.slots(portNames).union(byService.slots(services)) {
            forgetCompiled(slot)
            former[slot] = nil
            scopes.insert(heads[Int(slot)].scope)
        }
        return scopes
    }

    /// Every compiled rule that is kept.
    var allCompiledRules: [CompiledRules] { compiled.compactMap(\.self) }

    // MARK: Order

    mutating func setTier(_ name: String, _ tier: Tier?) -> Bool {
        guard tiers[name] != tier else { return false }
        tiers[name] = tier
        unplaced = nil
        return true
    }

    /// Scopes of policies that are in one of these tiers.
    func scopes(inTiers names: Set<String>) -> Set<ScopeID> {
        let numbers = Set(names.compactMap { tierNumbers[$0] })
        guard !numbers.isEmpty else { return [] }
        return Set(
            heads.indices.lazy
                .filter { policies[$0] != nil && numbers.contains(heads[$0].tier) }
                .map { heads[$0].scope }
        )
    }

    /// A tier that only policies name denies at its end, as a tier does by default.
    func tier(of slot: Int32) -> Tier {
        let name = tierNames[Int(heads[Int(slot)].tier)]
        return tiers[name] ?? Tier(name: name)
    }

    /// The policies of these scopes for one direction, in order, tier by tier; staged ones only where
    /// they are asked for.
    mutating func policies(
        in scopes: [ScopeID],
        _ direction: Direction,
        for uses: Use = [.normal, .forwarded],
        withStaged: Bool
    ) -> [ArraySlice<Int32>] {
        place()
        var slots: [Int32] = []
        for scope in scopes {
            for slot in byScope[scope] ?? [] {
                let head = heads[Int(slot)]
                guard withStaged || !head.isStaged, uses.contains(head.use) else { continue }
                if direction == .ingress ? head.appliesToIngress : head.appliesToEgress {
                    slots.append(slot)
                }
            }
        }
        slots.sort { ranks[Int($0)] < ranks[Int($1)] }
        return slots.chunked { heads[Int($0)].tier == heads[Int($1)].tier }
    }

    /// Gives the unplaced policies their places: a few by search, many by a sort.
    private mutating func place() {
        guard let unplaced, unplaced.count <= 32 else { return placeAll() }
        guard !unplaced.isEmpty else { return }
        order.removeAll { unplaced.contains($0) }
        for slot in unplaced where policies[Int(slot)] != nil {
            let key = orderKey(slot)
            var (low, high) = (0, order.count)
            while low < high {
                let middle = (low + high) / 2
                if key < orderKey(order[middle]) { high = middle } else { low = middle + 1 }
            }
            order.insert(slot, at: low)
        }
        finishPlacing()
    }

    private mutating func placeAll() {
        order = ids.values.map { (slot: $0, key: orderKey($0)) }
            .sorted { $0.key < $1.key }.map(\.slot)
        finishPlacing()
    }

    private mutating func finishPlacing() {
        unplaced = []
        ranks = [Int32](repeating: 0, count: policies.count)
        for (rank, slot) in order.enumerated() { ranks[Int(slot)] = Int32(rank) }
    }

    private func orderKey(_ slot: Int32) -> OrderKey {
        let name = tierNames[Int(heads[Int(slot)].tier)]
        let tier = tiers[name]
        return OrderKey(
            isUnknown: tier == nil,
            tierOrder: tier?.order ?? .infinity,
            tier: name,
            order: policies[Int(slot)]?.order ?? .infinity,
            name: sortKeys[Int(slot)]
        )
    }
}

extension Array {
    /// Cuts where neighbours do not belong together.
    fileprivate func chunked(
        by belong: (Element, Element) -> Bool
    ) -> [ArraySlice<Element>] {
        var chunks: [ArraySlice<Element>] = []
        var start = startIndex
        for index in indices.dropFirst() where !belong(self[index - 1], self[index]) {
            chunks.append(self[start..<index])
            start = index
        }
        if start < endIndex { chunks.append(self[start...]) }
        return chunks
    }
}
