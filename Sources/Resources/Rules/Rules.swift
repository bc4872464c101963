import JSON

/// Rules between the fields of one kind, which no schema can say.
///
/// They run after the schema and pass over values of the wrong type, which it reports.
enum Rules {}

extension JSONValue {
    /// Text that is there and not empty.
    func text(_ field: String) -> String? {
        guard let text = self[field]?.string, !text.isEmpty else { return nil }
        return text
    }

    func flag(_ field: String) -> Bool { self[field]?.bool ?? false }

    /// A list that is there, with the paths of its elements; empty otherwise.
    func elements(_ field: String, at path: String) -> [(path: String, value: JSONValue)] {
        (self[field]?.array ?? []).enumerated().map { index, value in
            ("\(joined(path, field))[\(index)]", value)
        }
    }

    func hasElements(_ field: String) -> Bool { self[field]?.array?.isEmpty == false }

    func has(_ field: String) -> Bool { self[field].map { !$0.isNull } ?? false }

    /// Null, false, zero, and empty text, lists and objects: what Calico's API leaves out.
    var isZero: Bool {
        switch self {
        case .null: true
        case .bool(let value): !value
        case .int(let value): value == 0
        case .double(let value): value == 0
        case .string(let value): value.isEmpty
        case .array(let value): value.isEmpty
        case .object(let value): value.members.allSatisfy { $0.value.isZero }
        }
    }
}

extension Findings {
    /// At most one of the fields may be set.
    mutating func requireExclusive(_ spec: JSONValue, _ first: String, _ second: String) {
        guard let value = spec.text(second), spec.text(first) != nil else { return }
        refuse("spec.\(second)", .string(value), "must be empty when spec.\(first) is set")
    }
}
