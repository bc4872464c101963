import Foundation

/// Programs run to their end, and daemons left running.
enum Shell {
    struct Failure: Error, CustomStringConvertible {
        let description: String
    }

    /// What a program printed; one that fails throws its errors.
    @discardableResult
    static func run(_ arguments: [String]) throws -> String {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        let (output, errors) = (Pipe(), Pipe())
        process.standardOutput = output
        process.standardError = errors
        process.standardInput = FileHandle.nullDevice
        try process.run()
        let text = try output.fileHandleForReading.readToEnd() ?? Data()
        let complaint = try errors.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        guard process.terminationStatus == 0 else {
            let why = String(decoding: complaint + text, as: UTF8.self)
            throw Failure(description: "\(arguments.joined(separator: " ")): \(why)")
        }
        return String(decoding: text, as: UTF8.self)
    }
}
