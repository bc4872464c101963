// The grammar of inventory §3.1. There is no token list: operator words are words only directly
// after a label (so a label may be called `in`), which a descent over the bytes says by itself.

extension Selector {
    /// Longest label name of the grammar, in bytes.
    package static let maximumLabelLength = 512

    /// Deeper nesting is refused, so that hostile text cannot exhaust the stack.
    ///
    /// A selector of a resource holds at most 1024 characters and cannot nest deeper.
    package static let maximumDepth = 512

    /// Empty or blank text is `all()`.
    package init(parsing text: String) throws(SelectorError) {
        var parser = SelectorParser(bytes: Array(text.utf8))
        self.init(try parser.selector())
    }
}

private struct SelectorParser {
    private let bytes: [UInt8]
    private var index = 0
    private var depth = 0

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func selector() throws(SelectorError) -> Selector.Node {
        skipSpace()
        guard index < bytes.count else { return .all }
        let node = try disjunction()
        guard index == bytes.count else {
            switch bytes[index] {
            case UInt8(ascii: "&"): throw error("expected &&")
            case UInt8(ascii: "|"): throw error("expected ||")
            default: throw error("expected && or || or the end of the selector")
            }
        }
        return node
    }

    private mutating func disjunction() throws(SelectorError) -> Selector.Node {
        var nodes = [try conjunction()]
        while take("||") { nodes.append(try conjunction()) }
        return nodes.count == 1 ? nodes[0] : .or(nodes)
    }

    private mutating func conjunction() throws(SelectorError) -> Selector.Node {
        var nodes = [try operation()]
        while take("&&") { nodes.append(try operation()) }
        return nodes.count == 1 ? nodes[0] : .and(nodes)
    }

    private mutating func operation() throws(SelectorError) -> Selector.Node {
        var isNegated = false
        skipSpace()
        while take("!") { isNegated.toggle() }
        let node = try primary()
        skipSpace()
        return isNegated ? .not(node) : node
    }

    private mutating func primary() throws(SelectorError) -> Selector.Node {
        if take("(") { return try parenthesised() }
        if takeExactly("all(") {
            try expect(")", after: "all(")
            return .all
        }
        if takeExactly("global(") {
            try expect(")", after: "global(")
            return .global
        }
        if takeExactly("has(") {
            skipSpace()
            let key = try label()
            try expect(")", after: "has(")
            return .has(key: key)
        }
        return try comparison()
    }

    private mutating func parenthesised() throws(SelectorError) -> Selector.Node {
        depth += 1
        guard depth <= Selector.maximumDepth else { throw error("nested too deeply") }
        let node = try disjunction()
        guard take(")") else { throw error("expected )") }
        depth -= 1
        return node
    }

    private mutating func comparison() throws(SelectorError) -> Selector.Node {
        let key = try label()
        skipSpace()
        if take("==") { return .equals(key: key, value: try string()) }
        if take("!=") { return .notEquals(key: key, value: try string()) }
        if takeWords("contains") { return .contains(key: key, value: try string()) }
        if takeWords("starts", "with") { return .startsWith(key: key, value: try string()) }
        if takeWords("ends", "with") { return .endsWith(key: key, value: try string()) }
        if takeWords("not", "in") { return .isNotIn(key: key, values: try set()) }
        if takeWords("in") { return .isIn(key: key, values: try set()) }
        throw error("expected an operator after label \"\(key)\"")
    }

    // MARK: Literals

    private mutating func label() throws(SelectorError) -> String {
        let start = index
        while let byte = peek, isLabelByte(byte) { index += 1 }
        let length = index - start
        guard length > 0 else { throw error("expected a label name, has(), all(), global() or (") }
        guard length <= Selector.maximumLabelLength else {
            index = start
            throw error("label name longer than \(Selector.maximumLabelLength) bytes")
        }
        return String(decoding: bytes[start..<index], as: UTF8.self)
    }

    private mutating func string() throws(SelectorError) -> String {
        skipSpace()
        guard let quote = peek, quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'")
        else { throw error("expected a quoted string") }
        guard let end = bytes[(index + 1)...].firstIndex(of: quote)
        else { throw error("unterminated string") }
        defer { index = end + 1 }
        return String(decoding: bytes[(index + 1)..<end], as: UTF8.self)
    }

    private mutating func set() throws(SelectorError) -> [String] {
        guard take("{") else { throw error("expected a set: {\"a\", \"b\"}") }
        var values: [String] = []
        while !take("}") {
            values.append(try string())
            if take(",") { continue }
            guard take("}") else { throw error("expected , or }") }
            break
        }
        return Selector.sortedUnique(values)
    }

    // MARK: Cursor

    private var peek: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x09 { index += 1 }
    }

    /// Skips space, then the text if it is there.
    private mutating func take(_ text: StaticString) -> Bool {
        skipSpace()
        return takeExactly(text)
    }

    private mutating func takeExactly(_ text: StaticString) -> Bool {
        guard startsHere(text) else { return false }
        index += text.utf8CodeUnitCount
        return true
    }

    private func startsHere(_ text: StaticString) -> Bool {
        bytes[index...].starts(
            with: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount)
        )
    }

    /// Takes the words of one operator, with any space between them and no label byte after them;
    /// otherwise takes nothing.
    private mutating func takeWords(_ words: StaticString...) -> Bool {
        let start = index
        for word in words {
            guard take(word) else {
                index = start
                return false
            }
        }
        if let next = peek, isLabelByte(next) {
            index = start
            return false
        }
        return true
    }

    private mutating func expect(
        _ text: StaticString,
        after opening: String
    ) throws(SelectorError) {
        guard take(text) else { throw error("expected ) after \(opening)") }
    }

    private func isLabelByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."),
            UInt8(ascii: "/"), UInt8(ascii: "-"):
            true
        default: false
        }
    }

    private func error(_ reason: String) -> SelectorError {
        SelectorError(reason: reason, column: index + 1)
    }
}
