internal import ArgumentParser
internal import Control
internal import JSON

/// The option `--socket`, which may be given for several agents.
struct AgentsOption: ParsableArguments {
    @Option(
        name: .customLong("socket"),
        help: ArgumentHelp(
            "An agent's socket, once for each agent; else CARACAL_AGENT_SOCKET, else "
                + "\(ControlSocket.defaultPath).",
            valueName: "socket"
        )
    )
    var paths: [String] = []

    /// One option for each agent.
    var agents: [AgentOption] {
        guard !paths.isEmpty else { return [AgentOption()] }
        return paths.map { path in
            var agent = AgentOption()
            agent.path = path
            return agent
        }
    }

    /// The answers of all agents, in the order in which they were named.
    func ask(_ verb: String, _ body: JSONValue = .null) throws -> [JSONValue] {
        try agents.map { try $0.ask(verb, body) }
    }
}
