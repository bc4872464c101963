package import JSON

/// Why one field of an object is refused.
package struct FieldError: Error, Hashable, Sendable, CustomStringConvertible {
    /// `spec.ingress[0].source.nets[1]`; empty for the object itself.
    package let path: String
    /// What stands there; `nil` when it is missing or the fault is not in one value.
    package let value: JSONValue?
    /// What was expected, or what is wrong.
    package let reason: String

    package init(path: String, value: JSONValue?, reason: String) {
        self.path = path
        self.value = value
        self.reason = reason
    }

    package var description: String {
        let parts = [path.isEmpty ? nil : path, value.map(Self.excerpt), reason]
        return parts.compactMap(\.self).joined(separator: ": ")
    }

    /// The value in one line of at most 60 characters.
    static func excerpt(_ value: JSONValue) -> String {
        let text = value.description
        return text.count <= 60 ? text : text.prefix(57) + "..."
    }
}

/// A place in an object; its text is only worked out for a message.
indirect enum FieldPath {
    /// The object itself.
    case root
    case member(FieldPath, String)
    case element(FieldPath, Int)
    /// Of a map, whose keys are no names of fields.
    case key(FieldPath, String)

    var text: String {
        switch self {
        case .root: ""
        case .member(let parent, let name): joined(parent.text, name)
        case .element(let parent, let index): "\(parent.text)[\(index)]"
        case .key(let parent, let key): "\(parent.text)[\(key)]"
        }
    }
}

/// Collects what is wrong with one object.
struct Findings {
    private(set) var errors: [FieldError] = []

    mutating func refuse(_ path: FieldPath, _ value: JSONValue?, _ reason: String) {
        refuse(path.text, value, reason)
    }

    mutating func refuse(_ path: String, _ value: JSONValue?, _ reason: String) {
        errors.append(FieldError(path: path, value: value, reason: reason))
    }
}

/// Joins a field to the path of the object that holds it.
func joined(_ path: String, _ field: String) -> String {
    path.isEmpty ? field : "\(path).\(field)"
}
