package import JSON
import Model

// The model as JSON and back, for cases that are kept. A member of a struct is named once, and both
// ways follow from that; members that are as in an empty object are left out.

/// Something that a kept case says in JSON.
package protocol JSONRepresentable {
    init(json: JSONValue) throws
    var json: JSONValue { get }
}

/// A kept case that does not say what it should.
package struct CorpusError: Error, CustomStringConvertible {
    package let description: String

    init(_ value: JSONValue?, _ expected: String) {
        description = "\(value ?? .null): expected \(expected)"
    }
}

/// A member of a struct and how JSON calls it.
struct Member<Root> {
    let name: String
    let read: (JSONValue, inout Root) throws -> Void
    /// `nil` when it is as in an empty object.
    let write: (Root) -> JSONValue?

    init<Value: JSONRepresentable & Equatable>(
        _ name: String,
        _ path: WritableKeyPath<Root, Value>
    ) where Root: MemberRepresentable {
        self.name = name
        read = { try $1[keyPath: path] = Value(json: $0) }
        write = { root in
            let value = root[keyPath: path]
            return value == Root.empty[keyPath: path] ? nil : value.json
        }
    }
}

/// A struct whose JSON is an object of its members.
protocol MemberRepresentable: JSONRepresentable {
    static var empty: Self { get }
    static var named: [Member<Self>] { get }
}

extension MemberRepresentable {
    package init(json: JSONValue) throws {
        guard let object = json.object else { throw CorpusError(json, "an object") }
        self = Self.empty
        for (key, value) in object.members {
            guard let member = Self.named.first(where: { $0.name == key })
            else { throw CorpusError(.string(key), "a member of \(Self.self)") }
            try member.read(value, &self)
        }
    }

    package var json: JSONValue {
        var object = JSONObject()
        for member in Self.named { object[member.name] = member.write(self) }
        return .object(object)
    }
}

/// Something that JSON says in one string.
protocol TextRepresentable: JSONRepresentable {
    init?(text: String)
    var text: String { get }
}

extension TextRepresentable {
    package init(json: JSONValue) throws {
        guard let text = json.string, let value = Self(text: text)
        else { throw CorpusError(json, "\(Self.self)") }
        self = value
    }

    package var json: JSONValue { .string(text) }
}

// MARK: Plain values

extension Array: JSONRepresentable where Element: JSONRepresentable {
    package init(json: JSONValue) throws {
        guard let elements = json.array else { throw CorpusError(json, "a list") }
        self = try elements.map { try Element(json: $0) }
    }

    package var json: JSONValue { .array(map(\.json)) }
}

extension Optional: JSONRepresentable where Wrapped: JSONRepresentable {
    package init(json: JSONValue) throws { self = json.isNull ? nil : try Wrapped(json: json) }

    package var json: JSONValue { self?.json ?? .null }
}

extension Dictionary: JSONRepresentable where Key == String, Value == String {
    package init(json: JSONValue) throws {
        guard let object = json.object else { throw CorpusError(json, "an object") }
        self.init()
        for (key, value) in object.members { self[key] = try String(json: value) }
    }

    package var json: JSONValue {
        .object(JSONObject(sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
    }
}

extension Bool: JSONRepresentable {
    package init(json: JSONValue) throws {
        guard let value = json.bool else { throw CorpusError(json, "a boolean") }
        self = value
    }

    package var json: JSONValue { .bool(self) }
}

extension Double: JSONRepresentable {
    package init(json: JSONValue) throws {
        guard let value = json.double else { throw CorpusError(json, "a number") }
        self = value
    }

    package var json: JSONValue { JSONValue(number: self) }
}

extension UInt16: JSONRepresentable {
    package init(json: JSONValue) throws {
        guard let value = json.int.flatMap({ UInt16(exactly: $0) })
        else { throw CorpusError(json, "a port") }
        self = value
    }

    package var json: JSONValue { .int(Int64(self)) }
}

extension String: TextRepresentable {
    init?(text: String) { self = text }

    var text: String { self }
}
