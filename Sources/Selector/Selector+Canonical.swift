extension Selector {
    /// The one text of this expression (inventory §3.4).
    ///
    /// It parses to a selector that matches the same.
    package var canonical: String {
        var text = ""
        root.write(to: &text)
        return text
    }

    static func sortedUnique(_ values: [String]) -> [String] {
        var result: [String] = []
        for value in values.sorted(by: { $0.utf8.lexicographicallyPrecedes($1.utf8) }) {
            if let last = result.last, last.utf8.elementsEqual(value.utf8) { continue }
            result.append(value)
        }
        return result
    }
}

extension Selector: CustomStringConvertible {
    package var description: String { canonical }
}

extension Selector.Node {
    fileprivate func write(to text: inout String) {
        switch self {
        case .equals(let key, let value): text += "\(key) == \(quoted(value))"
        case .notEquals(let key, let value): text += "\(key) != \(quoted(value))"
        case .isIn(let key, let values): text += "\(key) in \(set(values))"
        case .isNotIn(let key, let values): text += "\(key) not in \(set(values))"
        case .contains(let key, let value): text += "\(key) contains \(quoted(value))"
        case .startsWith(let key, let value): text += "\(key) starts with \(quoted(value))"
        case .endsWith(let key, let value): text += "\(key) ends with \(quoted(value))"
        case .has(let key): text += "has(\(key))"
        case .all: text += "all()"
        case .global: text += "global()"
        case .not(let node):
            text += "!"
            node.write(to: &text)
        case .and(let nodes): Self.write(nodes, " && ", to: &text)
        case .or(let nodes): Self.write(nodes, " || ", to: &text)
        }
    }

    private static func write(_ nodes: [Self], _ separator: String, to text: inout String) {
        text += "("
        for (index, node) in nodes.enumerated() {
            if index > 0 { text += separator }
            node.write(to: &text)
        }
        text += ")"
    }

    private func set(_ values: [String]) -> String {
        "{" + values.map(quoted).joined(separator: ", ") + "}"
    }

    private func quoted(_ value: String) -> String {
        value.utf8.contains(UInt8(ascii: "\"")) ? "'\(value)'" : "\"\(value)\""
    }
}
