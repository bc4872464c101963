package import Model

/// What becomes of entries of the prefix table, each prefix once, in the order in which they are written.
///
/// First what is written, from the longest prefix to the shortest, then what is taken out, from the
/// shortest to the longest: then every address has at every step the class that it had before or
/// the one that it has afterwards.
package struct ClassChanges: Hashable, Sendable {
    private struct Change: Hashable, Sendable {
        let prefix: Prefix
        let label: UInt32?
    }

    private var changes: [Change]

    package init() {
        changes = []
    }

    /// Each prefix once, in any order.
    package init(_ changes: some Sequence<(prefix: Prefix, label: UInt32?)>) {
        self.changes = changes.map { Change(prefix: $0.prefix, label: $0.label) }
        sort()
    }

    private mutating func sort() {
        changes.sort { left, right in
            if (left.label == nil) != (right.label == nil) { return right.label == nil }
            let (one, other) = (left.prefix.mappedLength, right.prefix.mappedLength)
            // Among themselves by address, which keeps to one part of the kernel's trie at a time.
            if one == other { return left.prefix.address < right.prefix.address }
            return (one > other) == (left.label != nil)
        }
    }

    package var isEmpty: Bool { changes.isEmpty }
    package var count: Int { changes.count }

    /// The label of a prefix; `nil` when it does not change.
    package subscript(prefix: Prefix) -> UInt32?? {
        get { changes.first { $0.prefix == prefix }.map(\.label) }
        set {
            changes.removeAll { $0.prefix == prefix }
            if let newValue { changes.append(Change(prefix: prefix, label: newValue)) }
            sort()
        }
    }

    /// The first so many of them.
    package func prefix(_ count: Int) -> ClassChanges {
        var part = ClassChanges()
        part.changes = Array(changes.prefix(count))
        return part
    }
}

extension ClassChanges: Sequence {
    package func makeIterator() -> some IteratorProtocol<(key: Prefix, value: UInt32?)> {
        changes.lazy.map { (key: $0.prefix, value: $0.label) }.makeIterator()
    }
}

extension ClassChanges: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (Prefix, UInt32?)...) {
        self.init(elements.map { (prefix: $0.0, label: $0.1) })
    }
}
