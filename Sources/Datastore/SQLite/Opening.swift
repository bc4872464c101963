internal import Synchronization

/// The opening of the file in which a watcher began; revisions of another one mean something else.
final class Opening: Sendable {
    private let epoch: Mutex<UInt64>

    init(_ epoch: UInt64) {
        self.epoch = Mutex(epoch)
    }

    /// Whether the watcher may go on; one that began before the file was first opened belongs to
    /// the first opening it sees.
    func isStill(_ present: UInt64) -> Bool {
        epoch.withLock { epoch in
            if epoch == 0 { epoch = present }
            return epoch == present
        }
    }
}
