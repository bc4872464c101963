import JSON

/// What a plain word of YAML means, as Kubernetes reads it.
///
/// That is YAML 1.1 as Go's library does it: `yes` is true, `010` is eight, but `1:30` and dates
/// are text.
enum YAMLScalar {
    static func resolve(_ text: String) -> JSONValue {
        switch text {
        case "", "~", "null", "Null", "NULL": return .null
        case "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON", "y", "Y":
            return .bool(true)
        case "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF", "n", "N":
            return .bool(false)
        default: return number(text) ?? .string(text)
        }
    }

    private static func number(_ text: String) -> JSONValue? {
        guard let first = text.utf8.first,
            (0x30...0x39).contains(first) || "+-.".utf8.contains(first)
        else { return nil }
        return integer(text) ?? float(text)
    }

    private static func integer(_ text: String) -> JSONValue? {
        var digits = text.filter { $0 != "_" }[...]
        let isNegative = digits.hasPrefix("-")
        if isNegative || digits.hasPrefix("+") { digits.removeFirst() }
        var radix = 10
        for (prefix, base) in [("0x", 16), ("0X", 16), ("0b", 2), ("0o", 8), ("0", 8)]
        where digits.hasPrefix(prefix) && digits.count > prefix.count {
            digits.removeFirst(prefix.count)
            radix = base
            break
        }
        guard let first = digits.first, first.isHexDigit else { return nil }
        if let value = Int64((isNegative ? "-" : "") + digits, radix: radix) { return .int(value) }
        return UInt64(digits, radix: radix).map {
            .double(isNegative ? -Double($0) : Double($0))
        }
    }

    /// `[-+]?[0-9]*\.?[0-9]+([eE][-+]?[0-9]+)?`, and a trailing dot.
    private static func float(_ text: String) -> JSONValue? {
        let isPlain = text.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || "+-.eE".utf8.contains(byte)
        }
        guard isPlain, text.contains(where: \.isNumber), text.utf8.last != UInt8(ascii: "e"),
            let value = Double(text.hasPrefix(".") ? "0\(text)" : text), value.isFinite
        else { return nil }
        return JSONValue(number: value)
    }
}
