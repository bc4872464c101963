package import JSON

/// What a failure means to the runtime; numbers below 100 are the specification's.
package struct CNIErrorCode: RawRepresentable, Hashable, Sendable {
    package let rawValue: Int

    package init(rawValue: Int) {
        self.rawValue = rawValue
    }

    package static let incompatibleVersion = CNIErrorCode(rawValue: 1)
    package static let unsupportedField = CNIErrorCode(rawValue: 2)
    /// Nothing need be cleaned up.
    package static let unknownContainer = CNIErrorCode(rawValue: 3)
    package static let invalidEnvironment = CNIErrorCode(rawValue: 4)
    package static let inputOutput = CNIErrorCode(rawValue: 5)
    package static let decoding = CNIErrorCode(rawValue: 6)
    package static let invalidConfiguration = CNIErrorCode(rawValue: 7)
    package static let tryAgainLater = CNIErrorCode(rawValue: 11)
    /// STATUS: no pod can be added now.
    package static let notAvailable = CNIErrorCode(rawValue: 50)
    /// STATUS: no pod can be added now, and those there may have lost their connections.
    package static let limitedConnectivity = CNIErrorCode(rawValue: 51)
    /// Ours: no address is free.
    package static let noAddress = CNIErrorCode(rawValue: 100)
    /// Ours: the pod's interface could not be made or is not as it should be.
    package static let interface = CNIErrorCode(rawValue: 101)
    /// Ours: anything else that went wrong inside.
    package static let other = CNIErrorCode(rawValue: 199)
}

/// A failure as the plugin reports it to the runtime.
package struct CNIError: Error, Hashable, Sendable, CustomStringConvertible {
    package let code: CNIErrorCode
    /// Short.
    package let message: String
    /// Longer; may be empty.
    package let details: String

    package init(_ code: CNIErrorCode, _ message: String, details: String = "") {
        self.code = code
        self.message = message
        self.details = details
    }

    package var description: String {
        "\(message)" + (details.isEmpty ? "" : ": \(details)") + " (CNI error \(code.rawValue))"
    }

    /// What goes to standard output, for a runtime of that version.
    package func json(for version: CNIVersion) -> JSONValue {
        var json: JSONValue = [
            "cniVersion": .string(version.rawValue),
            "code": .int(Int64(code.rawValue)),
            "msg": .string(message),
        ]
        if !details.isEmpty { json["details"] = .string(details) }
        return json
    }
}
