internal import Agent
package import BGPConfiguration
internal import BGPRIB
internal import BGPSpeaker
internal import Control
internal import ControlServer
internal import Datastore
internal import DatastoreSQLite
internal import IPAM
internal import Linux
internal import Logging
internal import Model
internal import NIOPosix
internal import Routing

/// What a command line says of the speaker.
package struct BGPDaemonOptions: Sendable {
    package var node: String
    package var store: String
    package var socket: String
    package var routerID: RouterIDChoice
    /// `nil` for none.
    package var metricsPort: Int?

    package init(
        node: String,
        store: String,
        socket: String,
        routerID: RouterIDChoice = .automatic,
        metricsPort: Int? = nil
    ) {
        self.node = node
        self.store = store
        self.socket = socket
        self.routerID = routerID
        self.metricsPort = metricsPort
    }
}

/// The BGP speaker of one node: puts its parts together and runs them until it is told to end.
///
/// store ──▶ ConfigurationFollower ──▶ Speaker ──▶ KernelRoutesLoop ──▶ kernel
/// socket ─▶ SpeakerVerbs ──▶ Speaker
package struct BGPDaemon: Sendable {
    /// How long the peers have to name the routes again that an earlier speaker left.
    private static let restartTime = Duration.seconds(120)

    private let options: BGPDaemonOptions
    private let metrics = Metrics()

    package init(_ options: BGPDaemonOptions) {
        self.options = options
    }

    private func logger(_ part: String) -> Logger {
        Logger(label: part) { [metrics] in LineLog(label: $0, metrics: metrics) }
    }

    /// Runs until SIGTERM or SIGINT; what is in the kernel stays there, and the peers keep our routes
    /// until a successor is there or the restart time is over (RFC 4724).
    package func run() async throws {
        // A store that is missing is away, not new: whoever keeps the cluster makes it.
        var storeOptions = StoreOptions()
        storeOptions.createsFile = false
        let store = SQLiteDatastore(path: options.store, options: storeOptions)
        let loops = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let speaker = Speaker(on: loops.next(), log: logger("bgp"))
        let keeper = LearntRouteKeeper(executor: try ThreadExecutor())
        let kernel = KernelRoutesLoop(keeper: keeper, metrics: metrics, logger: logger("routes"))
        let left = try await keeper.reconcile().installed
        let service = SpeakerService(
            speaker: speaker,
            keeper: keeper,
            kernel: kernel,
            isRestarting: left > 0
        )
        let follower = ConfigurationFollower(
            node: options.node,
            routerID: options.routerID,
            logger: logger("configuration")
        )
        let statuses = NodeStatusKeeper(node: options.node, store: store, logger: logger("status"))
        logger("bgp").info("started", metadata: ["node": "\(options.node)", "left": "\(left)"])
        do {
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask {
                    for await _ in Signals.termination() { break }
                    throw CancellationError()
                }
                group.addTask {
                    let types = BGPCluster.types + NodeStatusKeeper.types
                    try await StoreFollower(store, types).run { news in
                        await follower.take(news)
                        await statuses.take(news)
                    }
                }
                group.addTask {
                    for await configuration in follower.configurations {
                        await service.configure(configuration)
                    }
                }
                group.addTask { await service.followLearnt() }
                group.addTask { try await keeper.run() }
                group.addTask { try await maintain(service, statuses) }
                group.addTask {
                    let server = ControlServer(path: options.socket) { await service.answer($0) }
                    try await server.run()
                }
                if let port = options.metricsPort {
                    group.addTask { try await serveMetrics(service, port) }
                }
                defer { group.cancelAll() }
                try await group.next()
            }
        } catch is CancellationError {
            // The end that was asked for.
        }
        await speaker.leave()
        logger("bgp").info("ended; routes stay for a successor")
    }

    private func maintain(_ service: SpeakerService, _ statuses: NodeStatusKeeper) async throws {
        let started = Timestamp.now()
        let deadline = ContinuousClock.now + Self.restartTime
        var isSwept = false
        while true {
            try await Task.sleep(for: .seconds(1))
            await service.kernel.retry()
            if !isSwept, ContinuousClock.now >= deadline {
                isSwept = true
                await service.kernel.sweep()
            }
            await statuses.update(now: Timestamp.now()) {
                NodeStatusText(
                    await service.report(),
                    started: started,
                    configured: await service.configured,
                    version: "0.1.0"
                )
            }
        }
    }

    private func serveMetrics(_ service: SpeakerService, _ port: Int) async throws {
        let server = StatusServer(
            host: "0.0.0.0",
            port: port,
            routes: [
                "/metrics": {
                    await service.report().set(metrics)
                    return StatusServer.Reply(metrics.text(), type: "text/plain; version=0.0.4")
                }
            ]
        )
        try await server.run()
    }
}
