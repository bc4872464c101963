/// What a selector surely asks of one label (inventory §3.6).
package struct LabelRestriction: Hashable, Sendable {
    package var mustBePresent = false
    package var mustBeAbsent = false
    /// The label's value is one of these; `nil` when any value may match, empty when none can.
    package var values: Set<String>?

    package init(
        mustBePresent: Bool = false,
        mustBeAbsent: Bool = false,
        values: Set<String>? = nil
    ) {
        self.mustBePresent = mustBePresent
        self.mustBeAbsent = mustBeAbsent
        self.values = values
    }

    private var isNone: Bool { self == LabelRestriction() }

    fileprivate func and(_ other: Self) -> Self {
        let both = values.flatMap { values in other.values.map { values.intersection($0) } }
        return Self(
            mustBePresent: mustBePresent || other.mustBePresent,
            mustBeAbsent: mustBeAbsent || other.mustBeAbsent,
            values: both ?? values ?? other.values
        )
    }

    /// `nil` when nothing is left that both ask for.
    fileprivate func or(_ other: Self) -> Self? {
        let result = Self(
            mustBePresent: mustBePresent && other.mustBePresent,
            mustBeAbsent: mustBeAbsent && other.mustBeAbsent,
            values: values.flatMap { values in other.values.map { values.union($0) } }
        )
        return result.isNone ? nil : result
    }
}

extension Selector {
    /// Conditions on single labels that every match meets; what is not listed is not restricted.
    package var restrictions: [String: LabelRestriction] { root.restrictions }
}

extension Selector.Node {
    fileprivate var restrictions: [String: LabelRestriction] {
        switch self {
        case .equals(let key, let value):
            [key: LabelRestriction(mustBePresent: true, values: [value])]
        case .isIn(let key, let values):
            [key: LabelRestriction(mustBePresent: true, values: Set(values))]
        case .contains(let key, _), .startsWith(let key, _), .endsWith(let key, _), .has(let key):
            [key: LabelRestriction(mustBePresent: true)]
        case .not(.has(let key)):
            [key: LabelRestriction(mustBeAbsent: true)]
        case .notEquals, .isNotIn, .all, .global, .not:
            [:]
        case .and(let nodes):
            nodes.reduce(into: [:]) { result, node in
                result.merge(node.restrictions) { $0.and($1) }
            }
        case .or(let nodes):
            nodes.dropFirst().reduce(nodes.first?.restrictions ?? [:]) { result, node in
                let other = node.restrictions
                return result.reduce(into: [:]) { common, entry in
                    common[entry.key] = other[entry.key].flatMap { entry.value.or($0) }
                }
            }
        }
    }
}
