import CLinux
import Glibc
import JSON
import Linux
import Testing

/// The plugin as a runtime starts it: a process, its environment, and bytes on standard input.
struct PluginProcess {
    let status: Int32
    let output: [UInt8]

    var json: JSONValue? { try? JSONValue(parsing: output) }

    /// Beside the test's own executable, where the package manager puts it.
    private static func path() throws -> String {
        var buffer = [CChar](repeating: 0, count: Int(PATH_MAX))
        let count = try call("readlink") { readlink("/proc/self/exe", &buffer, buffer.count) }
        let own = String(decoding: buffer[..<count].map(UInt8.init(bitPattern:)), as: UTF8.self)
        return own.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" } + "/caracal-cni"
    }

    /// Runs the plugin to its end.
    init(environment: [String: String], input: [UInt8]) throws {
        var stdin: [Int32] = [0, 0]
        var stdout: [Int32] = [0, 0]
        // A socket rather than a pipe: writing to one that nobody reads can do without SIGPIPE.
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        _ = try call("socketpair") { socketpair(AF_UNIX, type, 0, &stdin) }
        _ = try call("pipe") { linux_pipe(&stdout) }
        let reader = Descriptor(owning: stdout[0])
        let process = try Self.spawn(environment, stdin: stdin[0], stdout: stdout[1])
        close(stdin[0])
        close(stdout[1])
        let writing = stdin[1]
        try startThread {
            // The plugin may stop reading before the end.
            _ = input.withUnsafeBytes {
                send(writing, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            close(writing)
        }
        output = try reader.read(limit: 1 << 20)
        var status: Int32 = 0
        _ = try call("waitpid") { waitpid(process, &status, 0) }
        self.status = status & 0x7f == 0 ? status >> 8 : -(status & 0x7f)
    }

    private static func spawn(
        _ environment: [String: String],
        stdin: Int32,
        stdout: Int32
    ) throws -> pid_t {
        let path = try path()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, stdin, 0)
        posix_spawn_file_actions_adddup2(&actions, stdout, 1)
        var arguments: [UnsafeMutablePointer<CChar>?] = [strdup(path), nil]
        var variables: [UnsafeMutablePointer<CChar>?] =
            environment.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in arguments + variables { free(text) } }
        var process = pid_t()
        let result = posix_spawn(&process, path, &actions, nil, &arguments, &variables)
        guard result == 0 else { throw LinuxError(call: "spawn", object: path, errno: result) }
        return process
    }
}
