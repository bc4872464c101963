package import Resources

/// What becomes known of the store.
package enum StoreNews: Sendable {
    /// All objects: at the start, and when the history that led on from the last news is gone.
    case snapshot([Resource], Revision)
    /// What has happened since, in order.
    case changes([Event])
    /// What this agent wrote itself, ahead of the watch.
    case written(Event)
    /// The store cannot be reached; what is known goes on to hold.
    case lost(String)
    /// It can be reached again, and nothing may have happened meanwhile.
    case regained
}

/// Follows a store for ever: a snapshot, then changes; after a failure it waits and goes on where
/// it was, or with a new snapshot where the history has been compacted.
///
/// The consumer sets the pace: while it works, changes gather in the store and come as one batch.
package struct StoreFollower: Sendable {
    /// Waits between attempts: doubling from the first to the last.
    package static let waits = (first: Duration.milliseconds(50), last: Duration.seconds(5))

    private let store: any Datastore
    private let types: [ResourceType]
    private let sleep: @Sendable (Duration) async throws -> Void

    package init(
        _ store: any Datastore,
        _ types: [ResourceType],
        sleep: @escaping @Sendable (Duration) async throws -> Void = {
            try await Task.sleep(for: $0)
        }
    ) {
        self.store = store
        self.types = types
        self.sleep = sleep
    }

    /// Runs until it is cancelled.
    package func run(_ take: (StoreNews) async -> Void) async throws {
        var position: Revision?
        var wait = Self.waits.first
        var isLost = false
        while true {
            do {
                if isLost {
                    // A watch in which nothing happens would not tell that the store is back.
                    _ = try await store.get(ResourceKey(.core("Namespace"), name: "default"))
                    await take(.regained)
                    isLost = false
                }
                if position == nil {
                    let (items, revision) = try await store.snapshot(types)
                    await take(.snapshot(items, revision))
                    position = revision
                }
                guard let from = position else { continue }
                for try await events in store.watch(types, from: from) {
                    wait = Self.waits.first
                    await take(.changes(events))
                    if let last = events.last { position = last.revision }
                }
                try Task.checkCancellation()
            } catch let error as DatastoreError {
                if case .compacted = error {
                    position = nil
                    continue
                }
                isLost = true
                await take(.lost("\(error)"))
                try await sleep(wait)
                wait = min(wait * 2, Self.waits.last)
            }
        }
    }
}
