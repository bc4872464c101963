package import Foundation

/// Programs run to their end, and programs left running.
package enum Command {
    package struct Result: Sendable {
        package let status: Int32
        package let output: Data
        package let errors: String

        package var text: String { String(decoding: output, as: UTF8.self) }
    }

    /// Runs a program found in PATH with `input` on its standard input.
    package static func result(
        _ arguments: [String],
        environment: [String: String] = [:],
        input: Data = Data()
    ) throws -> Result {
        let process = Process()
        // A path is started as it is; a name goes through env, which searches PATH.
        let isPath = arguments[0].hasPrefix("/")
        process.executableURL = URL(fileURLWithPath: isPath ? arguments[0] : "/usr/bin/env")
        process.arguments = isPath ? Array(arguments.dropFirst()) : arguments
        process.environment = ProcessInfo.processInfo.environment
            .merging(environment) { _, new in new }
        let (stdin, stdout, stderr) = (Pipe(), Pipe(), Pipe())
        process.standardInput = stdin
        process.standardOutput = stdout
        process.standardError = stderr
        try process.run()
        try stdin.fileHandleForWriting.write(contentsOf: input)
        try stdin.fileHandleForWriting.close()
        // Errors are few lines: they fit the pipe while the output is read first.
        let output = try stdout.fileHandleForReading.readToEnd() ?? Data()
        let errors = try stderr.fileHandleForReading.readToEnd() ?? Data()
        process.waitUntilExit()
        return Result(
            status: process.terminationStatus,
            output: output,
            errors: String(decoding: errors, as: UTF8.self)
        )
    }

    /// Runs a program that must succeed; its errors become the error's text.
    @discardableResult
    package static func run(
        _ arguments: [String],
        environment: [String: String] = [:],
        input: Data = Data()
    ) throws -> Data {
        let result = try result(arguments, environment: environment, input: input)
        guard result.status == 0 else {
            let why = result.errors.split(separator: "\n").last.map(String.init)
            throw ClusterError(
                "\(arguments.joined(separator: " ")): "
                    + (why ?? "exit status \(result.status)")
            )
        }
        return result.output
    }

    /// The executable `name` beside the running one.
    package static func sibling(_ name: String) throws -> String {
        let own = try FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/exe")
        let folder =
            ProcessInfo.processInfo.environment["CARACAL_BIN"]
            ?? URL(fileURLWithPath: own).deletingLastPathComponent().path
        let path = "\(folder)/\(name)"
        guard FileManager.default.isExecutableFile(atPath: path) else {
            throw ClusterError("\(name) is not built beside \(own): run scripts/build")
        }
        return path
    }
}
