internal import Index
internal import Model

/// Ids in the kernel of the rules that programs refer to.
///
/// The absence of a match is no rule: its id is 0.
struct RuleIDs: Sendable {
    private var ids: [Int32: UInt32] = [:]
    private var uses: [Int32: Int] = [:]
    private var allocator = StableIDs()
    /// Ids that changed since the last look, with the name they have now.
    private var changes: [UInt32: RuleName?] = [:]

    subscript(rule: Int32) -> UInt32 { ids[rule] ?? 0 }

    mutating func retain(_ rules: Set<Int32>, _ vocabulary: Vocabulary) {
        for rule in rules.sorted(by: { order($0, $1, vocabulary) }) {
            let name = vocabulary.rules[rule]
            guard name.owner != .noMatch else { continue }
            uses[rule, default: 0] += 1
            guard ids[rule] == nil else { continue }
            let id = allocator.claim(vocabulary.rules.stableHash(of: rule))
            ids[rule] = id
            changes[id] = .some(name)
        }
    }

    mutating func release(_ rules: Set<Int32>) {
        for rule in rules {
            guard let count = uses[rule] else { continue }
            uses[rule] = count - 1
        }
    }

    /// Names that came and, when no program refers to them any more, went.
    mutating func takeChanges() -> [UInt32: RuleName?] {
        for (rule, count) in uses where count == 0 {
            uses[rule] = nil
            guard let id = ids.removeValue(forKey: rule) else { continue }
            allocator.release(id)
            // One that came and went at once was never told.
            if changes.removeValue(forKey: id) == nil { changes[id] = .some(nil) }
        }
        defer { changes = [:] }
        return changes
    }

    private func order(_ left: Int32, _ right: Int32, _ vocabulary: Vocabulary) -> Bool {
        vocabulary.rules.stableHash(of: left) < vocabulary.rules.stableHash(of: right)
    }
}
