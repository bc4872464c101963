import JSON

extension Shape {
    /// Judges a value that is there.
    func check(_ value: JSONValue, at path: FieldPath, _ findings: inout Findings) {
        switch self {
        case .any: break
        case .text(let format): Self.check(value, format, path, &findings)
        case .exactText(let format): Self.check(value, format, path, &findings)
        case .bool:
            if value.bool == nil { Self.wrongType(value, "a boolean", path, &findings) }
        case .number:
            if value.double == nil { Self.wrongType(value, "a number", path, &findings) }
        case .integer(let range): Self.check(value, range, path, &findings)
        case .scalar(let format):
            if !format.matches(value) {
                findings.refuse(path, value, "expected \(format.expected)")
            }
        case .list(let element, let min, let max, let isUnique):
            guard let elements = value.array
            else { return Self.wrongType(value, "a list", path, &findings) }
            if elements.count < min { findings.refuse(path, value, "expected an element") }
            Self.check(elements, element, max: max, isUnique: isUnique, path, &findings)
        case .map(let keys, let values):
            guard let object = value.object
            else { return Self.wrongType(value, "an object", path, &findings) }
            for (key, value) in object.members {
                let path = FieldPath.key(path, key)
                if keys.problem(key) != nil {
                    findings.refuse(path, nil, "expected the key to be \(keys.expected)")
                }
                values.check(value, at: path, &findings)
            }
        case .object(let members):
            guard let object = value.object
            else { return Self.wrongType(value, "an object", path, &findings) }
            Self.check(object, members, path, &findings)
        case .oneOf(let members):
            guard let object = value.object
            else { return Self.wrongType(value, "an object", path, &findings) }
            Self.check(object, members, path, &findings)
            if members.count(where: { !$0.shape.isAbsent(object[$0.name]) }) != 1 {
                let names = members.map(\.name).joined(separator: ", ")
                findings.refuse(path, value, "expected exactly one of \(names)")
            }
        }
    }

    /// Whether a field with this value counts as not set.
    ///
    /// Calico's API drops empty strings of optional fields, so they are as good as absent.
    private func isAbsent(_ value: JSONValue?) -> Bool {
        guard let value, !value.isNull else { return true }
        if case .text = self { return value.string == "" }
        return false
    }

    private static func check(
        _ object: JSONObject,
        _ members: [Member],
        _ path: FieldPath,
        _ findings: inout Findings
    ) {
        for member in members {
            if let value = object[member.name], !member.shape.isAbsent(value) {
                member.shape.check(value, at: .member(path, member.name), &findings)
            } else if member.isRequired {
                let path = FieldPath.member(path, member.name)
                findings.refuse(path, nil, "required: expected \(member.shape.expectation)")
            }
        }
    }

    private static func check(
        _ elements: [JSONValue],
        _ element: Shape,
        max: Int,
        isUnique: Bool,
        _ path: FieldPath,
        _ findings: inout Findings
    ) {
        if elements.count > max {
            findings.refuse(path, nil, "expected at most \(max) elements, found \(elements.count)")
        }
        var seen: Set<JSONValue> = []
        for (index, value) in elements.enumerated() {
            let path = FieldPath.element(path, index)
            element.check(value, at: path, &findings)
            if isUnique, !seen.insert(value).inserted {
                findings.refuse(path, value, "repeats an earlier element")
            }
        }
    }

    private static func check(
        _ value: JSONValue,
        _ format: TextFormat,
        _ path: FieldPath,
        _ findings: inout Findings
    ) {
        guard let text = value.string
        else { return wrongType(value, "a string", path, &findings) }
        if let problem = format.problem(text) { findings.refuse(path, value, problem) }
    }

    private static func check(
        _ value: JSONValue,
        _ range: ClosedRange<Int64>,
        _ path: FieldPath,
        _ findings: inout Findings
    ) {
        guard let integer = value.int
        else { return wrongType(value, "an integer", path, &findings) }
        if !range.contains(integer) {
            findings.refuse(path, value, "expected \(expectation(of: range))")
        }
    }

    private static func wrongType(
        _ value: JSONValue,
        _ expected: String,
        _ path: FieldPath,
        _ findings: inout Findings
    ) {
        var reason = "expected \(expected), found \(value.typeName)"
        // YAML turns bare words and digits into other types than their writer may have meant.
        switch value {
        case .int, .double, .bool: if expected == "a string" { reason += "; quote it" }
        default: break
        }
        findings.refuse(path, value, reason)
    }

    /// What the shape takes, for a message.
    private var expectation: String {
        switch self {
        case .any: "a value"
        case .text(let format), .exactText(let format): format.expected
        case .bool: "a boolean"
        case .integer(let range): Self.expectation(of: range)
        case .number: "a number"
        case .scalar(let format): format.expected
        case .list: "a list"
        case .map, .object, .oneOf: "an object"
        }
    }

    private static func expectation(of range: ClosedRange<Int64>) -> String {
        switch (range.lowerBound, range.upperBound) {
        case (.min, .max): "an integer"
        case (let lower, .max): "an integer of at least \(lower)"
        case (let lower, let upper): "an integer from \(lower) to \(upper)"
        }
    }
}
