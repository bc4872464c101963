import Foundation

/// One run of the helper executable, which the tests' build put beside them.
final class Exerciser: Sendable {
    let process: Process
    private let output: Pipe

    init(_ arguments: String...) throws {
        let tests = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let folder = URL(filePath: tests).deletingLastPathComponent()
        process = Process()
        output = Pipe()
        process.executableURL = folder.appending(path: "StoreExerciser")
        process.arguments = arguments
        process.standardOutput = output
        try process.run()
    }

    deinit {
        if process.isRunning { kill() }
    }

    /// SIGKILL: the process has no chance to put anything in order.
    func kill() {
        Foundation.kill(process.processIdentifier, SIGKILL)
        process.waitUntilExit()
    }

    /// The next line it prints; `nil` at its end.
    func line() -> String? {
        var bytes: [UInt8] = []
        while let byte = try? output.fileHandleForReading.read(upToCount: 1)?.first {
            if byte == UInt8(ascii: "\n") { return String(decoding: bytes, as: UTF8.self) }
            bytes.append(byte)
        }
        return nil
    }

    /// All further lines, the last one only if it is complete.
    func lines() -> [String] {
        let bytes = (try? output.fileHandleForReading.readToEnd()) ?? Data()
        let lines = String(decoding: bytes, as: UTF8.self).split(
            separator: "\n",
            omittingEmptySubsequences: false
        )
        return lines.dropLast().map(String.init)
    }

    func exitCode() -> Int32 {
        process.waitUntilExit()
        return process.terminationStatus
    }
}
