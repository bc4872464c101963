internal import ArgumentParser
internal import Control
internal import JSON

/// The option `--socket`, and questions to the agent behind it.
struct AgentOption: ParsableArguments {
    @Option(
        name: .customLong("socket"),
        help: "The agent's socket; else CARACAL_AGENT_SOCKET, else \(ControlSocket.defaultPath)."
    )
    var path: String?

    /// The agent's answer to a verb.
    func ask(
        _ verb: String,
        _ body: JSONValue = .null,
        timeout: Duration = .seconds(5)
    ) throws -> JSONValue {
        try Self.ask(at: path, verb, body, timeout: timeout)
    }

    /// The answer of the agent behind a socket; `nil` for the one of this machine.
    static func ask(
        at path: String?,
        _ verb: String,
        _ body: JSONValue = .null,
        timeout: Duration = .seconds(5)
    ) throws -> JSONValue {
        let path =
            path ?? Console.current.environment["CARACAL_AGENT_SOCKET"] ?? ControlSocket.defaultPath
        let response: ControlResponse
        do throws(ControlError) {
            var client = try ControlClient(path: path)
            response = try client.call(
                ControlRequest(verb: verb, body: body),
                timeout: timeout
            )
        } catch {
            throw CommandFailure("Error: \(error)", .unavailable)
        }
        switch response {
        case .success(let body): return body
        case .failure(let failure): throw CommandFailure("Error: \(failure)", .failure)
        }
    }
}
