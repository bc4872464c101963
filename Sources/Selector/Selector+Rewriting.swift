// How selectors of resources become selectors over the labels of endpoints (inventory §3.7).

extension Selector {
    /// Every label name gets the prefix: `pcns.` makes it ask for a label of the namespace.
    package func prefixingKeys(_ prefix: String) -> Selector {
        Selector(root.mapLeaves { $0.prefixingKey(prefix) })
    }

    /// Other expressions in place of `all()` and `global()`.
    package func replacing(all: Node, global: Node) -> Selector {
        Selector(
            root.mapLeaves { leaf in
                switch leaf {
                case .all: all
                case .global: global
                default: leaf
                }
            }
        )
    }

    /// Matches what both match.
    ///
    /// The operands stay as they are, each in its own parentheses.
    package func and(_ other: Selector) -> Selector {
        Selector(.and([root, other.root]))
    }

    /// Matches what all match; `all()` for no selector.
    package static func conjunction(_ selectors: [Selector]) -> Selector {
        switch selectors.count {
        case 0: .all
        case 1: selectors[0]
        default: Selector(.and(selectors.map(\.root)))
        }
    }

    /// `key == "value"`.
    package static func equals(_ key: String, _ value: String) -> Selector {
        Selector(.equals(key: key, value: value))
    }

    /// `key in {…}`.
    package static func isIn(_ key: String, _ values: [String]) -> Selector {
        Selector(.isIn(key: key, values: sortedUnique(values)))
    }

    /// Whether `global()` occurs anywhere, which most fields refuse.
    package var containsGlobal: Bool { root.contains { $0 == .global } }
}

extension Selector.Node {
    fileprivate func mapLeaves(_ transform: (Self) -> Self) -> Self {
        switch self {
        case .not(let node): .not(node.mapLeaves(transform))
        case .and(let nodes): .and(nodes.map { $0.mapLeaves(transform) })
        case .or(let nodes): .or(nodes.map { $0.mapLeaves(transform) })
        default: transform(self)
        }
    }

    fileprivate func contains(_ isWanted: (Self) -> Bool) -> Bool {
        switch self {
        case .not(let node): node.contains(isWanted)
        case .and(let nodes), .or(let nodes): nodes.contains { $0.contains(isWanted) }
        default: isWanted(self)
        }
    }

    fileprivate func prefixingKey(_ prefix: String) -> Self {
        switch self {
        case .equals(let key, let value): .equals(key: prefix + key, value: value)
        case .notEquals(let key, let value): .notEquals(key: prefix + key, value: value)
        case .isIn(let key, let values): .isIn(key: prefix + key, values: values)
        case .isNotIn(let key, let values): .isNotIn(key: prefix + key, values: values)
        case .contains(let key, let value): .contains(key: prefix + key, value: value)
        case .startsWith(let key, let value): .startsWith(key: prefix + key, value: value)
        case .endsWith(let key, let value): .endsWith(key: prefix + key, value: value)
        case .has(let key): .has(key: prefix + key)
        case .all, .global, .not, .and, .or: self
        }
    }
}
