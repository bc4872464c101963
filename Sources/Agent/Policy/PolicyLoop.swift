internal import Compile
internal import Dataplane
package import Datastore
internal import Linux
package import Logging
package import Model
internal import Resources

/// The agent's heart: what the store says becomes updates, updates become a change of the kernel's
/// tables, the change is carried out.
///
/// Nothing here goes backwards: when the kernel refuses, what it should hold stays on record with it
/// and is tried again; when the store is away, what is known goes on to hold.
package actor PolicyLoop {
    private let node: String
    private let allowsSourceSpoofing: Bool
    private let kernel: any PolicyKernel
    private let health: Health
    private let metrics: Metrics
    private let logger: Logger

    private var table = ResourceTable()
    private(set) var compiler: PolicyCompiler
    private var hasSnapshot = false
    /// How far the watch has come.
    private var followed = Revision(rawValue: 0)
    /// Why the last change is not in the kernel.
    private var failure: String?
    /// Local endpoints that the dataplane refused.
    private var refused: [EndpointID: String] = [:]
    private var local: [EndpointID: Endpoint] = [:]
    /// Of pods that this agent connected; the store has no place for them in a Pod.
    private var macs: [EndpointID: MAC] = [:]
    private var failures: [String] = []
    private var conflicts: [String] = []
    private var owners: [Address: EndpointID] = [:]
    private var reported: [ResourceKey: String] = [:]

    private var queue: [StoreNews] = []
    private var isBusy = false
    /// Callers whose news is in the queue; the one that gets `true` works it off.
    private var waiting: [CheckedContinuation<Bool, Never>] = []

    package init(
        node: String,
        allowsSourceSpoofing: Bool = false,
        kernel: any PolicyKernel,
        health: Health,
        metrics: Metrics,
        logger: Logger
    ) {
        self.node = node
        self.allowsSourceSpoofing = allowsSourceSpoofing
        self.kernel = kernel
        self.health = health
        self.metrics = metrics
        self.logger = logger
        compiler = PolicyCompiler(localNode: node)
    }

    /// Takes news of the store in and returns when the kernel has followed, or has refused.
    ///
    /// What comes while the kernel is busy is taken in as one batch afterwards.
    package func take(_ news: StoreNews) async {
        queue.append(news)
        if isBusy {
            let isNext = await withCheckedContinuation { waiting.append($0) }
            guard isNext else { return }
        }
        isBusy = true
        let batch = queue
        let riders = waiting
        queue = []
        waiting = []
        await process(batch)
        for rider in riders { rider.resume(returning: false) }
        guard !waiting.isEmpty else {
            isBusy = false
            return
        }
        waiting.removeFirst().resume(returning: true)
    }

    /// The pod's own MAC, from whoever made its link; before its endpoint is stored.
    package func setMAC(_ mac: MAC?, of id: EndpointID) async {
        macs[id] = mac
        guard mac != nil, let endpoint = local[id] else { return }
        await attach(endpoint)
    }

    /// Carries out again what the kernel refused, and reports that this part is alive: one that
    /// hangs in the kernel does not come to it.
    package func retry() async {
        guard !isBusy else { return }
        for id in refused.keys {
            if let endpoint = local[id] { await attach(endpoint) }
        }
        if failure != nil { await carryOut(DataplaneChange()) }
        if hasSnapshot { report() }
    }
}

// MARK: - One batch

extension PolicyLoop {
    private func process(_ batch: [StoreNews]) async {
        let start = ContinuousClock.now
        var updates: [Update] = []
        var isFirst = false
        for news in batch {
            switch news {
            case .snapshot(let items, let revision):
                isFirst = !hasSnapshot
                if isFirst { updates += table.initialUpdates }
                updates += table.replace(with: items, at: revision)
                hasSnapshot = true
                followed = revision
                health.report(.store, isReady: true)
            case .changes(let events):
                // Before the first snapshot the kernel must not be told that all else is gone.
                guard hasSnapshot else { continue }
                updates += events.flatMap { table.apply($0) }
                followed = events.last?.revision ?? followed
                health.report(.store, isReady: true)
            case .written(let event):
                guard hasSnapshot, event.revision > followed else { continue }
                updates += table.apply(event)
            case .lost(let reason):
                logger.warning("the store is away", metadata: ["reason": "\(reason)"])
                health.report(.store, isReady: false, reason)
            case .regained:
                logger.info("the store is back")
                health.report(.store, isReady: hasSnapshot)
            }
        }
        guard !updates.isEmpty || isFirst else { return report() }
        await process(allowsSourceSpoofing ? updates : updates.map(\.withoutSpoofing), since: start)
        // The whole picture of the store was here; of most of it only numbers stay.
        if isFirst { Heap.trim() }
    }

    private func process(_ updates: [Update], since news: ContinuousClock.Instant) async {
        let clock = ContinuousClock()
        for case .endpoint(let id, let endpoint) in updates { await follow(id, endpoint) }
        let start = clock.now
        let change = compiler.apply(updates)
        metrics.observe(.compileSeconds, clock.now - start)
        metrics.observe(.batchSize, Double(updates.count))
        failures = change.failures.map(\.description)
        for failure in failures { logger.warning("policy", metadata: ["problem": "\(failure)"]) }
        await carryOut(change, since: news)
        // Of those who claim one address the kernel knows who came first: the policy must be theirs.
        if failure == nil, !owners.isEmpty { await carryOut(compiler.apply([], owners: owners)) }
        // What programs on their way out asked is dropped once nothing in the kernel asks it.
        while failure == nil, compiler.needsSettling {
            await carryOut(compiler.apply([]))
        }
        report()
    }

    private func follow(_ id: EndpointID, _ endpoint: Endpoint?) async {
        guard id.node == node else { return }
        guard let endpoint else {
            guard local.removeValue(forKey: id) != nil else { return }
            macs[id] = nil
            refused[id] = nil
            do throws(DataplaneError) {
                try await kernel.detach(id)
            } catch {
                // Its addresses go with the change that follows.
                fail("taking \(id) away", error)
            }
            return
        }
        local[id] = endpoint
        await attach(endpoint)
    }

    private func attach(_ endpoint: Endpoint) async {
        var endpoint = endpoint
        endpoint.mac = macs[endpoint.id] ?? endpoint.mac
        do throws(DataplaneError) {
            try await kernel.attach(endpoint)
            refused[endpoint.id] = nil
        } catch {
            refused[endpoint.id] = "\(error)"
            fail("attaching \(endpoint.id)", error)
        }
    }

    /// - Parameters:
    ///   - change: what the kernel is to hold besides what it holds.
    ///   - news: when what led to the change was taken up; `nil` for what follows by itself.
    private func carryOut(
        _ change: DataplaneChange,
        since news: ContinuousClock.Instant? = nil
    ) async {
        let clock = ContinuousClock()
        let start = clock.now
        do throws(DataplaneError) {
            let report = try await kernel.carryOut(change)
            failure = nil
            conflicts = report.conflicts
            owners = report.owners
            if let news, let inForce = report.inForce {
                metrics.observe(.inForceSeconds, inForce - news)
            }
            logger.debug("applied", metadata: ["writes": "\(report.writes)"])
        } catch {
            failure = "\(error)"
            fail("applying policy", error)
        }
        metrics.observe(.applySeconds, clock.now - start)
    }

    private func fail(_ what: String, _ error: DataplaneError) {
        metrics.add(.applyFailures)
        logger.error("\(what) failed", metadata: ["error": "\(error)"])
    }
}

// MARK: - What is wrong

extension PolicyLoop {
    private func report() {
        reportDataplane()
        reportResources()
    }

    private func reportDataplane() {
        guard hasSnapshot else { return }
        let wrong = (failure.map { [$0] } ?? []) + refused.values.sorted()
        health.report(.dataplane, isReady: wrong.isEmpty, wrong.prefix(5).joined(separator: "; "))
    }

    private func reportResources() {
        for (key, problem) in table.problems where reported[key] != problem {
            logger.warning(
                "invalid object is treated as absent",
                metadata: ["object": "\(key)", "reason": "\(problem)"]
            )
        }
        reported = table.problems
        let problems =
            table.problems.map { "\($0.key): \($0.value)" }.sorted() + failures + conflicts
        let shown = problems.prefix(10).joined(separator: "; ")
        let more = problems.count > 10 ? "; and \(problems.count - 10) more" : ""
        health.report(.resources, isReady: true, isDegraded: !problems.isEmpty, shown + more)
        metrics.set(.invalidResources, Double(table.problems.count))
        metrics.set(.localEndpoints, Double(local.count))
        let tally = table.tally
        metrics.set(.clusterWorkloads, Double(tally.workloads))
        metrics.set(.clusterHostEndpoints, Double(tally.hostEndpoints))
        metrics.set(.clusterPolicies, Double(tally.policies))
        metrics.set(.clusterProfiles, Double(tally.profiles))
        metrics.set(.clusterTiers, Double(tally.tiers))
    }
}

extension Update {
    /// Without the sources that an endpoint's annotation asks for.
    fileprivate var withoutSpoofing: Update {
        guard case .endpoint(let id, var endpoint?) = self,
            !endpoint.allowedSourcePrefixes.isEmpty
        else { return self }
        endpoint.allowedSourcePrefixes = []
        return .endpoint(id, endpoint)
    }
}
