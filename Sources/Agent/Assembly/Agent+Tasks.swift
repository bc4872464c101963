internal import ControlServer
internal import Dataplane
internal import Datastore
internal import Logging
internal import Model
internal import Resources

// What runs beside each other for as long as the agent lives.

/// The kinds that policy is made of.
private let policyTypes: [ResourceType] =
    [
        "Tier", "GlobalNetworkPolicy", "NetworkPolicy", "StagedGlobalNetworkPolicy",
        "StagedNetworkPolicy", "StagedKubernetesNetworkPolicy", "GlobalNetworkSet", "NetworkSet",
        "Profile", "HostEndpoint", "WorkloadEndpoint",
    ].map { .calico($0) }
    + ["Namespace", "ServiceAccount", "Pod"].map { .core($0) }
    + [
        ResourceType(group: "networking.k8s.io", kind: "NetworkPolicy"),
        ResourceType(group: "policy.networking.k8s.io", kind: "ClusterNetworkPolicy"),
        ResourceType(group: "discovery.k8s.io", kind: "EndpointSlice"),
    ]

extension Agent {
    func follow(_ policy: PolicyLoop) async throws {
        try await StoreFollower(store, policyTypes).run { await policy.take($0) }
    }

    /// Routes and settings share a watch, apart from policy: blocks change with every pod.
    func follow(_ topology: TopologyLoop, _ configuration: ConfigurationLoop) async throws {
        let types = ClusterTopology.types + [.calico("FelixConfiguration"), .core("Node")]
        let (changes, changed) = AsyncStream.makeStream(
            of: Void.self,
            bufferingPolicy: .bufferingNewest(1)
        )
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                for await _ in changes { try await configuration.refresh() }
            }
            group.addTask {
                try await StoreFollower(store, types).run { news in
                    await topology.take(news)
                    if news.mayChangeConfiguration { changed.yield() }
                }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// Tries again what failed, and sweeps connections that have ended.
    func maintain(
        _ policy: PolicyLoop,
        _ topology: TopologyLoop,
        _ dataplane: Dataplane
    ) async throws {
        let logger = logger("agent")
        var round = 0
        while true {
            try await Task.sleep(for: .seconds(1))
            await policy.retry()
            await topology.retry()
            await audit(dataplane, logger)
            round += 1
            guard round % 10 == 0 else { continue }
            do throws(DataplaneError) {
                try await watch.sweep(dataplane)
                if round % 60 == 0 { _ = try await dataplane.pruneRuleCounts() }
            } catch {
                logger.warning("connections are not swept", metadata: ["error": "\(error)"])
            }
        }
    }

    /// Compares a little of the maps with what they should hold; what differs was repaired.
    private func audit(_ dataplane: Dataplane, _ logger: Logger) async {
        do throws(DataplaneError) {
            let findings = try await dataplane.auditSlice()
            for finding in findings.prefix(20) {
                logger.error("a map was not as it should be", metadata: ["repaired": "\(finding)"])
            }
            if findings.count > 20 {
                logger.error("and more", metadata: ["differences": "\(findings.count)"])
            }
        } catch {
            logger.error("maps cannot be audited", metadata: ["error": "\(error)"])
        }
    }

    /// Keeps the Node object at the node's addresses, which may change while we run.
    func followAddresses(_ published: [MachineAddress]) async throws {
        let logger = logger("agent")
        var published = published
        var interfaces = try findInterfaces()
        while true {
            try await Task.sleep(for: .seconds(60))
            // What cannot be told or written now is told or written next time.
            guard let found = try? findAddresses(), !found.isEmpty,
                let own = try? findInterfaces(), found != published || own != interfaces
            else { continue }
            do throws(DatastoreError) {
                try await NodeRecord(store: store, name: node).publish(found, interfaces: own)
            } catch {
                continue
            }
            interfaces = own
            guard found != published else { continue }
            published = found
            logger.info("addresses changed", metadata: ["addresses": "\(found)"])
        }
    }

    func serve(_ verbs: AgentVerbs) async throws {
        let server = ControlServer(path: options.socket) { await verbs.answer($0) }
        try await server.run { health.report(.cni, isReady: true) }
    }
}

extension StoreNews {
    /// Whether the agent's parameters may be others now.
    fileprivate var mayChangeConfiguration: Bool {
        switch self {
        case .snapshot: true
        case .changes(let events):
            events.contains { ["FelixConfiguration", "Node"].contains($0.resource.kind) }
        case .written, .lost, .regained: false
        }
    }
}
