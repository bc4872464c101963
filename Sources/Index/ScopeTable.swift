package import Model

/// Selectors that are asked about items by text: those of policies, of which there are as many as
/// policies but few different ones, and those within matchers for named ports.
struct ScopeTable: Sendable {
    private var index = SelectorIndex()
    private var ids: [String: Int32] = [:]
    private var uses: [Int32: Int] = [:]
    private var next: Int32 = 0
    private var free: [Int32] = []

    func id(of text: String) -> Int32? { ids[text] }

    mutating func acquire(_ text: String, _ pool: inout LabelPool) -> Int32 {
        if let id = ids[text] {
            uses[id, default: 0] += 1
            return id
        }
        let id = free.popLast() ?? next
        if id == next { next += 1 }
        ids[text] = id
        uses[id] = 1
        index.insert(id, text, &pool)
        return id
    }

    mutating func release(_ text: String, _ pool: inout LabelPool) {
        guard let id = ids[text] else { return }
        uses[id, default: 0] -= 1
        guard uses[id] == 0 else { return }
        uses[id] = nil
        ids[text] = nil
        index.remove(id, &pool)
        free.append(id)
    }

    func matches(_ text: String, _ labels: LabelView, _ pool: LabelPool) -> Bool {
        ids[text].map { index.matches($0, labels, pool) } ?? false
    }

    /// All selectors in the table that match, in no order.
    func matching(_ labels: LabelView, _ pool: LabelPool) -> [Int32] {
        var matches: [Int32] = []
        index.collectMatches(labels, pool, into: &matches)
        return ClusterIndex.sortedUnique(matches)
    }
}

/// A policy's selector, shared by all policies that have the same.
package typealias ScopeID = Int32

extension ClusterIndex {
    /// From now on `scopes(of:)` tells whether the selector matches.
    package mutating func acquireScope(_ selector: String) -> ScopeID {
        scopes.acquire(selector, &pool)
    }

    package mutating func releaseScope(_ selector: String) {
        scopes.release(selector, &pool)
    }

    /// Every acquired selector that matches the endpoint's labels.
    package func scopes(of id: EndpointID) -> [ScopeID] {
        guard let index = items.find(.endpoint(id)) else { return [] }
        return scopes.matching(view(of: index), pool)
    }
}
