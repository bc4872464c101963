package import JSON

// YAML as kubectl prints it: block style, members in the order of the value, elements of a list as
// far in as its name. What a plain word would turn into something else is quoted.

extension JSONValue {
    /// The document as YAML, ending in a newline; reads back as the same value.
    package var yaml: String {
        var printer = YAMLPrinter()
        printer.print(self, indentation: 0)
        return printer.output
    }
}

private struct YAMLPrinter {
    var output = ""

    /// Prints on lines of its own.
    mutating func print(_ value: JSONValue, indentation: Int) {
        switch value {
        case .object(let object) where !object.isEmpty:
            for (index, member) in object.members.enumerated() {
                if index > 0 { indent(indentation) }
                print(member, indentation)
            }
        case .array(let elements) where !elements.isEmpty:
            for (index, element) in elements.enumerated() {
                if index > 0 { indent(indentation) }
                output += "- "
                print(element, indentation: indentation + 2)
            }
        default:
            output += scalar(value, indentation: indentation)
            output += "\n"
        }
    }

    private mutating func print(_ member: (key: String, value: JSONValue), _ indentation: Int) {
        output += Self.text(member.key) + ":"
        switch member.value {
        case .object(let object) where !object.isEmpty:
            output += "\n"
            indent(indentation + 2)
            print(member.value, indentation: indentation + 2)
        case .array(let elements) where !elements.isEmpty:
            output += "\n"
            indent(indentation)
            print(member.value, indentation: indentation)
        default:
            output += " " + scalar(member.value, indentation: indentation + 2) + "\n"
        }
    }

    private mutating func indent(_ count: Int) {
        output += String(repeating: " ", count: count)
    }

    private func scalar(_ value: JSONValue, indentation: Int) -> String {
        switch value {
        case .string(let text): Self.block(text, indentation: indentation) ?? Self.text(text)
        case .object: "{}"
        case .array: "[]"
        case .null, .bool, .int, .double: value.description
        }
    }

    // MARK: Strings

    /// Several lines as they are, where YAML keeps them: no odd characters, no space at the ends.
    private static func block(_ text: String, indentation: Int) -> String? {
        let scalars = text.unicodeScalars
        guard scalars.contains("\n"), indentation > 0, let first = scalars.first,
            first != " ", first != "\n", scalars.allSatisfy({ $0 == "\n" || isPrintable($0) })
        else { return nil }
        var lines = scalars.split(separator: "\n", omittingEmptySubsequences: false)
        let endsInNewline = lines.last?.isEmpty ?? false
        if endsInNewline { lines.removeLast() }
        guard lines.last?.isEmpty == false, !lines.contains(where: { $0.last == " " })
        else { return nil }
        let margin = String(repeating: " ", count: indentation)
        let body = lines.map { $0.isEmpty ? "" : margin + String($0) }.joined(separator: "\n")
        return (endsInNewline ? "|" : "|-") + "\n" + body
    }

    /// Plain where the word reads back as this text, quoted otherwise.
    private static func text(_ text: String) -> String {
        isPlain(text) ? text : quoted(text)
    }

    private static func isPlain(_ text: String) -> Bool {
        guard let first = text.utf8.first, let last = text.utf8.last,
            Names.isAlphanumeric(first) || "_./$(".utf8.contains(first),
            last != UInt8(ascii: ":"), last != UInt8(ascii: " "),
            text.utf8.allSatisfy({
                Names.isAlphanumeric($0) || " _-./:=()$+@%!&|<>".utf8.contains($0)
            }),
            !text.contains(": "), text != "..."
        else { return false }
        return YAMLScalar.resolve(text).string == text && !isForeignWord(text)
    }

    /// Text to us, a number of minutes or a date to other readers of YAML: `1:30`, `2026-01-31`.
    private static func isForeignWord(_ text: String) -> Bool {
        let isNumeric = text.utf8.allSatisfy { byte in
            (0x30...0x39).contains(byte) || "-:.".utf8.contains(byte)
        }
        return isNumeric && (text.contains(":") || text.contains("-"))
    }

    private static func quoted(_ text: String) -> String {
        var result = "\""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            case _ where isPrintable(scalar): result.unicodeScalars.append(scalar)
            default:
                let digits = String(scalar.value, radix: 16)
                let width = scalar.value <= 0xffff ? 4 : 8
                result += width == 4 ? "\\u" : "\\U"
                result += String(repeating: "0", count: width - digits.count) + digits
            }
        }
        return result + "\""
    }

    /// What YAML 1.1 §4.1.1 lets stand in a text, without the line breaks other than `\n`.
    private static func isPrintable(_ scalar: Unicode.Scalar) -> Bool {
        switch scalar.value {
        case 0x20...0x7e, 0xa0...0x2027, 0x202a...0xd7ff, 0xe000...0xfefe, 0xff00...0xfffd,
            0x10000...0x10ffff:
            true
        default: false
        }
    }
}
