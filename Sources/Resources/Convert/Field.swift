internal import JSON
internal import Model

/// A place in an object's tree that knows its own path, so that every error can name it.
struct Field {
    let object: ResourceKey
    let path: String
    let value: JSONValue

    /// The root of an object.
    init(_ resource: Resource) {
        self.init(object: resource.key, path: "", value: resource.value)
    }

    init(object: ResourceKey, path: String, value: JSONValue) {
        self.object = object
        self.path = path
        self.value = value
    }

    /// A member; `nil` when it is absent or null.
    subscript(key: String) -> Field? {
        guard let member = value[key], !member.isNull else { return nil }
        return Field(object: object, path: path.isEmpty ? key : "\(path).\(key)", value: member)
    }

    /// A member, or an empty object in its place.
    func orEmpty(_ key: String) -> Field {
        self[key] ?? Field(object: object, path: path.isEmpty ? key : "\(path).\(key)", value: [:])
    }

    var isObject: Bool { value.object != nil }
    var isInteger: Bool { value.int != nil }

    /// A member that must be there.
    func required(_ key: String) throws(ConversionError) -> Field {
        guard let field = self[key] else {
            throw Field(object: object, path: path.isEmpty ? key : "\(path).\(key)", value: .null)
                .error("is required")
        }
        return field
    }

    /// The elements of a list member; none when it is absent.
    func list(_ key: String) throws(ConversionError) -> [Field] {
        guard let field = self[key] else { return [] }
        guard let elements = field.value.array else { throw field.expected("a list") }
        return elements.enumerated().map { index, element in
            Field(object: object, path: "\(field.path)[\(index)]", value: element)
        }
    }

    // MARK: Values

    func string() throws(ConversionError) -> String {
        guard let string = value.string else { throw expected("a string") }
        return string
    }

    /// A string member; `nil` when it is absent or empty, which Calico treats alike.
    func text(_ key: String) throws(ConversionError) -> String? {
        guard let text = try self[key]?.string(), !text.isEmpty else { return nil }
        return text
    }

    func double() throws(ConversionError) -> Double {
        guard let double = value.double else { throw expected("a number") }
        return double
    }

    func flag(_ key: String) throws(ConversionError) -> Bool {
        guard let field = self[key] else { return false }
        guard let bool = field.value.bool else { throw field.expected("a boolean") }
        return bool
    }

    func integer<Number: FixedWidthInteger>(
        _ type: Number.Type,
        in range: ClosedRange<Number>
    ) throws(ConversionError) -> Number {
        guard let int = value.int, let number = Number(exactly: int), range.contains(number)
        else { throw expected("an integer from \(range.lowerBound) to \(range.upperBound)") }
        return number
    }

    func strings(_ key: String) throws(ConversionError) -> [String] {
        try list(key).map { field throws(ConversionError) in try field.string() }
    }

    /// A member that maps strings to strings, as labels do.
    func stringMap(_ key: String) throws(ConversionError) -> [String: String] {
        guard let field = self[key] else { return [:] }
        guard let members = field.value.object?.members else { throw field.expected("an object") }
        var result: [String: String] = [:]
        for (key, value) in members {
            guard let text = value.string else {
                throw Field(object: object, path: "\(field.path).\(key)", value: value)
                    .expected("a string")
            }
            result[key] = text
        }
        return result
    }

    // MARK: Values of the model

    func prefix() throws(ConversionError) -> Prefix {
        guard let prefix = Prefix(try string()) else { throw expected("an IP address or a CIDR") }
        return prefix
    }

    func prefixes(_ key: String) throws(ConversionError) -> [Prefix] {
        try list(key).map { field throws(ConversionError) in try field.prefix() }
    }

    /// An address, or a CIDR that holds just one.
    func address() throws(ConversionError) -> Address {
        guard let prefix = Prefix(try string()), prefix.isSingleAddress
        else { throw expected("an IP address") }
        return prefix.address
    }

    /// A protocol by name or by number.
    func ipProtocol() throws(ConversionError) -> IPProtocol {
        let text = value.int.map { String($0) } ?? value.string ?? ""
        guard let number = IPProtocol(text) else {
            throw expected("a protocol's name or a number from 1 to 255")
        }
        return number
    }

    // MARK: Errors

    func error(_ reason: String) -> ConversionError {
        ConversionError(object: object, field: path, reason: reason)
    }

    func expected(_ what: String) -> ConversionError {
        let found =
            switch value {
            case .string(let text): "'\(text)'"
            case .bool, .int, .double: value.description
            case .null, .array, .object: value.typeName
            }
        return error("is \(found), expected \(what)")
    }
}
