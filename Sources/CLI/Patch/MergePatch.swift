internal import JSON

extension JSONValue {
    /// This document under a JSON merge patch (RFC 7386 §2): members of objects are merged, `null`
    /// removes one, everything else takes the place of what was there.
    func merged(with patch: JSONValue) -> JSONValue {
        guard case .object(let changes) = patch else { return patch }
        var result = object ?? JSONObject()
        for (key, value) in changes.members {
            result[key] = value.isNull ? nil : (result[key] ?? .null).merged(with: value)
        }
        return .object(result)
    }
}
