package import BGPConfiguration
package import Datastore
package import Logging

/// Derives the node's configuration from what becomes known of the store, and says what cannot be
/// done as asked.
///
/// While the store is away everything stays as it is: no news is no change.
package actor ConfigurationFollower {
    private let node: String
    private let routerID: RouterIDChoice
    private let logger: Logger
    private var cluster: BGPCluster
    private var current: NodeBGPConfiguration?
    /// What was said already, so that it is said once.
    private var reported: Set<BGPProblem> = []
    private let changes: AsyncStream<NodeBGPConfiguration>.Continuation

    /// Configurations that differ from the one before; of several not yet taken only the last.
    package nonisolated let configurations: AsyncStream<NodeBGPConfiguration>

    package init(
        node: String,
        routerID: RouterIDChoice = .automatic,
        secretNamespace: String = "kube-system",
        logger: Logger
    ) {
        self.node = node
        self.routerID = routerID
        self.logger = logger
        cluster = BGPCluster(secretNamespace: secretNamespace)
        (configurations, changes) = AsyncStream.makeStream(
            of: NodeBGPConfiguration.self,
            bufferingPolicy: .bufferingNewest(1)
        )
    }

    /// Takes news of the store in.
    package func take(_ news: StoreNews) {
        switch news {
        case .snapshot(let items, _): cluster.replace(with: items)
        case .changes(let events):
            for event in events { apply(event.change) }
        case .written(let event): apply(event.change)
        case .lost(let why):
            logger.warning(
                "the store is away; sessions and routes stay",
                metadata: ["error": "\(why)"]
            )
            return
        case .regained:
            logger.info("the store is back")
            return
        }
        derive()
    }

    private func apply(_ change: Event.Change) {
        switch change {
        case .added(let resource), .modified(let resource): cluster.set(resource)
        case .deleted(let resource): cluster.remove(resource)
        }
    }

    private func derive() {
        let next = cluster.configuration(of: node, routerID: routerID)
        report(next.problems)
        guard next != current else { return }
        current = next
        changes.yield(next)
    }

    private func report(_ problems: [BGPProblem]) {
        let found = Set(problems)
        for problem in found.subtracting(reported).sorted() {
            logger.warning(
                "not as asked",
                metadata: ["object": "\(problem.object)", "problem": "\(problem.reason)"]
            )
        }
        for problem in reported.subtracting(found).sorted() {
            logger.info("as asked again", metadata: ["object": "\(problem.object)"])
        }
        reported = found
    }
}
