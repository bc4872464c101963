import Control
import Glibc
import Linux

/// The socket's file: made so that nobody else can connect, and never in another agent's way.
///
/// A lock on `<path>.lock` says who owns the path; the kernel drops it when the owner dies,
/// however it dies. Its owner may replace the socket: a new one is made beside it and renamed
/// over it, so that a client finds either the old one or one that listens.
final class ControlListener: Sendable {
    private let path: String
    private let lock: Descriptor
    private let socket: Descriptor

    static let backlog: Int32 = 512

    init(path: String) throws(LinuxError) {
        try Self.makeDirectory(above: path)
        lock = try Self.takeLock("\(path).lock")
        try Self.refuseUnlessSocket(path)
        socket = try Self.listen(path)
        self.path = path
    }

    /// A number for the socket that the taker closes.
    func duplicateSocket() throws(LinuxError) -> Int32 {
        try socket.duplicate().release()
    }

    /// Takes the file away; the lock's stays, because removing it would let two agents in.
    func removeSocket() {
        unlink(path)
    }

    private static func takeLock(_ path: String) throws(LinuxError) -> Descriptor {
        let lock = try Descriptor(opening: path, O_RDWR | O_CREAT)
        try lock.withRaw { raw throws(LinuxError) in
            // EWOULDBLOCK says "Resource temporarily unavailable"; EADDRINUSE what is meant.
            do throws(LinuxError) {
                _ = try call("flock") { flock(raw, LOCK_EX | LOCK_NB) }
            } catch  where error.errno == EWOULDBLOCK {
                throw LinuxError(call: "lock", object: path, errno: EADDRINUSE)
            }
        }
        return lock
    }

    /// A path that was meant for something else is not ours to replace.
    private static func refuseUnlessSocket(_ path: String) throws(LinuxError) {
        var status = stat()
        guard lstat(path, &status) == 0, status.st_mode & S_IFMT != S_IFSOCK else { return }
        throw LinuxError(call: "listen", object: path, errno: ENOTSOCK)
    }

    private static func listen(_ path: String) throws(LinuxError) -> Descriptor {
        let socket = try ControlSocket.open(nonblocking: true)
        let fresh = "\(path).new"
        unlink(fresh)
        try ControlSocket.withAddress(of: fresh) { address, length throws(LinuxError) in
            try socket.withRaw { raw throws(LinuxError) in
                // Until listen() nobody can connect, whatever the file's mode is.
                _ = try call("bind", on: fresh) { bind(raw, address, length) }
                _ = try call("chmod", on: fresh) { chmod(fresh, 0o600) }
                _ = try call("listen", on: fresh) { Glibc.listen(raw, backlog) }
            }
        }
        _ = try call("rename", on: path) { rename(fresh, path) }
        return socket
    }

    private static func makeDirectory(above path: String) throws(LinuxError) {
        var directory = ""
        for part in path.split(separator: "/").dropLast() {
            directory += (directory.isEmpty && !path.hasPrefix("/") ? "" : "/") + part
            do throws(LinuxError) {
                _ = try call("mkdir", on: directory) { mkdir(directory, 0o755) }
            } catch  where error.errno == EEXIST {}
        }
    }
}
