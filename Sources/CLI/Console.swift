internal import Glibc

/// Where a command's words go and come from; tests put their own in its place.
package struct Console: Sendable {
    package var write: @Sendable (String) -> Void
    package var complain: @Sendable (String) -> Void
    /// All of the standard input.
    package var input: @Sendable () -> [UInt8]
    package var environment: [String: String]

    package init(
        environment: [String: String],
        input: @escaping @Sendable () -> [UInt8],
        write: @escaping @Sendable (String) -> Void,
        complain: @escaping @Sendable (String) -> Void
    ) {
        self.environment = environment
        self.input = input
        self.write = write
        self.complain = complain
    }

    /// The console of the command that runs.
    @TaskLocal package static var current = Console(
        environment: [:],
        input: { [] },
        write: { _ in },
        complain: { _ in }
    )

    /// The process's own streams.
    package static func standard(environment: [String: String]) -> Console {
        Console(
            environment: environment,
            input: { readAll(STDIN_FILENO) },
            write: { writeAll($0, to: STDOUT_FILENO) },
            complain: { writeAll($0, to: STDERR_FILENO) }
        )
    }

    func writeLine(_ line: String) { write(line + "\n") }
    func complainLine(_ line: String) { complain(line + "\n") }

    private static func readAll(_ descriptor: Int32) -> [UInt8] {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(descriptor, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return bytes }
            bytes += buffer[..<count]
        }
    }

    /// Gives up silently: there is nobody left to tell when a pipe's reader has gone.
    private static func writeAll(_ text: String, to descriptor: Int32) {
        var rest = Array(text.utf8)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }
}
