package import Compile
package import Linux
package import Model
import Netlink

/// Keeps the kernel's maps and programs as the policy engine wants them.
///
/// The agent's order: ``start()``; ``register(_:)`` each local endpoint that the store knows; the
/// first ``apply(_:)``, which is the whole desired state and writes only what differs; then changes
/// and registrations as they come. ``run()`` follows the node's interfaces meanwhile.
package actor Dataplane {
    private let configuration: Configuration
    private let executor: ThreadExecutor
    let names = RuleNames()
    private var session: KernelSession?
    private(set) var reader: EventReader?
    private var waiters = Waiters()
    private var fullMaps: [MapName: Int] = [:]
    private var isRouteMovePending = false
    private var isRetryPending = false
    var audit = AuditPass()
    var differences: [MapName: Int] = [:]
    /// Why the last announcement of the kernel could not be followed.
    private var problem: DataplaneError?

    package nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor.asUnownedSerialExecutor()
    }

    /// Nothing happens before ``start()``.
    ///
    /// - Parameters:
    ///   - configuration: fixed for the life of the dataplane.
    ///   - executor: its own thread, which must be in the node's network namespace.
    package init(_ configuration: Configuration, executor: ThreadExecutor) {
        self.configuration = configuration
        self.executor = executor
    }

    /// Whether an agent before this one has left its maps in the kernel.
    package static func hasMaps(at root: String) -> Bool { Layout(root: root).hasMaps }

    /// Mounts, loads and attaches what is missing; what is there already goes on working.
    package func start() throws(DataplaneError) {
        let session = try KernelSession(configuration)
        let path = "\(Layout(root: configuration.root).maps)/cara_events"
        do {
            reader = try EventReader(pinnedAt: path, names: names)
        } catch {
            throw .missing(feature: "the ring buffer of events", reason: "\(error)")
        }
        self.session = session
    }

    /// Lets go of the kernel's objects; programs, maps and links stay where they are.
    package func stop() {
        reader?.stop()
        reader = nil
        session = nil
        waiters.failAll(.notStarted)
    }

    func running() throws(DataplaneError) -> KernelSession {
        guard let session else { throw .notStarted }
        return session
    }
}

// MARK: - Policy and endpoints

extension Dataplane {
    /// Makes the kernel hold the sum of all changes up to this one.
    ///
    /// On an error the change is not lost: endpoints stay under their old programs, new ones stay
    /// closed, and the next call, be it with an empty change, tries everything again.
    package func apply(_ change: DataplaneChange) throws(DataplaneError) -> ApplyReport {
        let session = try running()
        names.merge(change.rules)
        defer { settle(session) }
        do throws(DataplaneError) {
            return try session.apply(change)
        } catch {
            if case .mapFull(let map, _, _) = error { fullMaps[map, default: 0] += 1 }
            throw error
        }
    }

    /// Makes the kernel hold `settings`.
    package func apply(_ settings: Settings) throws(DataplaneError) {
        try running().apply(settings)
    }

    /// Adds a local endpoint, or replaces what was known of it, and hangs programs on its link.
    ///
    /// The endpoint stays closed until its policy is live too. The link may come later.
    package func register(_ endpoint: Endpoint) throws(DataplaneError) {
        let session = try running()
        defer { settle(session) }
        try session.register(endpoint)
    }

    /// Takes a local endpoint away; its addresses are closed at once.
    package func unregister(_ id: EndpointID) throws(DataplaneError) {
        let session = try running()
        defer { settle(session) }
        try session.unregister(id)
    }

    /// Returns once the endpoint's policy is in force on all of its addresses.
    ///
    /// Throws `.addressInUse` when another endpoint has one of them, and after `timeout` what is
    /// still missing.
    package func waitUntilLive(_ id: EndpointID, timeout: Duration) async throws {
        let token = waiters.open()
        defer { waiters.close(token) }
        try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                try await self.suspend(until: id, token)
                return true
            }
            group.addTask {
                try? await Task.sleep(for: timeout)
                await self.giveUp(token)
                return false
            }
            while let isLive = try await group.next() {
                if isLive { group.cancelAll() }
            }
        }
    }

    private func suspend(until id: EndpointID, _ token: Waiters.Token) async throws {
        let session = try running()
        guard let obstacle = session.reconciler.obstacle(of: id) else { return }
        if case .addressInUse = obstacle { throw obstacle }
        try await withCheckedThrowingContinuation { continuation in
            waiters.wait(token, for: id, continuation, obstacle: obstacle)
        }
    }

    private func giveUp(_ token: Waiters.Token) {
        waiters.giveUp(token) { session?.reconciler.obstacle(of: $0) ?? .notStarted }
    }

    private func settle(_ session: KernelSession) {
        waiters.settle { session.reconciler.obstacle(of: $0) }
    }
}

// MARK: - Following the node

extension Dataplane {
    /// Moves of routes that come closer together than this count as one.
    private static let routeMoveInterval = Duration.milliseconds(50)
    private static let retryInterval = Duration.seconds(1)

    /// Follows what happens to interfaces, addresses and routes until it is cancelled.
    package func run() async throws {
        let announcements = try running().announcements
        try await withThrowingDiscardingTaskGroup { group in
            for await event in announcements {
                let isMove = follow(event)
                if isMove, !isRouteMovePending {
                    isRouteMovePending = true
                    group.addTask {
                        try? await Task.sleep(for: Self.routeMoveInterval)
                        await self.flushRouteMove()
                    }
                }
                if problem != nil, !isRetryPending {
                    isRetryPending = true
                    group.addTask {
                        try? await Task.sleep(for: Self.retryInterval)
                        await self.retry()
                    }
                }
            }
        }
    }

    /// Whether cached ways must be looked up again.
    private func follow(_ event: NetlinkEvent) -> Bool {
        guard let session else { return false }
        do throws(DataplaneError) {
            let effect = try session.handle(event)
            if effect.changesEndpoints { settle(session) }
            // The first move counts at once; those that follow it closely wait for the flush.
            if effect.movesRoutes, !isRouteMovePending { try session.routesMoved() }
            return effect.movesRoutes
        } catch {
            problem = error
            return false
        }
    }

    private func flushRouteMove() {
        isRouteMovePending = false
        guard let session else { return }
        do throws(DataplaneError) {
            try session.routesMoved()
        } catch {
            problem = error
        }
    }

    /// What an announcement led to failed: everything is looked at anew.
    private func retry() {
        isRetryPending = false
        guard let session else { return }
        defer { settle(session) }
        do throws(DataplaneError) {
            try session.recover()
            problem = nil
        } catch {
            problem = error
        }
    }
}

// MARK: - For people and metrics

extension Dataplane {
    /// Packets that a Log rule matched, and drops while they are reported; for one listener.
    package func events() throws(DataplaneError) -> AsyncStream<PacketEvent> {
        guard let reader else { throw .notStarted }
        return reader.events
    }

    /// Packets by reason, over all CPUs.
    package func counters() throws(DataplaneError) -> [ReasonCount] {
        try running().counters.read()
    }

    /// What the dataplane holds.
    package func snapshot() throws(DataplaneError) -> DataplaneSnapshot {
        try running().snapshot()
    }

    /// The name of a rule that the kernel refers to by `id`.
    package nonisolated func name(ofRule id: UInt32) -> RuleName? { names[id] }

    /// Figures for metrics.
    package func statistics() throws(DataplaneError) -> DataplaneStatistics {
        let session = try running()
        let reconciler = session.reconciler
        return DataplaneStatistics(
            mapWrites: reconciler.totalWrites,
            fullMaps: fullMaps,
            liveAddresses: reconciler.actual.endpoints.count,
            programs: reconciler.policy.programs.count,
            programsByForm: reconciler.policy.programsByForm,
            entries: reconciler.policy.entries,
            limits: try session.limits(),
            classes: reconciler.policy.classes.count,
            isCurrent: reconciler.isCurrent,
            auditPasses: audit.passes,
            differences: differences,
            unattached: session.unattached.mapValues(\.description),
            untracked: session.untracked,
            problem: problem?.description
        )
    }

    /// The clock of connections: nanoseconds since the machine started, without suspension.
    package nonisolated static var now: UInt64 { monotonicNanoseconds() }

    /// Removes connections that have been silent for too long; `visit` sees them before, and all the
    /// rest.
    package func sweepConnections(
        visiting visit: @Sendable (Connection) -> Void = { _ in }
    ) throws(DataplaneError) -> SweepReport {
        try running().connections.sweep(now: Self.now, visiting: visit)
    }

    /// Calls `visit` with every connection.
    package func visitConnections(
        _ visit: @Sendable (Connection) -> Void
    ) throws(DataplaneError) {
        try running().connections.visit(visit)
    }

    /// Flows that policy denied, as far as there was room for them.
    package func denials() throws(DataplaneError) -> [Denial] {
        try running().denials.list()
    }

    /// Connections that `isIncluded` chooses, at most `limit`.
    package func connections(
        limit: Int = .max,
        where isIncluded: @Sendable (Connection) -> Bool = { _ in true }
    ) throws(DataplaneError) -> [Connection] {
        try running().connections.list(limit: limit, where: isIncluded)
    }

    /// How many connections the programs know.
    package func connectionCount() throws(DataplaneError) -> Int {
        try running().connections.count()
    }

    /// Removes connections; the next packet of each is judged like a first one.
    package func removeConnections(
        where isIncluded: @Sendable (Connection) -> Bool
    ) throws(DataplaneError) -> Int {
        try running().connections.remove(where: isIncluded)
    }
}
