package import Glibc
package import Linux

/// The agent's local socket.
package enum ControlSocket {
    /// Where the agent listens unless told otherwise.
    package static let defaultPath = "/var/run/caracal/agent.sock"

    /// A new stream socket for local addresses.
    package static func open(nonblocking: Bool) throws(LinuxError) -> Descriptor {
        var type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        if nonblocking { type |= Int32(SOCK_NONBLOCK.rawValue) }
        let raw = try call("socket") { socket(AF_UNIX, type, 0) }
        return Descriptor(owning: raw)
    }

    /// Lends the address of a path, which has room for 107 bytes.
    package static func withAddress<R>(
        of path: String,
        _ body: (UnsafePointer<sockaddr>, socklen_t) throws(LinuxError) -> R
    ) throws(LinuxError) -> R {
        var address = sockaddr_un()
        let room = MemoryLayout.size(ofValue: address.sun_path)
        let bytes = Array(path.utf8)
        guard !bytes.isEmpty, bytes.count < room, !bytes.contains(0) else {
            throw LinuxError(call: "socket path", object: path, errno: ENAMETOOLONG)
        }
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        let length = socklen_t(MemoryLayout<sockaddr_un>.size)
        var result: Result<R, LinuxError>?
        withUnsafePointer(to: address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
                result = Result { () throws(LinuxError) in try body(raw, length) }
            }
        }
        guard let result else { preconditionFailure("the body did not run") }
        return try result.get()
    }
}
