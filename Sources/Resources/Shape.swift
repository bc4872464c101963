import JSON

/// What a field may hold, each value by itself; rules between fields are in `Rules`.
///
/// A schema is a literal of these, so that it reads like the tables of inventory §2.
indirect enum Shape: Sendable {
    /// Not looked into.
    case any
    case text(TextFormat)
    /// Like `text`, but an empty string is refused too: the field is a pointer in Calico's API.
    case exactText(TextFormat)
    case bool
    case integer(ClosedRange<Int64>)
    case number
    /// A number or a string, judged by one rule.
    case scalar(ScalarFormat)
    case list(Shape, min: Int = 0, max: Int = .max, isUnique: Bool = false)
    /// Any keys.
    case map(keys: TextFormat, values: Shape)
    /// Fields not named are kept as they are.
    case object([Member])
    /// An object of which exactly one field is set.
    case oneOf([Member])

    struct Member: Sendable {
        let name: String
        let shape: Shape
        let isRequired: Bool
    }

    static let string = Shape.text(.any)
    static let port = Shape.integer(1...65535)
    static let portOrNone = Shape.integer(0...65535)
    static let count = Shape.integer(0...Int64.max)
    static let anyInteger = Shape.integer(Int64.min...Int64.max)

    /// One of the words, as written; empty counts as absent.
    static func words(_ words: String...) -> Shape { .text(.words(words)) }
    /// One of the words, as written, and not empty.
    static func exactWords(_ words: String...) -> Shape { .exactText(.words(words)) }
    /// One of the words in any case; empty counts as absent.
    static func anyCase(_ words: String...) -> Shape { .text(.words(words, ignoringCase: true)) }
    static func texts(_ format: TextFormat, max: Int = .max) -> Shape {
        .list(.text(format), max: max)
    }
    /// A whole object of Kubernetes' form.
    static func resource(spec: Shape) -> Shape {
        .object([
            .required("metadata", Schemas.metadata),
            Member(name: "spec", shape: spec, isRequired: spec.hasRequiredMembers),
        ])
    }

    private var hasRequiredMembers: Bool {
        guard case .object(let members) = self else { return false }
        return members.contains { $0.isRequired }
    }

    /// With further fields.
    func adding(_ members: [Member]) -> Shape {
        guard case .object(let own) = self else { return self }
        return .object(own + members)
    }
}

extension Shape.Member {
    static func optional(_ name: String, _ shape: Shape) -> Self {
        Self(name: name, shape: shape, isRequired: false)
    }
    static func required(_ name: String, _ shape: Shape) -> Self {
        Self(name: name, shape: shape, isRequired: true)
    }
}

extension Shape: ExpressibleByDictionaryLiteral {
    /// Optional fields; a name that ends in `!` is required.
    init(dictionaryLiteral elements: (String, Shape)...) {
        self = .object(
            elements.map { name, shape in
                name.hasSuffix("!")
                    ? .required(String(name.dropLast()), shape) : .optional(name, shape)
            }
        )
    }
}

/// A rule for strings.
struct TextFormat: Sendable {
    /// Completes "expected …".
    let expected: String
    /// What is wrong with a text; `nil` when nothing is.
    let problem: @Sendable (String) -> String?

    init(_ expected: String, problem: @escaping @Sendable (String) -> String?) {
        self.expected = expected
        self.problem = problem
    }

    init(_ expected: String, _ matches: @escaping @Sendable (String) -> Bool) {
        self.init(expected, problem: { matches($0) ? nil : "expected \(expected)" })
    }

    static let any = TextFormat("a string") { _ in true }

    static func words(_ words: [String], ignoringCase: Bool = false) -> TextFormat {
        let expected = words.count == 1 ? words[0] : "one of " + words.joined(separator: ", ")
        guard ignoringCase else { return TextFormat(expected) { words.contains($0) } }
        let lowered = words.map { $0.lowercased() }
        return TextFormat(expected) { lowered.contains($0.lowercased()) }
    }
}

/// A rule for fields that take numbers and strings.
struct ScalarFormat: Sendable {
    let expected: String
    let matches: @Sendable (JSONValue) -> Bool

    init(_ expected: String, _ matches: @escaping @Sendable (JSONValue) -> Bool) {
        self.expected = expected
        self.matches = matches
    }
}
