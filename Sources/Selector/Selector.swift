/// An expression over labels, as policies and pools choose what they apply to (inventory §3).
package struct Selector: Hashable, Sendable {
    /// The expression as a tree, for indexes that look inside.
    package indirect enum Node: Hashable, Sendable {
        case equals(key: String, value: String)
        /// Also matches when the label is absent.
        case notEquals(key: String, value: String)
        /// Values are sorted by bytes and unique.
        case isIn(key: String, values: [String])
        /// Also matches when the label is absent; sorted and unique.
        case isNotIn(key: String, values: [String])
        case contains(key: String, value: String)
        case startsWith(key: String, value: String)
        case endsWith(key: String, value: String)
        case has(key: String)
        case all
        /// Matches everything, as `all()`; rewritten in namespace selectors (inventory §3.7).
        case global
        case not(Node)
        /// One operator chain of at least two; a parenthesised chain inside stays its own node.
        case and([Node])
        case or([Node])
    }

    package let root: Node

    package init(_ root: Node) {
        self.root = root
    }

    /// `all()`.
    package static let all = Selector(.all)

    package func matches(_ labels: [String: String]) -> Bool {
        root.matches(labels)
    }
}

extension Selector.Node {
    package func matches(_ labels: [String: String]) -> Bool {
        switch self {
        case .equals(let key, let value): labels[key].map { sameBytes($0, value) } ?? false
        case .notEquals(let key, let value): labels[key].map { !sameBytes($0, value) } ?? true
        case .isIn(let key, let values): labels[key].map { Self.has(values, $0) } ?? false
        case .isNotIn(let key, let values): labels[key].map { !Self.has(values, $0) } ?? true
        case .contains(let key, let value):
            labels[key].map { containsBytes($0, value) } ?? false
        case .startsWith(let key, let value): labels[key]?.utf8.starts(with: value.utf8) ?? false
        case .endsWith(let key, let value):
            labels[key]?.utf8.reversed().starts(with: value.utf8.reversed()) ?? false
        case .has(let key): labels[key] != nil
        case .all, .global: true
        case .not(let node): !node.matches(labels)
        case .and(let nodes): nodes.allSatisfy { $0.matches(labels) }
        case .or(let nodes): nodes.contains { $0.matches(labels) }
        }
    }

    private static func has(_ values: [String], _ value: String) -> Bool {
        values.contains { sameBytes($0, value) }
    }
}

/// Byte for byte: Swift's `==` also holds for strings that differ only in Unicode normalisation.
private func sameBytes(_ left: String, _ right: String) -> Bool {
    left == right && left.utf8.elementsEqual(right.utf8)
}

private func containsBytes(_ text: String, _ part: String) -> Bool {
    let text = Array(text.utf8)
    let part = Array(part.utf8)
    guard part.count <= text.count else { return false }
    return (0...(text.count - part.count)).contains { start in
        text[start...].starts(with: part)
    }
}
