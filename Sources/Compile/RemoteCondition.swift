internal import Index

/// What a rule asks of the remote address: some matchers hold and some do not.
struct RemoteCondition: Hashable, Sendable {
    /// Sorted by hash and unique, as `refused`.
    let required: [Matcher]
    let refused: [Matcher]
    let stableHash: UInt64

    static let any = RemoteCondition(required: [], refused: [])

    init(required: [Matcher], refused: [Matcher]) {
        self.required = Self.sortedUnique(required)
        self.refused = Self.sortedUnique(refused)
        var hash = StableHash(kind: 21)
        for matcher in self.required { hash.combine(matcher.stableHash) }
        hash.combine(0 as UInt64)
        for matcher in self.refused { hash.combine(matcher.stableHash) }
        stableHash = hash.value
    }

    var isAny: Bool { required.isEmpty && refused.isEmpty }

    /// Asks for a matcher and for its opposite.
    var isImpossible: Bool { required.contains { refused.contains($0) } }

    private static func sortedUnique(_ matchers: [Matcher]) -> [Matcher] {
        guard matchers.count > 1 else { return matchers }
        return Set(matchers).map { (hash: $0.stableHash, matcher: $0) }
            .sorted { $0.hash < $1.hash }.map(\.matcher)
    }
}
