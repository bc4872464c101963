import Foundation
import Glibc
import Linux

/// A running daemon, with the processes that it starts.
final class DaemonProcess {
    private let process: Child
    private let folder: String
    private let contender: Contender

    init(_ contender: Contender, _ plan: Plan) throws {
        self.contender = contender
        folder = "/tmp/bench-bgp-\(getpid())-\(contender.rawValue)"
        try FileManager.default.createDirectory(
            atPath: folder,
            withIntermediateDirectories: true
        )
        let command = try contender.prepare(plan, in: folder)
        process = try Child(command, log: "\(folder)/log")
    }

    var isRunning: Bool { process.isRunning }

    /// The end of what it had to say.
    var lastWords: String {
        let text = (try? String(contentsOfFile: "\(folder)/log", encoding: .utf8)) ?? ""
        return String(text.suffix(300))
    }

    /// Ends it, and takes its files away.
    func stop() {
        process.signal(SIGTERM)
        for _ in 0..<100 where process.isRunning { usleep(50_000) }
        process.signal(SIGKILL)
        process.wait()
        _ = try? FileManager.default.removeItem(atPath: folder)
    }

    /// The daemon and what it has started.
    private var family: [Int32] {
        var all = [process.pid]
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/proc")) ?? []
        for pid in names.compactMap(Int32.init) where Self.fields(pid)?.first == "\(all[0])" {
            all.append(pid)
        }
        return all
    }

    /// `/proc/PID/stat` from the parent's number on.
    private static func fields(_ pid: Int32) -> [Substring]? {
        guard let bytes = try? File.read("/proc/\(pid)/stat") else { return nil }
        let text = String(decoding: bytes, as: UTF8.self)
        guard let end = text.lastIndex(of: ")") else { return nil }
        return text[end...].split(separator: " ").dropFirst(2).map { $0 }
    }

    /// Resident memory of all its processes, in MiB.
    var residentMiB: Double {
        family.reduce(0) { sum, pid in
            guard let bytes = try? File.read("/proc/\(pid)/status") else { return sum }
            for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n")
            where line.hasPrefix("VmRSS:") {
                let words = line.split(whereSeparator: { $0 == " " || $0 == "\t" })
                if words.count > 1, let kib = Double(words[1]) { return sum + kib / 1024 }
            }
            return sum
        }
    }

    /// Processor time of all its processes, in seconds.
    var cpuSeconds: Double {
        let ticks = Double(sysconf(Int32(_SC_CLK_TCK)))
        return family.reduce(0) { sum, pid in
            guard let fields = Self.fields(pid), fields.count > 11 else { return sum }
            return sum + ((Double(fields[10]) ?? 0) + (Double(fields[11]) ?? 0)) / ticks
        }
    }
}
