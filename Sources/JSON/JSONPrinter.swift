extension JSONValue: CustomStringConvertible {
    /// The document on one line.
    package var description: String { text() }

    /// The document as text; with `indentation`, one member or element a line.
    package func text(indentation: Int? = nil) -> String {
        String(decoding: bytes(indentation: indentation), as: UTF8.self)
    }

    package func bytes(indentation: Int? = nil) -> [UInt8] {
        var printer = JSONPrinter(indentation: indentation)
        printer.print(self, depth: 0)
        return printer.output
    }
}

private struct JSONPrinter {
    let indentation: Int?
    var output: [UInt8] = []

    init(indentation: Int?) {
        self.indentation = indentation
    }

    mutating func print(_ value: JSONValue, depth: Int) {
        switch value {
        case .null: output += "null".utf8
        case .bool(let value): output += (value ? "true" : "false").utf8
        case .int(let value): output += String(value).utf8
        case .double(let value): output += Self.text(of: value).utf8
        case .string(let value): print(value)
        case .array(let elements):
            list("[", "]", elements, depth) { printer, element in
                printer.print(element, depth: depth + 1)
            }
        case .object(let object):
            list("{", "}", object.members, depth) { printer, member in
                printer.print(member.key)
                printer.output += (printer.indentation == nil ? ":" : ": ").utf8
                printer.print(member.value, depth: depth + 1)
            }
        }
    }

    private mutating func list<Element>(
        _ open: Unicode.Scalar,
        _ close: Unicode.Scalar,
        _ elements: [Element],
        _ depth: Int,
        _ body: (inout JSONPrinter, Element) -> Void
    ) {
        output.append(UInt8(ascii: open))
        for (index, element) in elements.enumerated() {
            if index > 0 { output.append(UInt8(ascii: ",")) }
            newLine(depth + 1)
            body(&self, element)
        }
        if !elements.isEmpty { newLine(depth) }
        output.append(UInt8(ascii: close))
    }

    private mutating func newLine(_ depth: Int) {
        guard let indentation else { return }
        output.append(0x0a)
        output += repeatElement(0x20, count: indentation * depth)
    }

    private static func text(of value: Double) -> String {
        // Beyond, a whole number written out would be read as an integer.
        if let whole = Int64(exactly: value), whole.magnitude < 1 << 53 { return String(whole) }
        return value.isFinite ? String(value) : "null"
    }

    private mutating func print(_ string: String) {
        output.append(UInt8(ascii: "\""))
        for byte in string.utf8 {
            switch byte {
            case UInt8(ascii: "\""): output += "\\\"".utf8
            case UInt8(ascii: "\\"): output += "\\\\".utf8
            case 0x0a: output += "\\n".utf8
            case 0x0d: output += "\\r".utf8
            case 0x09: output += "\\t".utf8
            case ..<0x20:
                output += "\\u00".utf8
                output += ((byte < 16 ? "0" : "") + String(byte, radix: 16)).utf8
            default: output.append(byte)
            }
        }
        output.append(UInt8(ascii: "\""))
    }
}
