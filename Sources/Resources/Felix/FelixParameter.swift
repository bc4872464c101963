import JSON
package import Model

/// One of Felix's parameters (inventory §10), or of ours beside them: its names, its type and its
/// default.
package struct FelixParameter: Sendable {
    /// The name in environment and configuration file; compared in any case.
    package let name: String
    /// The field of FelixConfiguration; `nil` for what only a node itself can set.
    package let field: String?
    let type: FelixType
    /// In the form of the environment; empty for none.
    let defaultText: String

    /// A field; its other name is the same in upper camel case unless it is given.
    init(_ field: String, named name: String? = nil, _ type: FelixType, _ defaultText: String) {
        self.name = name ?? field.prefix(1).uppercased() + field.dropFirst()
        self.field = field
        self.type = type
        self.defaultText = defaultText
    }

    init(local name: String, _ type: FelixType, _ defaultText: String) {
        self.name = name
        self.field = nil
        self.type = type
        self.defaultText = defaultText
    }

    package static let all: [FelixParameter] =
        process + dataplane + tables + bpf + overlay + caracal

    /// By name and by field, in lower case.
    static let byName: [String: FelixParameter] = {
        var result: [String: FelixParameter] = [:]
        for parameter in all {
            result[parameter.name.lowercased()] = parameter
            if let field = parameter.field { result[field.lowercased()] = parameter }
        }
        return result
    }()

    package var hasDefault: Bool { !defaultText.isEmpty }

    /// `nil` for no default.
    package var defaultValue: FelixValue? {
        defaultText.isEmpty ? nil : type.parse(defaultText, name: name)
    }
}

/// The types of Felix's parameters.
enum FelixType: Sendable {
    case bool
    case integer(ClosedRange<Int64>)
    case duration
    case text(TextFormat)
    case texts(TextFormat)
    /// In any case.
    case words([String])
    /// As written in FelixConfiguration; in any case elsewhere.
    case exactWords([String])
    /// 32 bits, at least two of them set.
    case mask
    case portRange
    case ports
    case hostPorts
    case pairs
    case timeouts
    case tableRange
    case tableRanges
}

/// A value of one of Felix's parameters.
package enum FelixValue: Hashable, Sendable {
    case bool(Bool)
    case integer(Int64)
    case duration(Duration)
    case text(String)
    case texts([String])
    case pairs([String: String])
    case ports([ClosedRange<UInt16>])
    case hostPorts([FelixHostPort])
    case tables([ClosedRange<UInt32>])
}

/// A port of the host that policy never cuts off.
package struct FelixHostPort: Hashable, Sendable {
    package let `protocol`: IPProtocol
    package let port: UInt16
    /// The far end; `nil` for any.
    package let net: Prefix?

    package init(protocol: IPProtocol, port: UInt16, net: Prefix? = nil) {
        self.protocol = `protocol`
        self.port = port
        self.net = net
    }
}

extension FelixType {
    /// What the field of FelixConfiguration may hold.
    var shape: Shape {
        switch self {
        case .bool: .bool
        case .integer(let range): .integer(range)
        case .duration: .text(.duration)
        case .text(let format): .text(format)
        case .texts(let format): .texts(format)
        case .words(let words): .text(.words(words, ignoringCase: true))
        case .exactWords(let words): .exactText(.words(words))
        case .mask: .scalar(.mask)
        case .portRange: .scalar(.portRange)
        case .ports: .list(.scalar(.numericPort), max: 7)
        case .hostPorts: .list(Self.hostPort)
        case .pairs: .map(keys: .any, values: .string)
        case .timeouts:
            .list([
                "name!": .exactText(.timeoutName), "timeout!": .exactText(.positiveDuration),
            ])
        case .tableRange: Self.tableRangeShape
        case .tableRanges: .list(Self.tableRangeShape)
        }
    }

    private static let hostPort: Shape = [
        "protocol": .anyCase("TCP", "UDP", "SCTP"), "port": .portOrNone, "net": .text(.cidr),
    ]
    private static let tableRangeShape: Shape = ["min": .anyInteger, "max": .anyInteger]
}

extension ScalarFormat {
    static let mask = ScalarFormat("a 32-bit mask with at least two bits set") { value in
        let number = value.int ?? value.string.flatMap(FelixType.number)
        return number.flatMap(UInt32.init(exactly:)).map { $0.nonzeroBitCount >= 2 } ?? false
    }
}

extension TextFormat {
    static let timeoutName = TextFormat("a name of letters, digits, space, _ and -") {
        Names.consists($0, of: " _-", length: 1...Int.max)
    }
    static let hostName = TextFormat("a host name") {
        Names.consists($0, of: "_.-", length: 1...Int.max)
    }
    static let hostAndPort = TextFormat("host:port") { text in
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        return parts.count == 2 && !parts[0].isEmpty && !parts[0].contains("/")
            && !parts[1].isEmpty && decimal(parts[1]) != nil
    }
    static let logPrefix = TextFormat("letters, digits and any of %: /_-") {
        Names.consists($0, of: "%: /_-", length: 0...Int.max)
    }
    static let logRate = TextFormat("a rate, as 10/minute") { text in
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let count = decimal(parts[0]), !parts[0].hasPrefix("0")
        else { return false }
        return (1...9999).contains(count)
            && ["second", "minute", "hour", "day"].contains(String(parts[1]))
    }
    static let featureGates = TextFormat("name=value, joined by commas") {
        areFeatures($0) { !$0.isEmpty && !$0.contains("=") }
    }
    static let featureOverrides = TextFormat("name=true or name=false, joined by commas") {
        areFeatures($0) { $0 == "true" || $0 == "false" }
    }

    private static func areFeatures(_ text: String, _ isValue: (Substring) -> Bool) -> Bool {
        // One trailing comma is allowed.
        let entries = (text.hasSuffix(",") ? text.dropLast() : text[...])
            .split(separator: ",", omittingEmptySubsequences: false)
        return text.isEmpty
            || entries.allSatisfy { entry in
                guard let equals = entry.firstIndex(of: "=") else { return false }
                return Names.consists(entry[..<equals], of: "-_", length: 1...Int.max)
                    && isValue(entry[entry.index(after: equals)...])
            }
    }
}
