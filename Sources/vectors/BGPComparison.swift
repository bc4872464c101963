import JSON
import Model

/// Compares facts of a speaker's configuration, found against expected.
enum BGPComparison {
    /// Lists whose order means nothing.
    private static let unordered: Set<String> = [
        "peers", "static_routes", "advertised_blocks", "communities",
    ]

    static func differences(_ found: JSONValue, _ expected: JSONValue) -> [String] {
        var keys = Set((found.object?.keys ?? []) + (expected.object?.keys ?? []))
        var differences: [String] = []
        // Calico's agents have no identifier of their own without an IPv4 address.
        if (expected["router_id"]?.string ?? "").isEmpty { keys.remove("router_id") }
        for key in keys.sorted() {
            let one = normalised(found[key] ?? .null, key)
            let other = normalised(expected[key] ?? .null, key)
            guard one != other else { continue }
            differences += lists(key, one, other) ?? ["\(key) is \(one), expected \(other)"]
        }
        return differences
    }

    /// Of two lists, what one has and the other has not.
    private static func lists(
        _ key: String,
        _ found: JSONValue,
        _ expected: JSONValue
    ) -> [String]? {
        guard let found = found.array, let expected = expected.array,
            Set(found) != Set(expected)
        else { return nil }
        let extra = found.filter { !expected.contains($0) }.map { "\(key): not expected \($0)" }
        return extra + expected.filter { !found.contains($0) }.map { "\(key): lacks \($0)" }
    }

    private static func normalised(_ value: JSONValue, _ key: String) -> JSONValue {
        switch value {
        case .array(let elements):
            let elements = elements.map { normalised($0, element(of: key)) }
            return .array(
                unordered.contains(key)
                    ? elements.sorted { $0.description < $1.description } : elements
            )
        case .object(let object):
            return normalised(object, key)
        case .string(let text):
            // The cases keep prefixes as people wrote them.
            if key == "cidr" || key == "net", let prefix = Prefix(text) {
                return .string("\(prefix)")
            }
            // No log at all may be said or left out.
            return key == "log" && text == "none" ? .null : value
        default:
            return value
        }
    }

    private static func element(of key: String) -> String {
        key.hasSuffix("_nets") ? "net rule" : key
    }

    private static func normalised(_ object: JSONObject, _ key: String) -> JSONValue {
        var result = JSONObject()
        for (name, member) in object.members where !member.isNull {
            if key == "net rule", !["net", "action"].contains(name) {
                // How a route goes into its tunnel, in whatever words.
                if member != false { result["tunnel"] = true }
            } else {
                result[name] = normalised(member, name)
            }
        }
        return .object(JSONObject(result.members.sorted { $0.key < $1.key }))
    }
}
