package import Datastore
package import Logging
internal import Resources

/// Keeps the automatic host endpoints at what nodes and configuration say.
///
/// Two of them at one store do no harm: they want the same, and each write is compared and swapped.
package actor HostEndpointController {
    private let store: any Datastore
    private let logger: Logger
    private var state = HostEndpointState()
    private var hasSnapshot = false
    private var isSettled = true
    /// What was said already, so that it is said once.
    private var reported: Set<String> = []

    package init(store: any Datastore, logger: Logger) {
        self.store = store
        self.logger = logger
    }

    /// Runs until it is cancelled.
    package func run() async throws {
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                let follower = StoreFollower(self.store, HostEndpointState.types)
                try await follower.run { await self.take($0) }
            }
            group.addTask {
                while true {
                    try await Task.sleep(for: .seconds(1))
                    await self.retry()
                }
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    /// Takes news of the store in, and writes what follows from them.
    package func take(_ news: StoreNews) async {
        switch news {
        case .snapshot(let items, _):
            state.replace(with: items)
            hasSnapshot = true
        case .changes(let events):
            for event in events { apply(event.change) }
        case .written(let event): apply(event.change)
        case .lost(let why):
            logger.warning("the store is away", metadata: ["error": "\(why)"])
            return
        case .regained:
            logger.info("the store is back")
            return
        }
        await settle()
    }

    /// Tries again what was refused.
    package func retry() async {
        if hasSnapshot, !isSettled { await settle() }
    }

    private func apply(_ change: Event.Change) {
        switch change {
        case .added(let resource), .modified(let resource): state.set(resource)
        case .deleted(let resource): state.remove(resource)
        }
    }

    private func settle() async {
        isSettled = true
        let plan = state.plan
        report(plan)
        for write in plan.writes {
            do throws(DatastoreError) {
                try await carryOut(write)
            } catch {
                switch error {
                // Somebody was faster: the watch tells what there is now.
                case .conflict, .alreadyExists, .notFound: break
                default:
                    isSettled = false
                    logger.error("host endpoints stay behind", metadata: ["error": "\(error)"])
                    return
                }
            }
        }
    }

    private func carryOut(_ write: HostEndpointPlan.Write) async throws(DatastoreError) {
        switch write {
        case .create(let resource):
            state.set(try await store.create(resource))
            note("created", resource)
        case .update(let resource):
            state.set(try await store.update(resource))
            note("updated", resource)
        case .delete(let resource):
            _ = try await store.delete(resource.key, ifRevision: resource.resourceVersion)
            state.remove(resource)
            note("deleted", resource)
        }
    }

    private func note(_ what: String, _ resource: Resource) {
        logger.info("\(what)", metadata: ["object": "\(resource.key)"])
    }

    private func report(_ plan: HostEndpointPlan) {
        let obstacles = plan.obstacles.map {
            "\($0) was not made here and stays as it is; rename it to have an automatic one"
        }
        let found = Set(plan.problems + obstacles)
        for text in found.subtracting(reported).sorted() {
            logger.warning("automatic host endpoints", metadata: ["problem": "\(text)"])
        }
        reported = found
    }
}
