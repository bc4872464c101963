internal import Datastore
internal import Resources

/// The objects, their revision and the last changes, as a plain value.
struct MemoryState {
    private(set) var objects: [ResourceType: [ResourceKey: Resource]] = [:]
    private(set) var head = Revision(rawValue: 0)
    /// Consecutive revisions, the last one `head`.
    private var changes: [Event] = []
    private let history: Int

    init(history: Int) {
        self.history = history
    }

    init(_ items: [Resource], at revision: Revision) {
        self.init(history: 10_000)
        head = revision
        for item in items { objects[item.type, default: [:]][item.key] = item }
    }

    /// The oldest revision that can be watched from.
    var oldest: Revision { Revision(rawValue: head.rawValue - UInt64(changes.count)) }

    func list(_ type: ResourceType, namespace: String?) -> [Resource] {
        (objects[type] ?? [:])
            .filter { namespace == nil || $0.key.namespace == namespace }
            .map(\.value)
            .sorted { ($0.namespace ?? "", $0.name) < ($1.namespace ?? "", $1.name) }
    }

    func history(
        of types: Set<ResourceType>,
        after revision: Revision
    ) throws(DatastoreError) -> HistoryPage {
        guard revision >= oldest, revision <= head
        else { throw .compacted(asked: revision, oldest: oldest) }
        let new = changes.suffix(Int(head.rawValue - revision.rawValue))
        return HistoryPage(events: new.filter { types.contains($0.resource.type) }, upTo: head)
    }

    mutating func create(_ resource: Resource) throws(DatastoreError) -> Resource {
        let key = resource.key
        guard objects[key.type]?[key] == nil else { throw .alreadyExists(key) }
        let stored = resource.stamped(.new(), next)
        objects[key.type, default: [:]][key] = stored
        record(.added(stored))
        return stored
    }

    mutating func update(_ resource: Resource) throws(DatastoreError) -> Resource {
        let key = resource.key
        let current = try find(key, ifRevision: resource.resourceVersion)
        let unrevised = resource.stamped(current.identity, nil)
        guard unrevised != current.stamped(current.identity, nil) else { return current }
        let stored = resource.stamped(current.identity, next)
        objects[key.type, default: [:]][key] = stored
        record(.modified(stored))
        return stored
    }

    mutating func delete(
        _ key: ResourceKey,
        ifRevision: String?
    ) throws(DatastoreError) -> Resource {
        let current = try find(key, ifRevision: ifRevision)
        objects[key.type]?[key] = nil
        record(.deleted(current))
        return current
    }

    mutating func compact(keeping count: Int) {
        changes.removeFirst(max(0, changes.count - count))
    }

    private func find(
        _ key: ResourceKey,
        ifRevision expected: String?
    ) throws(DatastoreError) -> Resource {
        guard let current = objects[key.type]?[key] else { throw .notFound(key) }
        let actual = current.resourceVersion ?? ""
        if let expected, expected != actual {
            throw .conflict(key, expected: expected, actual: actual)
        }
        return current
    }

    private var next: Revision { Revision(rawValue: head.rawValue + 1) }

    private mutating func record(_ change: Event.Change) {
        head = next
        changes.append(Event(change, revision: head))
        // Twice the history before it is cut: each change is then moved once at most.
        if changes.count >= 2 * max(history, 1) { compact(keeping: history) }
    }
}
