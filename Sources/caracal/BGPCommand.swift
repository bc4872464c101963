internal import Agent
internal import ArgumentParser
internal import BGPDaemon

/// `caracal bgp`.
struct BGPCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bgp",
        abstract: "Exchange this node's routes with other nodes and routers.",
        discussion: """
            Peers, filters and what is announced follow from the resources of the store. It may end \
            and start again at any time: the kernel's routes stay, and peers keep ours meanwhile.
            """
    )

    @Option(help: "This node's name, as in the store.")
    var nodeName: String

    @Option(help: "Path of the embedded store.")
    var store = "/var/lib/caracal/store.db"

    @Option(help: "Path of the socket at which caracalctl finds the speaker.")
    var socket = "/run/caracal/bgp.sock"

    @Option(help: "Port of /metrics; none by default.")
    var metricsPort: Int?

    func run() async throws {
        let options = BGPDaemonOptions(
            node: nodeName,
            store: store,
            socket: socket,
            metricsPort: metricsPort
        )
        do {
            try await BGPDaemon(options).run()
        } catch {
            AgentLog.critical("\(error)")
            throw ExitCode.failure
        }
    }
}
