internal import JSON

/// Picks values out of an object, as `custom-columns` and kubectl's JSONPath write it:
/// `.metadata.name`, `.spec.ingress[*].action`, `.metadata.annotations['a.b/c']`, `.items[-1]`.
struct FieldPath: Hashable, Sendable {
    private enum Step: Hashable, Sendable {
        case member(String)
        case element(Int)
        case all
    }

    private let steps: [Step]

    /// `nil` when the text is no path.
    init?(_ text: String) {
        var rest = text[...]
        if rest.hasPrefix("{"), rest.hasSuffix("}") { rest = rest.dropFirst().dropLast() }
        if rest.hasPrefix("$") { rest = rest.dropFirst() }
        if !rest.hasPrefix("."), !rest.hasPrefix("[") { rest = "." + rest }
        var steps: [Step] = []
        while !rest.isEmpty {
            guard let step = Self.step(&rest) else { return nil }
            steps.append(step)
        }
        self.steps = steps
    }

    private static func step(_ rest: inout Substring) -> Step? {
        if rest.first == "." {
            rest = rest.dropFirst()
            let name = rest.prefix { $0 != "." && $0 != "[" }
            rest = rest.dropFirst(name.count)
            guard !name.isEmpty else { return nil }
            return name == "*" ? .all : .member(String(name))
        }
        guard rest.first == "[", let end = rest.firstIndex(of: "]") else { return nil }
        let inner = rest[rest.index(after: rest.startIndex)..<end]
        rest = rest[rest.index(after: end)...]
        if inner == "*" { return .all }
        if let index = Int(inner) { return .element(index) }
        for quote in ["'", "\""]
        where inner.count >= 2 && inner.hasPrefix(quote) && inner.hasSuffix(quote) {
            return .member(String(inner.dropFirst().dropLast()))
        }
        return nil
    }

    func values(in value: JSONValue) -> [JSONValue] {
        steps.reduce([value]) { values, step in values.flatMap { Self.take(step, $0) } }
    }

    private static func take(_ step: Step, _ value: JSONValue) -> [JSONValue] {
        switch (step, value) {
        case (.member(let name), .object(let object)): return object[name].map { [$0] } ?? []
        case (.all, .array(let elements)): return elements
        case (.all, .object(let object)): return object.members.map(\.value)
        case (.element(let index), .array(let elements)):
            let index = index < 0 ? elements.count + index : index
            return elements.indices.contains(index) ? [elements[index]] : []
        default: return []
        }
    }

    /// All values in one cell; `<none>` for none, as kubectl has it.
    func text(in value: JSONValue) -> String {
        let values = values(in: value)
        return values.isEmpty ? "<none>" : values.map(\.cell).joined(separator: ",")
    }
}

extension JSONValue {
    /// As a table shows it: text without quotes, everything else as JSON.
    var cell: String { string ?? description }
}
