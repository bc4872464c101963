internal import Dispatch
internal import Glibc
internal import Synchronization

/// Calls a function when something happens to a database file or to its log, by inotify(7).
///
/// The directory is watched rather than the files: the log comes and goes, and a file put in the
/// place of another is seen too.
final class DirectoryEvents: Sendable {
    private static let mask = UInt32(
        IN_MODIFY | IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO | IN_MOVE_SELF
    )

    private let names: Set<String>
    private let alive = Mutex(true)
    /// Sources are safe to use from any thread, which their declaration on Linux does not say.
    private nonisolated(unsafe) let source: any DispatchSourceRead

    /// `nil` when the directory cannot be watched.
    init?(
        ofFileAt path: String,
        queue: DispatchQueue,
        onEvent: @escaping @Sendable () -> Void
    ) {
        let end = path.lastIndex(of: "/")
        let directory = end.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
        let name = String(end.map { path[path.index(after: $0)...] } ?? path[...])
        names = [name, name + "-wal"]
        let descriptor = inotify_init1(Int32(IN_NONBLOCK) | Int32(IN_CLOEXEC))
        guard descriptor >= 0 else { return nil }
        guard inotify_add_watch(descriptor, directory, Self.mask) >= 0 else {
            close(descriptor)
            return nil
        }
        source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
        source.setEventHandler { [weak self] in
            if self?.concernsFile(in: Self.drain(descriptor)) == true { onEvent() }
        }
        source.setCancelHandler { close(descriptor) }
        source.activate()
    }

    deinit {
        source.cancel()
    }

    /// `false` once the directory is gone.
    var isAlive: Bool { alive.withLock(\.self) }

    private func concernsFile(in events: [(mask: UInt32, name: String)]) -> Bool {
        let end = UInt32(IN_IGNORED | IN_MOVE_SELF)
        if events.contains(where: { $0.mask & end != 0 }) { alive.withLock { $0 = false } }
        let overflow = UInt32(IN_Q_OVERFLOW)
        return events.contains { $0.mask & (end | overflow) != 0 || names.contains($0.name) }
    }

    /// All events that wait.
    ///
    /// An event is a watch, mask, cookie and length of 4 bytes each, then the
    /// name, padded with zeroes to that length.
    private static func drain(_ descriptor: Int32) -> [(mask: UInt32, name: String)] {
        var events: [(mask: UInt32, name: String)] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            guard count > 0 else { return events }
            var bytes = buffer[..<count]
            while bytes.count >= MemoryLayout<inotify_event>.size {
                let mask = word(bytes, at: 4)
                let length = Int(word(bytes, at: 12))
                let name = bytes.dropFirst(16).prefix(length).prefix { $0 != 0 }
                events.append((mask, String(decoding: name, as: UTF8.self)))
                bytes = bytes.dropFirst(16 + length)
            }
        }
    }

    private static func word(_ bytes: ArraySlice<UInt8>, at offset: Int) -> UInt32 {
        bytes.withUnsafeBytes { $0.loadUnaligned(fromByteOffset: offset, as: UInt32.self) }
    }
}
