import Cluster
import Support
import Testing

/// Between datagrams of a stream.
let pace = Duration.milliseconds(2)

extension DatagramStream {
    /// Waits until that many more have been sent, whatever becomes of them.
    func goOn(for count: Int, sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let start = snapshot().count
        try await eventually(true, sourceLocation: sourceLocation) {
            snapshot().count >= start + count
        }
    }

    /// Waits until a datagram sent after `start` has come, and returns when it was sent.
    func resumed(
        after start: ContinuousClock.Instant,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> Duration {
        try await eventually(true, sourceLocation: sourceLocation) {
            first(after: start, arrived: true) != nil
        }
        return start.duration(to: first(after: start, arrived: true) ?? .now)
    }

    /// Waits until nothing comes any more, and returns when the last that came was sent.
    func stopped(
        after start: ContinuousClock.Instant,
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws -> Duration {
        try await eventually(true, sourceLocation: sourceLocation) {
            let latest = snapshot().suffix(100)
            return latest.count == 100 && latest.allSatisfy { $0.time > start && !$0.arrived }
        }
        let last = snapshot().last { $0.arrived }?.time ?? start
        return start.duration(to: max(last, start))
    }

    private func first(
        after start: ContinuousClock.Instant,
        arrived: Bool
    ) -> ContinuousClock.Instant? {
        snapshot().reversed().prefix { $0.time > start }.last { $0.arrived == arrived }?.time
    }
}

extension Transfer {
    /// Waits until more has come than has now.
    func goOn(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        let before = snapshot().received
        try await eventually(true, sourceLocation: sourceLocation) {
            snapshot().received > before
        }
    }

    /// Waits until nothing has come for a while.
    func stall(sourceLocation: SourceLocation = #_sourceLocation) async throws {
        var last = snapshot().received
        var since = ContinuousClock.now
        try await eventually(true, sourceLocation: sourceLocation) {
            let received = snapshot().received
            if received != last { (last, since) = (received, .now) }
            return since.duration(to: .now) > .milliseconds(300)
        }
    }
}
