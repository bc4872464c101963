internal import Control
internal import Dataplane
internal import Datastore
internal import DatastoreSQLite
internal import IPAM
internal import Linux
internal import Logging
internal import Model
internal import Resources
internal import Routing

/// The agent of one node: puts its parts together and runs them until it is told to end.
///
/// store ──▶ PolicyLoop ──▶ Dataplane          policy
/// │  └──▶ TopologyLoop ──▶ RouteKeeper      routes
/// └─────▶ ConfigurationLoop                 settings
/// socket ─▶ PodConnector ──▶ IPAM, PodNetwork, store
package struct Agent: Sendable {
    let options: AgentOptions
    let node: String
    let store: any Datastore
    private let metrics = Metrics()
    let drops = DropLog()
    let health: Health
    let watch = FlowWatch()

    package init(_ options: AgentOptions) {
        self.options = options
        node = NodeIdentity.name(options.nodeName, environment: options.environment)
        // With policy in the kernel a missing store is away, not new: an empty one would withdraw all.
        var storeOptions = StoreOptions()
        storeOptions.createsFile = !Dataplane.hasMaps(at: options.bpfRoot)
        store = SQLiteDatastore(path: options.store, options: storeOptions)
        health = Health(Set(Health.Part.allCases))
    }

    func logger(_ part: String) -> Logger {
        Logger(label: part) { [metrics] in LineLog(label: $0, metrics: metrics) }
    }

    /// Runs until SIGTERM or SIGINT; what is in the kernel stays there.
    package func run() async throws {
        Heap.giveLargeBlocksBack()
        try Capabilities.check()
        let logger = logger("agent")
        let source = ConfigurationSource(options, store: store, node: node)
        let settings = try await readSettings(source, logger)
        LineLog.setLevel(settings.live.logLevel)
        health.setTimeout(settings.live.watchdog, of: .dataplane)
        let addresses = try await announce(logger)
        try setNodeParameters(settings, addresses, logger)
        let dataplane = try await startDataplane(settings)
        logger.info(
            "started",
            metadata: ["node": "\(node)", "addresses": "\(addresses.map(\.description))"]
        )
        do {
            try await run(settings, source, dataplane, addresses)
        } catch is CancellationError {
            // The end that was asked for.
        }
        await dataplane.stop()
        logger.info("ended; the dataplane stays as it is")
    }
}

// MARK: - Starting

extension Agent {
    /// The parameters, once the store can be read.
    private func readSettings(
        _ source: ConfigurationSource,
        _ logger: Logger
    ) async throws -> AgentSettings {
        var wait = StoreFollower.waits.first
        while true {
            do throws(DatastoreError) {
                let (parameters, ignored) = try await source.read()
                for problem in parameters.problems {
                    logger.warning("configuration", metadata: ["problem": "\(problem)"])
                }
                for name in ignored {
                    logger.warning(
                        "another FelixConfiguration selects this node and is older",
                        metadata: ["ignored": "\(name)"]
                    )
                }
                return AgentSettings(parameters)
            } catch {
                logger.warning("waiting for the store", metadata: ["error": "\(error)"])
            }
            try await Task.sleep(for: wait)
            wait = min(wait * 2, StoreFollower.waits.last)
        }
    }

    /// Finds the node's addresses and writes them into its Node object.
    private func announce(_ logger: Logger) async throws -> [MachineAddress] {
        let addresses = try findAddresses()
        if addresses.isEmpty { logger.warning("no address of this node was found") }
        try await NodeRecord(store: store, name: node)
            .publish(addresses, interfaces: try findInterfaces())
        return addresses
    }

    func findInterfaces() throws -> [MachineAddress] {
        AddressDetection.own(try MachineAddress.all())
    }

    func findAddresses() throws -> [MachineAddress] {
        try NodeIdentity.addresses(
            environment: options.environment,
            machine: MachineAddress.all(),
            source: NodeIdentity.source
        )
    }

    private func setNodeParameters(
        _ settings: AgentSettings,
        _ addresses: [MachineAddress],
        _ logger: Logger
    ) throws {
        guard settings.fixed.forwardsPackets else { return }
        let pattern = try Regex(settings.fixed.dataInterfacePattern)
        let prefix = settings.fixed.interfacePrefix
        let families = Set(addresses.map(\.address.family)).union([.v4])
        try NodeParameters.set(families: families) { name in
            name.hasPrefix(prefix) || name.contains(pattern)
        }
    }

    private func startDataplane(_ settings: AgentSettings) async throws -> Dataplane {
        let configuration = Configuration(settings, root: options.bpfRoot)
        let dataplane = Dataplane(configuration, executor: try ThreadExecutor())
        try await dataplane.start()
        return dataplane
    }
}

// MARK: - Running

extension Agent {
    private func run(
        _ settings: AgentSettings,
        _ source: ConfigurationSource,
        _ dataplane: Dataplane,
        _ addresses: [MachineAddress]
    ) async throws {
        let policy = PolicyLoop(
            node: node,
            allowsSourceSpoofing: settings.fixed.allowsSourceSpoofing,
            kernel: dataplane,
            health: health,
            metrics: metrics,
            logger: logger("policy")
        )
        let keeper = RouteKeeper(executor: try ThreadExecutor())
        let topology = TopologyLoop(
            node: node,
            keeper: keeper,
            health: health,
            metrics: metrics,
            logger: logger("routes")
        )
        let configuration = ConfigurationLoop(
            source,
            settings: settings,
            logger: logger("configuration")
        ) { live in
            LineLog.setLevel(live.logLevel)
            health.setTimeout(live.watchdog, of: .dataplane)
            try await dataplane.apply(live.dataplane)
        }
        let verbs = verbs(settings, dataplane, policy, mtu: try NodeIdentity.mtu(of: addresses))
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await _ in Signals.termination() { break }
                throw CancellationError()
            }
            group.addTask { try await follow(policy) }
            group.addTask { try await follow(topology, configuration) }
            group.addTask { try await dataplane.run() }
            group.addTask { try await keeper.run() }
            group.addTask { try await maintain(policy, topology, dataplane) }
            group.addTask { try await followPackets(dataplane, settings, policy, topology) }
            group.addTask { try await serve(verbs) }
            group.addTask { try await followAddresses(addresses) }
            addServers(settings, dataplane, &group)
            // Every part runs for ever: the first to end, ends all.
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func verbs(
        _ settings: AgentSettings,
        _ dataplane: Dataplane,
        _ policy: PolicyLoop,
        mtu: UInt32?
    ) -> AgentVerbs {
        var connection = PodConnector.Settings(node: node, mtu: mtu ?? 1500)
        connection.routeProtocol = UInt8(clamping: settings.fixed.routeProtocol)
        connection.routePriority = UInt32(clamping: settings.fixed.routePriority)
        let connector = PodConnector(
            connection,
            store: store,
            ipam: IPAM(store: store),
            policy: LivePolicy(loop: policy, dataplane: dataplane),
            logger: logger("pods")
        )
        return AgentVerbs(
            node: node,
            connector: connector,
            dataplane: dataplane,
            watch: watch,
            policy: policy,
            drops: drops,
            health: health,
            metrics: metrics
        )
    }

    private func addServers(
        _ settings: AgentSettings,
        _ dataplane: Dataplane,
        _ group: inout ThrowingTaskGroup<Void, any Error>
    ) {
        let fixed = settings.fixed
        let routes = StatusRoutes(
            health: health,
            metrics: metrics,
            dataplane: dataplane,
            rules: RuleMetrics(environment: options.environment)
        )
        if fixed.healthEnabled {
            let server = StatusServer(
                host: fixed.healthHost,
                port: fixed.healthPort,
                routes: routes.ofHealth
            )
            group.addTask { try await server.run() }
        }
        if fixed.metricsEnabled {
            let server = StatusServer(
                host: fixed.metricsHost,
                port: fixed.metricsPort,
                routes: routes.ofMetrics
            )
            group.addTask { try await server.run() }
        }
    }
}
