/// Label names and values as small numbers, counted, so that a quarter of a million endpoints keep
/// each text once.
struct LabelPool: Sendable {
    private var texts: [String] = []
    private var uses: [Int32] = []
    private var free: [Int32] = []
    private var ids = NumberTable()
    private let hash = TextHash()

    subscript(id: Int32) -> String { texts[Int(id)] }

    /// The number of a text, which stays as long as it is retained.
    mutating func retain(_ text: String) -> Int32 {
        if let id = find(text) {
            uses[Int(id)] += 1
            return id
        }
        let id = free.popLast() ?? Int32(texts.count)
        if id == texts.count {
            texts.append(text)
            uses.append(1)
        } else {
            texts[Int(id)] = text
            uses[Int(id)] = 1
        }
        ids.insert(id) { hash(texts[Int($0)]) }
        return id
    }

    /// Once more, of a text that someone retains.
    mutating func retain(_ id: Int32) { uses[Int(id)] += 1 }

    mutating func release(_ id: Int32) {
        uses[Int(id)] -= 1
        guard uses[Int(id)] == 0 else { return }
        ids.remove(id) { hash(texts[Int($0)]) }
        texts[Int(id)] = ""
        free.append(id)
    }

    /// The number of a text that someone retains.
    func find(_ text: String) -> Int32? {
        ids.find(hash(text)) { text.hasBytes(of: texts[Int($0)]) }
    }

    mutating func retain(_ labels: [String: String]) -> [Label] {
        labels.map { Label(key: retain($0.key), value: retain($0.value)) }
            .sorted { $0.key < $1.key }
    }

    mutating func release(_ labels: some Sequence<Label>) {
        for label in labels {
            release(label.key)
            release(label.value)
        }
    }
}

extension String {
    /// Byte for byte: Swift's `==` also holds for strings that differ in Unicode normalisation.
    fileprivate func hasBytes(of other: String) -> Bool {
        let isEqual = utf8.withContiguousStorageIfAvailable { left in
            other.utf8.withContiguousStorageIfAvailable { right in
                left.count == right.count && left.indices.allSatisfy { left[$0] == right[$0] }
            }
        }
        return (isEqual ?? nil) ?? utf8.elementsEqual(other.utf8)
    }
}

/// A label by the numbers of its name and value.
struct Label: Hashable, Sendable {
    let key: Int32
    let value: Int32
}

/// Lists of labels one behind the other, so that a quarter of a million cost no allocation each.
struct LabelArena: Sendable {
    struct Span: Hashable, Sendable {
        let start: Int32
        let count: Int32
    }

    static let none = Span(start: 0, count: 0)

    private var labels: [Label] = []
    /// Where there is room for so many.
    private var free: [Int32: [Int32]] = [:]

    subscript(span: Span) -> ArraySlice<Label> {
        labels[Int(span.start)..<Int(span.start + span.count)]
    }

    mutating func add(_ list: [Label]) -> Span {
        let count = Int32(list.count)
        guard count > 0 else { return Self.none }
        guard let start = free[count]?.popLast() else {
            labels += list
            return Span(start: Int32(labels.count) - count, count: count)
        }
        labels.replaceSubrange(Int(start)..<Int(start + count), with: list)
        return Span(start: start, count: count)
    }

    mutating func remove(_ span: Span) {
        if span.count > 0 { free[span.count, default: []].append(span.start) }
    }
}

/// What a selector sees of an object: its own labels, then what its profiles apply, in their order.
struct LabelView {
    let own: ArraySlice<Label>
    let inherited: [[Label]]

    func value(of key: Int32) -> Int32? {
        for label in own where label.key == key { return label.value }
        for labels in inherited {
            for label in labels where label.key == key { return label.value }
        }
        return nil
    }

    /// Every label that no earlier one hides.
    func forEach(_ body: (Label) -> Void) {
        for label in own { body(label) }
        for labels in inherited {
            for label in labels where value(of: label.key) == label.value { body(label) }
        }
    }
}
