internal import Glibc
package import IPAM
package import Logging
internal import Synchronization

/// One line a message to standard error: time, level, message, then `key=value` pairs.
package struct LineLog: LogHandler {
    package var metadata: Logger.Metadata = [:]
    package var logLevel: Logger.Level {
        get { Self.level.withLock { $0 } }
        set { Self.level.withLock { $0 = newValue } }
    }
    private let label: String
    private let metrics: Metrics?

    /// One for the whole process, so that a change of configuration reaches every logger.
    private static let level = Mutex(Logger.Level.info)

    package init(label: String, metrics: Metrics? = nil) {
        self.label = label
        self.metrics = metrics
    }

    package static func setLevel(_ level: Logger.Level) {
        self.level.withLock { $0 = level }
    }

    package subscript(metadataKey key: String) -> Logger.Metadata.Value? {
        get { metadata[key] }
        set { metadata[key] = newValue }
    }

    package func log(event: LogEvent) {
        if event.level >= .error { metrics?.add(.logErrors) }
        let own = metadata.merging(event.metadata ?? [:]) { $1 }
        let line = Self.line(
            now: Timestamp.now(),
            level: event.level,
            label: label,
            message: event.message.description,
            metadata: own
        )
        let bytes = Array(line.utf8)
        // One call, so that lines of several tasks do not mix.
        _ = write(STDERR_FILENO, bytes, bytes.count)
    }

    static func line(
        now: Timestamp,
        level: Logger.Level,
        label: String,
        message: String,
        metadata: Logger.Metadata
    ) -> String {
        var line = "time=\(now) level=\(level.rawValue) part=\(label) msg=\(quoted(message))"
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            line += " \(key)=\(quoted(value.description))"
        }
        return line + "\n"
    }

    /// As it is when it is one word, else in quotes with escapes.
    private static func quoted(_ text: String) -> String {
        let isPlain = text.utf8.allSatisfy { $0 > 0x20 && $0 != 0x22 && $0 != 0x3d && $0 != 0x5c }
        guard !isPlain || text.isEmpty else { return text }
        var result = "\""
        for character in text {
            switch character {
            case "\"": result += "\\\""
            case "\\": result += "\\\\"
            case "\n": result += "\\n"
            case "\t": result += "\\t"
            default: result.append(character)
            }
        }
        return result + "\""
    }
}

/// The log, for those who have no logger.
package enum AgentLog {
    /// Says why the agent ends.
    package static func critical(_ message: String) {
        let logger = Logger(label: "agent") { LineLog(label: $0) }
        logger.critical("\(message)")
    }
}

extension Timestamp {
    /// The present, from the system's clock.
    package static func now() -> Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }
}

extension Logger.Level {
    /// Felix's names of severities.
    package init?(severity: String) {
        switch severity.lowercased() {
        case "trace": self = .trace
        case "debug": self = .debug
        case "info": self = .info
        case "warning": self = .warning
        case "error": self = .error
        case "fatal": self = .critical
        default: return nil
        }
    }
}
