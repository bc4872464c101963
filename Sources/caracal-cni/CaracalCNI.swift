import CNI
import Control
import Glibc
import JSON

/// The CNI plugin: checks what the runtime says, has the agent do it, and prints its answer.
///
///     runtime ──environment, stdin──▶ caracal-cni ──agent.sock──▶ agent
///             ◀───────stdout, exit─────             ◀──────────────
@main
struct CaracalCNI {
    static func main() {
        var version = CNIVersion.latest
        do throws(CNIError) {
            let output = try run(&version)
            if let output { Output.print(output) }
        } catch {
            Output.print(error.json(for: version))
            exit(1)
        }
    }

    /// What to print; `nil` for commands that answer by success alone.
    private static func run(_ version: inout CNIVersion) throws(CNIError) -> JSONValue? {
        let invocation = try CNIInvocation { name in getenv(name).map { String(cString: $0) } }
        let bytes = try Input.readAll()
        if invocation.command == .version, bytes.isEmpty { return versionResult(for: version) }
        let document = try NetworkConfiguration.document(bytes)
        version = try NetworkConfiguration.version(document)
        if invocation.command == .version { return versionResult(for: version) }
        let request = try CNIRequest(invocation, NetworkConfiguration(json: document))
        let answer = try Agent.ask(request)
        return invocation.command == .add ? answer : nil
    }
}

/// The other end of the socket.
private enum Agent {
    /// Longer than policy takes, shorter than runtimes wait.
    private static let timeout = Duration.seconds(60)

    static func ask(_ request: CNIRequest) throws(CNIError) -> JSONValue {
        let configuration = request.configuration
        let path =
            configuration.agentSocket
            ?? getenv("CARACAL_AGENT_SOCKET").map { String(cString: $0) }
            ?? ControlSocket.defaultPath
        let message = ControlRequest(verb: "cni", body: request.json)
        let response: ControlResponse
        do throws(ControlError) {
            var client = try ControlClient(path: path)
            response = try client.call(message, timeout: configuration.agentTimeout ?? timeout)
        } catch {
            throw unavailable(request.invocation.command, error)
        }
        switch response {
        case .success(let body): return body
        case .failure(let failure):
            let code = CNIErrorCode(rawValue: failure.code)
            throw CNIError(code, failure.message, details: failure.details)
        }
    }

    /// The runtime shall try again, unless it only asks whether it would be of use.
    private static func unavailable(_ command: CNICommand, _ error: ControlError) -> CNIError {
        CNIError(
            command == .status ? .notAvailable : .tryAgainLater,
            "the agent does not answer",
            details: error.description
        )
    }
}
