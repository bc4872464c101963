package import JSON

/// Something asked of the agent over its socket.
///
///     { "verb": "cni", "body": … }
package struct ControlRequest: Hashable, Sendable {
    /// What is asked, such as `cni` or `status`; the agent knows which there are.
    package var verb: String
    package var body: JSONValue

    package init(verb: String, body: JSONValue = .null) {
        self.verb = verb
        self.body = body
    }

    /// `nil` when it is no request.
    package init?(json: JSONValue) {
        guard let verb = json["verb"]?.string else { return nil }
        self.init(verb: verb, body: json["body"] ?? .null)
    }

    package var json: JSONValue { ["verb": .string(verb), "body": body] }
}

/// Why a request was refused; the numbers mean what they mean to the verb.
package struct ControlFailure: Error, Hashable, Sendable, CustomStringConvertible {
    package var code: Int
    package var message: String
    package var details: String

    package init(code: Int, message: String, details: String = "") {
        self.code = code
        self.message = message
        self.details = details
    }

    package var description: String { message + (details.isEmpty ? "" : ": \(details)") }
}

/// The agent's answer.
///
///     { "body": … }    or    { "error": { "code": 11, "message": …, "details": … } }
package enum ControlResponse: Hashable, Sendable {
    case success(JSONValue)
    case failure(ControlFailure)

    /// `nil` when it is no answer.
    package init?(json: JSONValue) {
        if let error = json["error"] {
            guard let code = error["code"]?.int.flatMap(Int.init(exactly:)),
                let message = error["message"]?.string
            else { return nil }
            let details = error["details"]?.string ?? ""
            self = .failure(ControlFailure(code: code, message: message, details: details))
        } else {
            guard let body = json["body"] else { return nil }
            self = .success(body)
        }
    }

    package var json: JSONValue {
        switch self {
        case .success(let body):
            return ["body": body]
        case .failure(let failure):
            let error: JSONValue = [
                "code": .int(Int64(failure.code)),
                "message": .string(failure.message),
                "details": .string(failure.details),
            ]
            return ["error": error]
        }
    }
}
