/// A JSON document as a tree; objects keep the order of their members.
///
/// Written here rather than taken from Foundation because the CNI plugin links no Foundation and
/// because resources must print back in the order in which they were written.
package indirect enum JSONValue: Hashable, Sendable {
    case null
    case bool(Bool)
    case int(Int64)
    case double(Double)
    case string(String)
    case array([JSONValue])
    case object(JSONObject)
}

/// Members in order of appearance; equality ignores the order.
package struct JSONObject: Sendable {
    package private(set) var members: [(key: String, value: JSONValue)] = []

    package init() {}

    /// Of members of one name the last value counts, at the place of the first.
    package init(_ members: [(key: String, value: JSONValue)]) {
        // Comparing a few names is cheaper than hashing them, and most objects are small.
        guard members.count > 16 else {
            self.members.reserveCapacity(members.count)
            for (key, value) in members { self[key] = value }
            return
        }
        // Linear, so that a hostile document of very many members costs no more than its length.
        var places: [String: Int] = [:]
        for (key, value) in members {
            if let place = places[key] {
                self.members[place].value = value
            } else {
                places[key] = self.members.count
                self.members.append((key, value))
            }
        }
    }

    package var isEmpty: Bool { members.isEmpty }
    package var count: Int { members.count }
    package var keys: [String] { members.map(\.key) }

    /// Setting `nil` removes the member; a new member goes last.
    package subscript(key: String) -> JSONValue? {
        get { members.firstIndex { $0.key == key }.map { members[$0].value } }
        set {
            let index = members.firstIndex { $0.key == key }
            switch (index, newValue) {
            case (let index?, let value?): members[index].value = value
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): members.append((key, value))
            case (nil, nil): break
            }
        }
    }
}

extension JSONObject: Hashable {
    package static func == (left: Self, right: Self) -> Bool {
        guard left.count == right.count else { return false }
        // Most often the order is the same too.
        let isSame = left.members.elementsEqual(right.members) { $0.key == $1.key }
        guard !isSame else {
            return left.members.elementsEqual(right.members) { $0.value == $1.value }
        }
        let others = Dictionary(right.members.map { ($0.key, $0.value) }) { _, last in last }
        return left.members.allSatisfy { others[$0.key] == $0.value }
    }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(count)
        for (key, value) in members.sorted(by: { $0.key < $1.key }) {
            hasher.combine(key)
            hasher.combine(value)
        }
    }
}

extension JSONObject: ExpressibleByDictionaryLiteral {
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self.init(elements.map { (key: $0.0, value: $0.1) })
    }
}

extension JSONValue: ExpressibleByStringLiteral, ExpressibleByIntegerLiteral,
    ExpressibleByBooleanLiteral, ExpressibleByFloatLiteral, ExpressibleByArrayLiteral,
    ExpressibleByDictionaryLiteral
{
    package init(stringLiteral value: String) { self = .string(value) }
    package init(integerLiteral value: Int64) { self = .int(value) }
    package init(booleanLiteral value: Bool) { self = .bool(value) }
    package init(floatLiteral value: Double) { self = .double(value) }
    package init(arrayLiteral elements: JSONValue...) { self = .array(elements) }
    package init(dictionaryLiteral elements: (String, JSONValue)...) {
        self = .object(JSONObject(elements.map { (key: $0.0, value: $0.1) }))
    }
}

// MARK: - Access

extension JSONValue {
    /// A whole number is an integer however it was written, so that `100.0` equals `100`.
    package init(number: Double) {
        if let whole = Int64(exactly: number), whole.magnitude < 1 << 53 {
            self = .int(whole)
        } else {
            self = .double(number)
        }
    }

    /// A member of an object; `nil` when there is none or this is no object.
    ///
    /// Setting a member of anything but an object makes it one.
    package subscript(key: String) -> JSONValue? {
        get { object?[key] }
        set {
            var object = object ?? JSONObject()
            object[key] = newValue
            self = .object(object)
        }
    }

    package var isNull: Bool { self == .null }

    package var bool: Bool? {
        if case .bool(let value) = self { value } else { nil }
    }

    package var int: Int64? {
        switch self {
        case .int(let value): value
        case .double(let value): Int64(exactly: value)
        default: nil
        }
    }

    package var double: Double? {
        switch self {
        case .int(let value): Double(value)
        case .double(let value): value
        default: nil
        }
    }

    package var string: String? {
        if case .string(let value) = self { value } else { nil }
    }

    package var array: [JSONValue]? {
        if case .array(let value) = self { value } else { nil }
    }

    package var object: JSONObject? {
        if case .object(let value) = self { value } else { nil }
    }

    /// What a person would call its type.
    package var typeName: String {
        switch self {
        case .null: "null"
        case .bool: "a boolean"
        case .int: "an integer"
        case .double: "a number"
        case .string: "a string"
        case .array: "a list"
        case .object: "an object"
        }
    }
}
