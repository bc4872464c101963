internal import Agent
internal import ArgumentParser
internal import Controllers
internal import DatastoreSQLite
internal import Logging

/// `caracal controllers`.
struct ControllersCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "controllers",
        abstract: "Keep what the cluster as a whole needs: automatic host endpoints.",
        discussion: """
            One process a cluster is enough; a second one does no harm. Host endpoints are made for \
            nodes when the KubeControllersConfiguration 'default' says so in \
            spec.controllers.node.hostEndpoint.
            """
    )

    @Option(help: "Path of the embedded store.")
    var store = "/var/lib/caracal/store.db"

    func run() async throws {
        let logger = Logger(label: "controllers") { LineLog(label: $0) }
        // A store that is missing is away, not new: whoever keeps the cluster makes it.
        var options = StoreOptions()
        options.createsFile = false
        let store = SQLiteDatastore(path: store, options: options)
        let controller = HostEndpointController(store: store, logger: logger)
        logger.info("started", metadata: ["store": "\(self.store)"])
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await _ in Signals.termination() { break }
            }
            group.addTask { try await controller.run() }
            defer { group.cancelAll() }
            try await group.next()
        }
        logger.info("ended")
    }
}
