internal import ArgumentParser
internal import JSON

/// The option `--socket` of commands that ask the node's BGP speaker.
struct SpeakerOption: ParsableArguments {
    static let defaultPath = "/run/caracal/bgp.sock"

    @Option(
        name: .customLong("socket"),
        help: "The speaker's socket; else CARACAL_BGP_SOCKET, else \(defaultPath)."
    )
    var path: String?

    /// The speaker's answer to a verb.
    func ask(_ verb: String, _ body: JSONValue = .null) throws -> JSONValue {
        let path = path ?? Console.current.environment["CARACAL_BGP_SOCKET"] ?? Self.defaultPath
        return try AgentOption.ask(at: path, verb, body, timeout: .seconds(10))
    }
}

/// The command `caracalctl bgp`.
struct BGPCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bgp",
        abstract: "Shows what this node's BGP speaker knows and does.",
        subcommands: [BGPPeers.self, BGPRoutes.self, BGPRoute.self, BGPExplain.self]
    )
}
