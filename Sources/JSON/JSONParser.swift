/// Why a text is no JSON document (RFC 8259), and where.
package struct JSONError: Error, Hashable, CustomStringConvertible {
    package let reason: String
    /// Both from 1; the column counts bytes.
    package let line: Int
    package let column: Int

    package var description: String { "line \(line), column \(column): \(reason)" }
}

extension JSONValue {
    /// Nesting deeper than this is refused, so that hostile input cannot exhaust the stack.
    package static let maximumDepth = 256

    package init(parsing text: some StringProtocol) throws(JSONError) {
        try self.init(parsing: Array(text.utf8))
    }

    /// Parses one whole document in UTF-8; of members of one name the last counts.
    package init(parsing bytes: [UInt8]) throws(JSONError) {
        var parser = JSONParser(bytes: bytes)
        self = try parser.document()
    }
}

/// A document and where its values stand, for messages about them.
package struct LocatedJSON: Sendable {
    package let value: JSONValue
    /// The line of each value from 1, by its path: `spec.ports[0].name`; the document's is empty.
    package let lines: [String: Int]

    /// Parses any number of documents one after the other, and refuses members of one name.
    package static func documents(parsing bytes: [UInt8]) throws(JSONError) -> [LocatedJSON] {
        var parser = JSONParser(bytes: bytes)
        return try parser.locatedDocuments()
    }
}

private struct JSONParser {
    let bytes: [UInt8]
    var index = 0
    var depth = 0
    /// Grows in `skipSpace`: a line ends nowhere else in a valid document.
    private var line = 1
    private var path = ""
    /// `nil` when nobody asked for them.
    private var lines: [String: Int]?

    init(bytes: [UInt8]) {
        self.bytes = bytes
    }

    mutating func locatedDocuments() throws(JSONError) -> [LocatedJSON] {
        var documents: [LocatedJSON] = []
        skipSpace()
        while index < bytes.count {
            lines = [:]
            let value = try value()
            documents.append(LocatedJSON(value: value, lines: lines ?? [:]))
            skipSpace()
        }
        return documents
    }

    mutating func document() throws(JSONError) -> JSONValue {
        let value = try value()
        skipSpace()
        guard index == bytes.count else { throw error("unexpected text after the document") }
        return value
    }

    private mutating func value() throws(JSONError) -> JSONValue {
        skipSpace()
        lines?[path] = line
        switch peek {
        case UInt8(ascii: "{"):
            return try nested { parser throws(JSONError) in try parser.object() }
        case UInt8(ascii: "["): return try nested { parser throws(JSONError) in try parser.array() }
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "t"): return try word("true", .bool(true))
        case UInt8(ascii: "f"): return try word("false", .bool(false))
        case UInt8(ascii: "n"): return try word("null", .null)
        case UInt8(ascii: "-"), (0x30...0x39)?: return try number()
        case nil: throw error("unexpected end of the document")
        default: throw error("expected a value")
        }
    }

    private mutating func nested(
        _ body: (inout JSONParser) throws(JSONError) -> JSONValue
    ) throws(JSONError) -> JSONValue {
        depth += 1
        guard depth <= JSONValue.maximumDepth else { throw error("nested too deeply") }
        index += 1
        let value = try body(&self)
        depth -= 1
        return value
    }

    private mutating func object() throws(JSONError) -> JSONValue {
        var members: [(key: String, value: JSONValue)] = []
        var names: Set<String> = []
        let ownPath = path
        defer { path = ownPath }
        skipSpace()
        guard !take("}") else { return .object(JSONObject()) }
        while true {
            skipSpace()
            guard peek == UInt8(ascii: "\"") else { throw error("expected a member name") }
            let key = try string()
            if lines != nil {
                guard names.insert(key).inserted
                else { throw error("the member \"\(key)\" is there twice") }
                path = ownPath.isEmpty ? key : "\(ownPath).\(key)"
            }
            skipSpace()
            guard take(":") else { throw error("expected ':' after the member name") }
            members.append((key, try value()))
            skipSpace()
            if take("}") { return .object(JSONObject(members)) }
            guard take(",") else { throw error("expected ',' or '}'") }
        }
    }

    private mutating func array() throws(JSONError) -> JSONValue {
        var elements: [JSONValue] = []
        let ownPath = path
        defer { path = ownPath }
        skipSpace()
        guard !take("]") else { return .array([]) }
        while true {
            if lines != nil { path = "\(ownPath)[\(elements.count)]" }
            elements.append(try value())
            skipSpace()
            if take("]") { return .array(elements) }
            guard take(",") else { throw error("expected ',' or ']'") }
        }
    }

    private mutating func word(
        _ text: StaticString,
        _ value: JSONValue
    ) throws(JSONError) -> JSONValue {
        let end = index + text.utf8CodeUnitCount
        guard end <= bytes.count, bytes[index..<end].elementsEqual(text.description.utf8)
        else { throw error("expected a value") }
        index = end
        return value
    }

    // MARK: Numbers

    private mutating func number() throws(JSONError) -> JSONValue {
        let start = index
        _ = take("-")
        let leadingZero = peek == UInt8(ascii: "0")
        let digits = skipDigits()
        guard digits > 0, !leadingZero || digits == 1 else { throw error("malformed number") }
        var isInteger = true
        if take(".") {
            isInteger = false
            guard skipDigits() > 0 else { throw error("malformed number") }
        }
        if take("e") || take("E") {
            isInteger = false
            if !take("+") { _ = take("-") }
            guard skipDigits() > 0 else { throw error("malformed number") }
        }
        let text = String(decoding: bytes[start..<index], as: UTF8.self)
        if isInteger, let value = Int64(text) { return .int(value) }
        guard let value = Double(text), value.isFinite else { throw error("number out of range") }
        return JSONValue(number: value)
    }

    private mutating func skipDigits() -> Int {
        let start = index
        while let byte = peek, (0x30...0x39).contains(byte) { index += 1 }
        return index - start
    }

    // MARK: Strings

    private mutating func string() throws(JSONError) -> String {
        index += 1
        let start = index
        while let byte = peek, byte != UInt8(ascii: "\""), byte != UInt8(ascii: "\\"), byte >= 0x20
        {
            index += 1
        }
        if take("\"") {
            guard let text = String(validating: bytes[start..<(index - 1)], as: UTF8.self)
            else { throw error("text is not UTF-8") }
            return text
        }
        return try escapedString(from: start)
    }

    private mutating func escapedString(from start: Int) throws(JSONError) -> String {
        var result = Array(bytes[start..<index])
        while true {
            guard let byte = peek else { throw error("unterminated string") }
            index += 1
            switch byte {
            case UInt8(ascii: "\""):
                guard let text = String(validating: result, as: UTF8.self)
                else { throw error("text is not UTF-8") }
                return text
            case UInt8(ascii: "\\"):
                result += Array(String(try escape()).utf8)
            case ..<0x20:
                throw error("control character in a string")
            default:
                result.append(byte)
            }
        }
    }

    private mutating func escape() throws(JSONError) -> Unicode.Scalar {
        guard let byte = peek else { throw error("unterminated string") }
        index += 1
        switch byte {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): return Unicode.Scalar(byte)
        case UInt8(ascii: "b"): return "\u{8}"
        case UInt8(ascii: "f"): return "\u{c}"
        case UInt8(ascii: "n"): return "\n"
        case UInt8(ascii: "r"): return "\r"
        case UInt8(ascii: "t"): return "\t"
        case UInt8(ascii: "u"): return try unicodeEscape()
        default: throw error("unknown escape")
        }
    }

    private mutating func unicodeEscape() throws(JSONError) -> Unicode.Scalar {
        let first = try hex4()
        if let scalar = Unicode.Scalar(first) { return scalar }
        guard (0xd800..<0xdc00).contains(first), take("\\"), take("u")
        else { throw error("lone surrogate") }
        let second = try hex4()
        guard (0xdc00..<0xe000).contains(second),
            let scalar = Unicode.Scalar(0x10000 + (first - 0xd800) << 10 + (second - 0xdc00))
        else { throw error("lone surrogate") }
        return scalar
    }

    private mutating func hex4() throws(JSONError) -> UInt32 {
        guard index + 4 <= bytes.count,
            bytes[index..<(index + 4)].allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit }),
            let value = UInt32(
                String(decoding: bytes[index..<(index + 4)], as: UTF8.self),
                radix: 16
            )
        else { throw error("expected four hexadecimal digits") }
        index += 4
        return value
    }

    // MARK: Cursor

    private var peek: UInt8? { index < bytes.count ? bytes[index] : nil }

    private mutating func take(_ character: Unicode.Scalar) -> Bool {
        guard peek == UInt8(ascii: character) else { return false }
        index += 1
        return true
    }

    private mutating func skipSpace() {
        while let byte = peek, byte == 0x20 || byte == 0x0a || byte == 0x0d || byte == 0x09 {
            if byte == 0x0a { line += 1 }
            index += 1
        }
    }

    private func error(_ reason: String) -> JSONError {
        let before = bytes[..<min(index, bytes.count)]
        let line = before.reduce(1) { $0 + ($1 == 0x0a ? 1 : 0) }
        let start = before.lastIndex(of: 0x0a).map { $0 + 1 } ?? 0
        return JSONError(reason: reason, line: line, column: before.count - start + 1)
    }
}
