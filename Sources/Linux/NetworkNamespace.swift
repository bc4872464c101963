import CLinux
import Glibc

/// A network namespace, kept alive by an open descriptor.
///
/// A namespace belongs to a thread. It is entered only through ``run(_:)``, whose closure runs on
/// a thread of its own and cannot suspend, so that no thread of the shared pool ever changes its
/// namespace.
package struct NetworkNamespace: ~Copyable, Sendable {
    /// What it was opened by, for messages.
    package let path: String
    private let descriptor: Descriptor

    /// Opens the namespace a path leads to, such as `/run/netns/<name>` or `/proc/<pid>/ns/net`.
    ///
    /// A file that is no network namespace is refused, so that a path from outside cannot make
    /// the agent enter anything else.
    package init(path: String) throws(LinuxError) {
        let file = try Descriptor(opening: path, O_RDONLY)
        let type = try file.withRaw { raw throws(LinuxError) in
            try call("NS_GET_NSTYPE", on: path) { linux_namespace_type(raw) }
        }
        guard type == CLONE_NEWNET else {
            throw LinuxError(call: "open network namespace", object: path, errno: EINVAL)
        }
        self.path = path
        descriptor = file
    }

    private init(path: String, _ descriptor: consuming Descriptor) {
        self.path = path
        self.descriptor = descriptor
    }

    private static let ownPath = "/proc/thread-self/ns/net"

    /// Opens the namespace of a process.
    package init(process: Int32) throws(LinuxError) {
        try self.init(path: "/proc/\(process)/ns/net")
    }

    /// Makes a namespace without a name; it goes when its last descriptor, link or process does.
    package static func create() throws(LinuxError) -> NetworkNamespace {
        var result: Result<Int32, LinuxError> = .failure(LinuxError(call: "unshare", errno: 0))
        try onOwnThread {
            result = Result { () throws(LinuxError) in
                _ = try call("unshare") { linux_unshare(CLONE_NEWNET) }
                let file = try Descriptor(opening: ownPath, O_RDONLY)
                return file.release()
            }
        }
        return NetworkNamespace(path: "unnamed", Descriptor(owning: try result.get()))
    }

    /// The calling thread's own namespace.
    package static func current() throws(LinuxError) -> NetworkNamespace {
        try NetworkNamespace(path: ownPath)
    }

    /// Runs `body` on a thread inside the namespace; the caller waits.
    package borrowing func run<R: ~Copyable>(_ body: () throws -> R) throws -> R {
        var result: NamespaceResult<R> = .none
        try descriptor.withRaw { raw throws(LinuxError) in
            try onOwnThread {
                do {
                    _ = try call("setns", on: path) { linux_setns(raw, CLONE_NEWNET) }
                    result = .value(try body())
                } catch {
                    result = .failure(error)
                }
            }
        }
        switch consume result {
        case .value(let value): return value
        case .failure(let error): throw error
        case .none: preconditionFailure("the thread ended without a result")
        }
    }

    /// Lends the descriptor, for netlink's `IFLA_NET_NS_FD`.
    package borrowing func withRaw<R: ~Copyable, E: Error>(
        _ body: (Int32) throws(E) -> R
    ) throws(E) -> R {
        try descriptor.withRaw(body)
    }

    /// Device and inode: two paths lead to one namespace exactly when these are equal.
    package borrowing func identity() throws(LinuxError) -> NamespaceIdentity {
        var status = stat()
        try descriptor.withRaw { raw throws(LinuxError) in
            _ = try call("fstat", on: path) { fstat(raw, &status) }
        }
        return NamespaceIdentity(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
    }
}

/// Tells namespaces apart.
package struct NamespaceIdentity: Hashable, Sendable {
    package let device: UInt64
    package let inode: UInt64
}

private enum NamespaceResult<Value: ~Copyable>: ~Copyable {
    case none
    case value(Value)
    case failure(any Error)
}
