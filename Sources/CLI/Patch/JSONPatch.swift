internal import JSON

/// A list of operations on a document (RFC 6902), of which all are done or none.
struct JSONPatch: Hashable, Sendable {
    enum Operation: Hashable, Sendable {
        case add(JSONPointer, JSONValue)
        case remove(JSONPointer)
        case replace(JSONPointer, JSONValue)
        case move(from: JSONPointer, to: JSONPointer)
        case copy(from: JSONPointer, to: JSONPointer)
        case test(JSONPointer, JSONValue)
    }

    let operations: [Operation]

    init(_ document: JSONValue) throws(PatchError) {
        guard let elements = document.array else {
            throw PatchError(reason: "expected a list of operations, not \(document.typeName)")
        }
        operations = try elements.map(Self.operation)
    }

    private static func operation(_ value: JSONValue) throws(PatchError) -> Operation {
        guard let name = value["op"]?.string else {
            throw PatchError(reason: "an operation has no 'op'")
        }
        let path = try pointer("path", in: value, of: name)
        switch name {
        case "add": return .add(path, try member(value, of: name))
        case "remove": return .remove(path)
        case "replace": return .replace(path, try member(value, of: name))
        case "move": return .move(from: try pointer("from", in: value, of: name), to: path)
        case "copy": return .copy(from: try pointer("from", in: value, of: name), to: path)
        case "test": return .test(path, try member(value, of: name))
        default: throw PatchError(reason: "unknown operation '\(name)'")
        }
    }

    private static func pointer(
        _ key: String,
        in value: JSONValue,
        of name: String
    ) throws(PatchError) -> JSONPointer {
        guard let text = value[key]?.string else {
            throw PatchError(reason: "operation '\(name)' has no '\(key)'")
        }
        return try JSONPointer(text)
    }

    private static func member(_ value: JSONValue, of name: String) throws(PatchError) -> JSONValue
    {
        guard let member = value["value"] else {
            throw PatchError(reason: "operation '\(name)' has no 'value'")
        }
        return member
    }
}

extension JSONValue {
    func patched(_ patch: JSONPatch) throws(PatchError) -> JSONValue {
        var result = self
        for operation in patch.operations { result = try result.applying(operation) }
        return result
    }

    private func applying(_ operation: JSONPatch.Operation) throws(PatchError) -> JSONValue {
        switch operation {
        case .add(let path, let value): return try adding(value, at: path)
        case .remove(let path): return try removing(path)
        case .replace(let path, let value):
            guard !path.parts.isEmpty else { return value }
            _ = try self.value(at: path)
            return try changing(path, path.parts[...]) { holder, part throws(PatchError) in
                switch holder {
                case .array(var elements):
                    elements[try Self.index(part, below: elements.count, path)] = value
                    holder = .array(elements)
                default: holder[part] = value
                }
            }
        case .move(let from, let to):
            guard !to.isBelow(from) else {
                throw PatchError(reason: "'\(from)' cannot move into itself")
            }
            let value = try value(at: from)
            return try removing(from).adding(value, at: to)
        case .copy(let from, let to): return try adding(try value(at: from), at: to)
        case .test(let path, let value):
            let found = try self.value(at: path)
            guard found == value else {
                throw PatchError(reason: "the test of '\(path)' failed: it is \(found)")
            }
            return self
        }
    }

    private func adding(_ value: JSONValue, at path: JSONPointer) throws(PatchError) -> JSONValue {
        guard !path.parts.isEmpty else { return value }
        return try changing(path, path.parts[...]) { holder, part throws(PatchError) in
            switch holder {
            case .object: holder[part] = value
            case .array(var elements):
                let index =
                    part == "-"
                    ? elements.count : try Self.index(part, below: elements.count + 1, path)
                elements.insert(value, at: index)
                holder = .array(elements)
            default: throw .nothing(at: path)
            }
        }
    }

    private func removing(_ path: JSONPointer) throws(PatchError) -> JSONValue {
        _ = try value(at: path)
        return try changing(path, path.parts[...]) { holder, part throws(PatchError) in
            switch holder {
            case .array(var elements):
                elements.remove(at: try Self.index(part, below: elements.count, path))
                holder = .array(elements)
            default: holder[part] = nil
            }
        }
    }
}
