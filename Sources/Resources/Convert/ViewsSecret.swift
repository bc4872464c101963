internal import JSON

/// The values of a Kubernetes Secret; those that are no text are left out.
package struct SecretView: Hashable, Sendable {
    package let namespace: String
    package let name: String
    package let values: [String: String]

    package init(_ resource: Resource) {
        namespace = resource.namespace ?? ""
        name = resource.name
        var values: [String: String] = [:]
        for (key, value) in resource.value["data"]?.object?.members ?? [] {
            guard let bytes = value.string.flatMap({ base64($0) }) else { continue }
            values[key] = String(validating: bytes, as: UTF8.self)
        }
        // What is written plainly replaces what is encoded, as in Kubernetes.
        for (key, value) in resource.value["stringData"]?.object?.members ?? [] {
            values[key] = value.string
        }
        self.values = values
    }
}

/// Decodes base64 (RFC 4648 §4); `nil` for anything else.
private func base64(_ text: String) -> [UInt8]? {
    let digits = Array(text.utf8.filter { $0 != 0x0a && $0 != 0x0d })
    guard digits.count.isMultiple(of: 4) else { return nil }
    let padding = digits.reversed().prefix { $0 == UInt8(ascii: "=") }.count
    guard padding <= 2 else { return nil }
    var bytes: [UInt8] = []
    var bits: UInt32 = 0
    for (index, digit) in digits.dropLast(padding).enumerated() {
        guard let value = base64Value(digit) else { return nil }
        bits = bits << 6 | UInt32(value)
        guard index % 4 == 3 else { continue }
        bytes += [UInt8(bits >> 16 & 0xff), UInt8(bits >> 8 & 0xff), UInt8(bits & 0xff)]
        bits = 0
    }
    switch padding {
    case 1: bytes += [UInt8(bits >> 10 & 0xff), UInt8(bits >> 2 & 0xff)]
    case 2: bytes.append(UInt8(bits >> 4 & 0xff))
    default: break
    }
    return bytes
}

private func base64Value(_ digit: UInt8) -> UInt8? {
    switch digit {
    case UInt8(ascii: "A")...UInt8(ascii: "Z"): digit - UInt8(ascii: "A")
    case UInt8(ascii: "a")...UInt8(ascii: "z"): digit - UInt8(ascii: "a") + 26
    case UInt8(ascii: "0")...UInt8(ascii: "9"): digit - UInt8(ascii: "0") + 52
    case UInt8(ascii: "+"): 62
    case UInt8(ascii: "/"): 63
    default: nil
    }
}
