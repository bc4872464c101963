internal import Selector

/// Selectors, found by the labels that they cannot do without (inventory §3.6): labels that change
/// ask only those selectors that may care.
struct SelectorIndex: Sendable {
    /// Where a selector is filed.
    private enum Anchor: Sendable {
        /// By far the most, and without an allocation of its own.
        case label(Label)
        case labels([Label])
        case key(Int32)
        case everywhere
        case nowhere
    }

    private struct Entry: Sendable {
        let test: LabelTest
        let anchor: Anchor
    }

    private var entries: [Int32: Entry] = [:]
    private var byLabel: [Label: [Int32]] = [:]
    private var byKey: [Int32: [Int32]] = [:]
    private var everywhere: [Int32] = []

    var isEmpty: Bool { entries.isEmpty }

    /// Files a selector under `id`; text that is no selector matches nothing.
    mutating func insert(_ id: Int32, _ text: String, _ pool: inout LabelPool) {
        guard let selector = try? Selector(parsing: text) else {
            entries[id] = Entry(test: .never, anchor: .nowhere)
            return
        }
        let test = LabelTest(selector.root, &pool)
        let anchor = Self.anchor(selector.restrictions, pool)
        switch anchor {
        case .label(let label): byLabel[label, default: []].append(id)
        case .labels(let labels): for label in labels { byLabel[label, default: []].append(id) }
        case .key(let key): byKey[key, default: []].append(id)
        case .everywhere: everywhere.append(id)
        case .nowhere: break
        }
        entries[id] = Entry(test: test, anchor: anchor)
    }

    mutating func remove(_ id: Int32, _ pool: inout LabelPool) {
        guard let entry = entries.removeValue(forKey: id) else { return }
        switch entry.anchor {
        case .label(let label): Self.remove(id, from: &byLabel[label])
        case .labels(let labels): for label in labels { Self.remove(id, from: &byLabel[label]) }
        case .key(let key): Self.remove(id, from: &byKey[key])
        case .everywhere: everywhere.removeAll { $0 == id }
        case .nowhere: break
        }
        entry.test.release(from: &pool)
    }

    /// Appends the ids of all selectors that match; the result is how many were asked.
    @discardableResult
    func collectMatches(
        _ labels: LabelView,
        _ pool: LabelPool,
        into matches: inout [Int32]
    ) -> Int {
        var asked = 0
        func judge(_ ids: [Int32]) {
            asked += ids.count
            for id in ids where entries[id]?.test.matches(labels, pool) == true {
                matches.append(id)
            }
        }
        judge(everywhere)
        labels.forEach { label in
            if let ids = byLabel[label] { judge(ids) }
            if let ids = byKey[label.key] { judge(ids) }
        }
        return asked
    }

    func matches(_ id: Int32, _ labels: LabelView, _ pool: LabelPool) -> Bool {
        entries[id]?.test.matches(labels, pool) ?? false
    }

    // MARK: Anchors

    /// The restriction that lets the fewest labels through: few values before any value.
    private static func anchor(
        _ restrictions: [String: LabelRestriction],
        _ pool: LabelPool
    ) -> Anchor {
        var best: Anchor = .everywhere
        var fewest = Int.max
        for (name, restriction) in restrictions where restriction.mustBePresent {
            guard let key = pool.find(name) else { continue }
            if let values = restriction.values {
                if values.isEmpty { return .nowhere }
                guard values.count < fewest else { continue }
                fewest = values.count
                let labels = values.compactMap { pool.find($0) }
                    .map { Label(key: key, value: $0) }
                best = labels.count == 1 ? .label(labels[0]) : .labels(labels)
            } else if case .everywhere = best {
                best = .key(key)
            }
        }
        return best
    }

    private static func remove(_ id: Int32, from ids: inout [Int32]?) {
        ids?.removeAll { $0 == id }
        if ids?.isEmpty == true { ids = nil }
    }
}
