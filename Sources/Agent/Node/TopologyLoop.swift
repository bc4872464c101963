package import Datastore
package import Logging
package import Model
package import Routing

/// Keeps the kernel's routes at what nodes, pools and blocks of the store ask for.
package actor TopologyLoop {
    private let keeper: RouteKeeper
    private let health: Health
    private let metrics: Metrics
    private let logger: Logger
    private var cluster: ClusterTopology
    private var applied: Topology?

    package init(
        node: String,
        keeper: RouteKeeper,
        health: Health,
        metrics: Metrics,
        logger: Logger
    ) {
        self.keeper = keeper
        self.health = health
        self.metrics = metrics
        self.logger = logger
        cluster = ClusterTopology(thisNode: node)
    }

    /// Takes news of the store in; while the store is away everything stays.
    package func take(_ news: StoreNews) async {
        switch news {
        case .snapshot(let items, _): cluster.replace(with: items)
        case .changes(let events):
            for event in events { cluster.apply(event.change) }
        case .written(let event): cluster.apply(event.change)
        case .lost, .regained: return
        }
        metrics.set(.clusterHosts, Double(cluster.nodeCount))
        await apply()
    }

    /// Tries again what failed.
    package func retry() async {
        if applied == nil { await apply() }
    }

    /// The node whose own address it is.
    package func node(at address: Address) -> String? { cluster.node(at: address) }

    private func apply() async {
        let topology = cluster.topology
        guard topology != applied else { return }
        applied = nil
        do throws(RoutingError) {
            let report = try await keeper.apply(topology)
            applied = topology
            note(report)
        } catch {
            logger.error("routes could not be applied", metadata: ["error": "\(error)"])
            health.report(.routes, isReady: false, "\(error)")
        }
    }

    private func note(_ report: RouteReport) {
        let wrong = report.unrouted.map(\.description).sorted() + report.refused.sorted()
        let shown = wrong.prefix(5).joined(separator: "; ")
        let more = wrong.count > 5 ? "; and \(wrong.count - 5) more" : ""
        health.report(.routes, isReady: true, isDegraded: !wrong.isEmpty, shown + more)
        metrics.add(.routeWrites, Double(report.writes))
        guard report.writes > 0 else { return }
        logger.info(
            "routes changed",
            metadata: [
                "added": "\(report.added)", "replaced": "\(report.replaced)",
                "removed": "\(report.removed)",
            ]
        )
    }
}
