internal import JSON

/// The place of a value in a document (RFC 6901): `/spec/ingress/0`.
struct JSONPointer: Hashable, Sendable, CustomStringConvertible {
    let parts: [String]

    init(parts: [String]) {
        self.parts = parts
    }

    init(_ text: String) throws(PatchError) {
        guard text.isEmpty || text.hasPrefix("/") else {
            throw PatchError(reason: "the path '\(text)' does not begin with '/'")
        }
        parts = text.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
            .map { Self.replace("~0", "~", in: Self.replace("~1", "/", in: String($0))) }
    }

    var description: String {
        parts.map { "/" + Self.replace("/", "~1", in: Self.replace("~", "~0", in: $0)) }.joined()
    }

    /// Whether the place is inside that of `other`, and not the same.
    func isBelow(_ other: JSONPointer) -> Bool {
        parts.count > other.parts.count && parts.starts(with: other.parts)
    }

    private static func replace(_ old: String, _ new: String, in text: String) -> String {
        text.split(separator: old, omittingEmptySubsequences: false).joined(separator: new)
    }
}

/// Why a patch cannot be applied.
struct PatchError: Error, Hashable, Sendable {
    let reason: String
}

extension JSONValue {
    func value(at pointer: JSONPointer) throws(PatchError) -> JSONValue {
        var value = self
        for part in pointer.parts {
            switch value {
            case .object(let object):
                guard let member = object[part] else { throw .nothing(at: pointer) }
                value = member
            case .array(let elements):
                value = elements[try Self.index(part, below: elements.count, pointer)]
            default: throw .nothing(at: pointer)
            }
        }
        return value
    }

    /// Changes the object or list that holds the place, giving the body its last part.
    func changing(
        _ pointer: JSONPointer,
        _ parts: ArraySlice<String>,
        _ body: (inout JSONValue, String) throws(PatchError) -> Void
    ) throws(PatchError) -> JSONValue {
        var result = self
        guard let part = parts.first else { throw .nothing(at: pointer) }
        if parts.count == 1 {
            try body(&result, part)
            return result
        }
        switch self {
        case .object(let object):
            guard let member = object[part] else { throw .nothing(at: pointer) }
            result[part] = try member.changing(pointer, parts.dropFirst(), body)
        case .array(var elements):
            let index = try Self.index(part, below: elements.count, pointer)
            elements[index] = try elements[index].changing(pointer, parts.dropFirst(), body)
            result = .array(elements)
        default: throw .nothing(at: pointer)
        }
        return result
    }

    /// RFC 6901 §4: digits without leading zeroes.
    static func index(
        _ part: String,
        below count: Int,
        _ pointer: JSONPointer
    ) throws(PatchError) -> Int {
        guard let index = Int(part), String(index) == part, (0..<count).contains(index)
        else { throw .nothing(at: pointer) }
        return index
    }
}

extension PatchError {
    static func nothing(at pointer: JSONPointer) -> PatchError {
        PatchError(reason: "there is nothing at '\(pointer)'")
    }
}
