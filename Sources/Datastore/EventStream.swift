internal import Synchronization

/// A part of the history: what happened, and the revision up to which nothing is left out.
package struct HistoryPage: Sendable {
    package let events: [Event]
    package let upTo: Revision

    package init(events: [Event], upTo: Revision) {
        self.events = events
        self.upTo = upTo
    }
}

extension ChangeSignal {
    /// The stream that `watch` returns, over a function that reads the history after a revision.
    ///
    /// The consumer pulls: a slow one makes its batches longer, not a queue in memory, and if it is so
    /// slow that the history is compacted away, it learns that as any other watcher does.
    package func events(
        from revision: Revision,
        reading page: @escaping @Sendable (Revision) async throws(DatastoreError) -> HistoryPage
    ) -> AsyncThrowingStream<[Event], any Error> {
        let position = Position(revision)
        return AsyncThrowingStream {
            while !Task.isCancelled {
                let tick = self.tick
                let next = try await page(position.revision)
                position.revision = next.upTo
                if !next.events.isEmpty { return next.events }
                await self.wait(after: tick)
            }
            return nil
        }
    }
}

/// How far one stream has read; a class because the stream's closure keeps it between calls.
private final class Position: Sendable {
    private let state: Mutex<Revision>

    init(_ revision: Revision) {
        state = Mutex(revision)
    }

    var revision: Revision {
        get { state.withLock(\.self) }
        set { state.withLock { $0 = newValue } }
    }
}
