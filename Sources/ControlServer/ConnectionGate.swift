import NIOCore
import Synchronization

/// Counts connections and lets no more in than may be.
final class ConnectionGate: Sendable {
    private let limit: Int
    private let count = Mutex(0)

    init(limit: Int) {
        self.limit = limit
    }

    /// Runs `body` for the connection, or closes it when there are too many.
    func admit(
        _ connection: ControlServer.Connection,
        _ body: () async -> Void
    ) async {
        guard enter() else {
            // It may be closed already; then all is well.
            try? await connection.executeThenClose { _, _ in }
            return
        }
        await body()
        count.withLock { $0 -= 1 }
    }

    private func enter() -> Bool {
        count.withLock { count in
            guard count < limit else { return false }
            count += 1
            return true
        }
    }
}
