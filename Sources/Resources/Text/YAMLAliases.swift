/// Refuses what would make Yams itself work for ever.
///
/// Yams shares what aliases stand for, so an alias costs nothing until something walks the tree.
/// Our own walk counts; Yams' walk, when it compares keys that are collections, does not. So a text
/// with many aliases may not have such keys. It is judged before it is parsed, hence roughly.
enum YAMLAliases {
    /// Nested as cleverly as can be, so many stand for about e^(30/e), 60,000 values.
    private static let harmlessCount = 30

    static func check(_ text: String) throws(YAMLFault) {
        let bytes = Array(text.utf8)
        guard aliasCount(bytes) > harmlessCount, let line = collectionKey(bytes) else { return }
        throw YAMLFault(
            document: 1,
            line: line,
            path: "",
            reason: "malformed YAML: a collection as a key, in a text of many aliases"
        )
    }

    private static func aliasCount(_ bytes: [UInt8]) -> Int {
        bytes.indices.dropLast().count { index in
            bytes[index] == UInt8(ascii: "*") && Names.isAlphanumeric(bytes[index + 1])
                && (index == 0 || " \t\n\r[]{},:-?".utf8.contains(bytes[index - 1]))
        }
    }

    /// The line of what may be such a key: after `?`, or a `]`, `}` or alias before a colon.
    private static func collectionKey(_ bytes: [UInt8]) -> Int? {
        var line = 1
        var isInAlias = false
        for index in bytes.indices {
            let byte = bytes[index]
            let next = index + 1 < bytes.count ? bytes[index + 1] : 0x0a
            switch byte {
            case 0x0a:
                line += 1
                isInAlias = false
            case UInt8(ascii: "?") where next == 0x20 || next == 0x0a || next == 0x09: return line
            case UInt8(ascii: "*"): isInAlias = true
            case UInt8(ascii: ":"):
                let before = bytes[..<index].last { $0 != 0x20 && $0 != 0x09 }
                if isInAlias || before == UInt8(ascii: "]") || before == UInt8(ascii: "}") {
                    return line
                }
            case UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"): isInAlias = false
            default: break
            }
        }
        return nil
    }
}
