import Foundation
import Glibc
import Linux

extension Command {
    /// Starts a program in a session of its own, its output appended to a file; it outlives us.
    ///
    /// Not by `Process`, whose children hand a socket of its own down to theirs: it takes a program
    /// as running until every process that it led to has ended.
    package static func start(
        _ arguments: [String],
        environment: [String: String],
        log: String
    ) throws -> Int32 {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        posix_spawn_file_actions_adddup2(&actions, 1, 2)
        let own = try FileManager.default.contentsOfDirectory(atPath: "/proc/self/fd")
        for descriptor in own.compactMap({ Int32($0) }) where descriptor > 2 {
            posix_spawn_file_actions_addclose(&actions, descriptor)
        }

        // What we block or ignore is no business of the program's.
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        let flags = Int32(POSIX_SPAWN_SETSIGMASK) | Int32(POSIX_SPAWN_SETSIGDEF)
        posix_spawnattr_setflags(&attributes, Int16(flags))

        let variables = ProcessInfo.processInfo.environment
            .merging(environment) { _, new in new }
            .map { "\($0.key)=\($0.value)" }
        var pid: pid_t = 0
        let status = withArgumentVector(["setsid"] + arguments) { argv in
            withArgumentVector(variables) { envp in
                posix_spawnp(&pid, "setsid", &actions, &attributes, argv, envp)
            }
        }
        guard status == 0 else {
            throw LinuxError(call: "posix_spawn", object: arguments[0], errno: status)
        }
        return pid
    }

    /// Takes note of a started program's end, if it was us who started it: it is a zombie until then.
    package static func reap(_ pid: Int32) {
        waitpid(pid, nil, WNOHANG)
    }
}

/// Lends strings in the form of `argv`.
private func withArgumentVector<R>(
    _ strings: [String],
    _ body: ([UnsafeMutablePointer<CChar>?]) -> R
) -> R {
    let copies = strings.map { strdup($0) }
    defer { copies.forEach { free($0) } }
    return body(copies + [nil])
}
