import JSON

/// Reads the members of one object; what has another type than expected is told with its key.
struct ConfigurationReader {
    let object: JSONObject
    private let path: String

    init(_ json: JSONValue, path: String) throws(CNIError) {
        guard let object = json.object else {
            throw CNIError(
                .invalidConfiguration,
                "invalid network configuration: \(path)",
                details: "\(json): expected an object"
            )
        }
        self.object = object
        self.path = path
    }

    /// A member that is an object itself; a missing one is empty.
    func part(_ key: String) throws(CNIError) -> ConfigurationReader {
        guard let value = value(key) else {
            return try ConfigurationReader(.object(JSONObject()), path: path + key + ".")
        }
        guard value.object != nil else { throw wrong(key, value, "an object") }
        return try ConfigurationReader(value, path: path + key + ".")
    }

    func string(_ key: String) throws(CNIError) -> String? {
        guard let value = value(key) else { return nil }
        guard let text = value.string else { throw wrong(key, value, "a string") }
        return text.isEmpty ? nil : text
    }

    /// A boolean, or the text of one.
    func bool(_ key: String) throws(CNIError) -> Bool? {
        guard let value = value(key) else { return nil }
        switch value {
        case .bool(let value): return value
        case .string("true"): return true
        case .string("false"): return false
        case .string(""): return nil
        default: throw wrong(key, value, "true or false")
        }
    }

    func number(_ key: String, in range: ClosedRange<Int64>) throws(CNIError) -> Int64? {
        guard let value = value(key) else { return nil }
        guard let number = value.int, range.contains(number) else {
            throw wrong(key, value, "\(range.lowerBound) to \(range.upperBound)")
        }
        return number
    }

    func strings(_ key: String) throws(CNIError) -> [String] {
        guard let value = value(key) else { return [] }
        guard let list = value.array else { throw wrong(key, value, "a list of strings") }
        var strings: [String] = []
        for element in list {
            guard let text = element.string else { throw wrong(key, value, "a list of strings") }
            strings.append(text)
        }
        return strings
    }

    func wrong(_ key: String, _ value: JSONValue, _ expected: String) -> CNIError {
        CNIError(
            .invalidConfiguration,
            "invalid network configuration: \(path)\(key)",
            details: "\(value): expected \(expected)"
        )
    }

    private func value(_ key: String) -> JSONValue? {
        object[key].flatMap { $0.isNull ? nil : $0 }
    }
}
