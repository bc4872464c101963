import CLibBPF
import Glibc
import Synchronization

/// What libbpf prints, kept per thread while someone listens and thrown away otherwise; nothing
/// reaches standard error.
enum LibBPFLog {
    private static let texts = Mutex<[UInt: String]>([:])

    private static let install: Void = {
        libbpf_set_print { _, format, arguments in
            LibBPFLog.print(format, arguments)
            return 0
        }
    }()

    /// Runs `body` and returns what libbpf said on this thread meanwhile.
    static func capture<R>(_ body: () -> R) -> (result: R, text: String) {
        _ = install
        let thread = UInt(pthread_self())
        texts.withLock { $0[thread] = "" }
        let result = body()
        let text = texts.withLock { $0.removeValue(forKey: thread) }
        return (result, text ?? "")
    }

    private static func print(_ format: UnsafePointer<CChar>?, _ arguments: CVaListPointer?) {
        let thread = UInt(pthread_self())
        guard let format, let arguments, texts.withLock({ $0[thread] != nil }) else { return }
        // A verifier's log is the longest message there is; its end is what matters, and libbpf
        // prints the log whole, so that the buffer must hold it.
        var buffer = [CChar](repeating: 0, count: 1 << 18)
        _ = vsnprintf(&buffer, buffer.count, format, arguments)
        let line = buffer.withUnsafeBufferPointer { text in
            String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
        }
        texts.withLock { $0[thread]?.append(line) }
    }

    /// The line that says why: the last of the verifier's log before its statistics, or else the
    /// last thing libbpf said that was no mere consequence.
    static func reason(in text: String) -> String {
        let lines = text.split(separator: "\n").map(String.init)
        let end = lines.firstIndex { $0.contains("END PROG LOAD LOG") }
        let begin = lines.firstIndex { $0.contains("BEGIN PROG LOAD LOG") }
        if let begin, let end, begin < end {
            let log = lines[(begin + 1)..<end]
            return log.last { !isStatistics($0) } ?? ""
        }
        let consequences = ["failed to load object", "failed to load BPF skeleton"]
        return lines.last { line in !consequences.contains { line.contains($0) } } ?? ""
    }

    private static func isStatistics(_ line: String) -> Bool {
        ["processed ", "verification time", "stack depth", "max_states"].contains {
            line.hasPrefix($0)
        } || line.isEmpty
    }
}
