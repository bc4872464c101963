internal import Index

/// One line of a policy program: tiers, policies and profiles flattened into one list.
struct Clause: Hashable, Sendable {
    enum Kind: UInt8, Hashable, Sendable {
        case deny
        case allow
        case log
        /// Goes on at `next`: the next tier, or the profiles.
        case pass
        /// The program ends without a verdict.
        case goOn
    }

    let condition: Int32
    let kind: Kind
    let rule: Int32
    /// Only for pass.
    var next: Int32 = 0
}

extension Vocabulary {
    /// Of a whole program; the same in every process for the same rules.
    func stableHash(of clauses: [Clause]) -> UInt64 {
        var hash = StableHash(kind: 51)
        for clause in clauses {
            hash.combine(conditions.stableHash(of: clause.condition))
            hash.combine(rules.stableHash(of: clause.rule))
            hash.combine(UInt64(clause.next) << 8 | UInt64(clause.kind.rawValue))
        }
        return hash.value
    }
}
