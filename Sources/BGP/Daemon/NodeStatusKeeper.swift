package import Datastore
package import IPAM
internal import JSON
package import Logging
package import Resources

/// Writes the status of those CalicoNodeStatus objects that ask for this node's, each as often as
/// it says.
package actor NodeStatusKeeper {
    package static let types: [ResourceType] = [.calico("CalicoNodeStatus")]

    private let node: String
    private let store: any Datastore
    private let logger: Logger
    private var objects: [ResourceKey: Resource] = [:]
    private var written: [ResourceKey: Timestamp] = [:]

    package init(node: String, store: any Datastore, logger: Logger) {
        self.node = node
        self.store = store
        self.logger = logger
    }

    /// Takes news of the store in.
    package func take(_ news: StoreNews) {
        switch news {
        case .snapshot(let items, _):
            objects = [:]
            for item in items { set(item) }
        case .changes(let events):
            for event in events { apply(event) }
        case .written(let event): apply(event)
        case .lost, .regained: break
        }
        written = written.filter { objects[$0.key] != nil }
    }

    private func apply(_ event: Event) {
        if case .deleted(let resource) = event.change {
            objects[resource.key] = nil
        } else {
            set(event.resource)
        }
    }

    private func set(_ resource: Resource) {
        let isOurs = resource.spec["node"]?.string == node
        objects[resource.key] = isOurs ? resource : nil
    }

    /// Writes what is due; what the store refuses is due again next time.
    package func update(now: Timestamp, _ text: () async -> NodeStatusText) async {
        let due = objects.values.filter { isDue($0, now) }
        guard !due.isEmpty else { return }
        let text = await text()
        for object in due {
            let classes = (object.spec["classes"]?.array ?? []).compactMap(\.string)
            var object = object
            object.value["status"] = text.status(Set(classes), now: now)
            do throws(DatastoreError) {
                objects[object.key] = try await store.update(object)
                written[object.key] = now
            } catch {
                logger.warning(
                    "a status was not written",
                    metadata: ["object": "\(object.key)", "error": "\(error)"]
                )
            }
        }
    }

    /// A period of 0 asks for no more updates.
    private func isDue(_ object: Resource, _ now: Timestamp) -> Bool {
        let period = object.spec["updatePeriodSeconds"]?.int ?? 10
        guard period > 0 else { return false }
        return written[object.key].map { now.since($0) >= .seconds(period) } ?? true
    }
}
