import Glibc
import Linux

/// A program started by this one.
final class Child {
    let pid: pid_t
    private var status: Int32?

    /// Starts a program; its output goes to the file `log`, or where ours goes.
    init(_ command: [String], log: String? = nil) throws {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        if let log {
            let flags = O_WRONLY | O_CREAT | O_TRUNC
            posix_spawn_file_actions_addopen(&actions, 1, log, flags, 0o644)
            posix_spawn_file_actions_adddup2(&actions, 1, 2)
        }
        var arguments: [UnsafeMutablePointer<CChar>?] = command.map { strdup($0) }
        defer { for argument in arguments { free(argument) } }
        arguments.append(nil)
        var pid: pid_t = 0
        let error = posix_spawnp(&pid, command[0], &actions, nil, arguments, environ)
        guard error == 0 else { throw LinuxError(call: "spawn", object: command[0], errno: error) }
        self.pid = pid
    }

    var isRunning: Bool {
        guard status == nil else { return false }
        var found: Int32 = 0
        guard waitpid(pid, &found, WNOHANG) == pid else { return true }
        status = found
        return false
    }

    func signal(_ number: Int32) { if isRunning { kill(pid, number) } }

    /// Waits for its end; 0 if all went well.
    @discardableResult
    func wait() -> Int32 {
        if let status { return status }
        var found: Int32 = 0
        while waitpid(pid, &found, 0) < 0, errno == EINTR {}
        status = found
        return found
    }

    /// Runs a program of a few words to its end.
    static func run(_ line: String) throws {
        let child = try Child(line.split(separator: " ").map(String.init))
        guard child.wait() == 0 else { throw BenchError("\(line) failed") }
    }
}
