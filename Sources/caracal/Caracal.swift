internal import Agent
internal import ArgumentParser
internal import Control
internal import Glibc

/// The processes of a node and of a cluster, one subcommand each.
@main
struct Caracal: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "caracal",
        abstract: "Kubernetes networking: policy, addresses and routes of a node.",
        subcommands: [AgentCommand.self, BGPCommand.self, ControllersCommand.self]
    )
}

/// `caracal agent`.
struct AgentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "agent",
        abstract: "Keep this node's policy, pods and routes as the store says.",
        discussion: """
            Felix parameters are taken from --set, then from the environment (FELIX_<Name>), then \
            from the configuration file, then from the FelixConfiguration objects of the store. A \
            change that only a start can take up ends the agent with status 129.
            """
    )

    @Option(help: "This node's name; otherwise NODENAME, HOSTNAME or the machine's name.")
    var nodeName: String?

    @Option(help: "Path of the embedded store.")
    var store = "/var/lib/caracal/store.db"

    @Option(help: "Path of the socket at which the CNI plugin finds the agent.")
    var socket = ControlSocket.defaultPath

    @Option(help: "Where BPF maps and links are pinned; one for each agent of a machine.")
    var bpfRoot = "/sys/fs/bpf/caracal"

    @Option(name: .customLong("config-file"), help: "Path of the configuration file.")
    var configurationFile = "/etc/calico/felix.cfg"

    @Option(name: .customLong("set"), help: "A Felix parameter, as Name=value; repeatable.")
    var parameters: [String] = []

    func run() async throws {
        var options = AgentOptions(
            nodeName: nodeName,
            store: store,
            socket: socket,
            bpfRoot: bpfRoot,
            configurationFile: configurationFile,
            environment: Self.environment()
        )
        for parameter in parameters {
            guard let mark = parameter.firstIndex(of: "=") else {
                throw ValidationError("--set \(parameter): expected Name=value")
            }
            let value = parameter[parameter.index(after: mark)...]
            options.parameters[String(parameter[..<mark])] = String(value)
        }
        do {
            try await Agent(options).run()
        } catch let restart as RestartNeeded {
            report("\(restart)")
            throw ExitCode(RestartNeeded.exitStatus)
        } catch {
            report("\(error)")
            throw ExitCode.failure
        }
    }

    /// One line, like those of the log.
    private func report(_ error: String) {
        AgentLog.critical(error)
    }

    private static func environment() -> [String: String] {
        var variables: [String: String] = [:]
        var next = environ
        while let entry = next.pointee {
            let parts = String(cString: entry).split(separator: "=", maxSplits: 1)
            if let name = parts.first {
                variables[String(name)] = parts.count == 2 ? String(parts[1]) : ""
            }
            next += 1
        }
        return variables
    }
}
