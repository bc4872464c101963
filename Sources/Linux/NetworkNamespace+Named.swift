import CLinux
import Glibc

// Named namespaces as iproute2 keeps them: a file below /run/netns with the namespace bound over
// it. `ip netns` sees those made here and the other way round.

extension NetworkNamespace {
    /// Where `ip netns` keeps names.
    package static let directory = "/run/netns"

    /// Makes a namespace and gives it a name; `EEXIST` when the name is taken.
    package static func create(named name: String) throws(LinuxError) -> NetworkNamespace {
        let path = try namedPath(name)
        try prepareDirectory()
        _ = try Descriptor(opening: path, O_RDONLY | O_CREAT | O_EXCL, mode: 0)
        do throws(LinuxError) {
            try bindNewNamespace(at: path)
            return try NetworkNamespace(path: path)
        } catch {
            umount2(path, Int32(MNT_DETACH))
            unlink(path)
            throw error
        }
    }

    /// Opens a namespace by its name.
    package static func open(named name: String) throws(LinuxError) -> NetworkNamespace {
        try NetworkNamespace(path: namedPath(name))
    }

    /// Takes the name away, if it is there; the namespace itself goes when nothing uses it.
    package static func delete(named name: String) throws(LinuxError) {
        let path = try namedPath(name)
        do throws(LinuxError) {
            _ = try call("umount", on: path) { umount2(path, Int32(MNT_DETACH)) }
        } catch  where error.errno == EINVAL || error.errno == ENOENT {
            // Not mounted: what an interrupted `create` leaves.
        }
        do throws(LinuxError) {
            _ = try call("unlink", on: path) { unlink(path) }
        } catch  where error.errno == ENOENT {}
    }

    private static func namedPath(_ name: String) throws(LinuxError) -> String {
        guard !name.isEmpty, name != ".", name != "..", !name.utf8.contains(UInt8(ascii: "/"))
        else { throw LinuxError(call: "network namespace name", object: name, errno: EINVAL) }
        return "\(directory)/\(name)"
    }

    /// Mounts made below must reach mount namespaces that exist already, so the directory is a
    /// shared mount of itself, as `ip netns add` makes it.
    ///
    /// Under a lock, for two that both find no mount would put one over the other, and names in
    /// the lower one could never be removed.
    private static func prepareDirectory() throws(LinuxError) {
        do throws(LinuxError) {
            _ = try call("mkdir", on: directory) { mkdir(directory, 0o755) }
        } catch  where error.errno == EEXIST {}
        let lock = try Descriptor(opening: directory, O_RDONLY | O_DIRECTORY)
        try lock.withRaw { raw throws(LinuxError) in
            _ = try call("flock", on: directory) { flock(raw, LOCK_EX) }
            try shareDirectory()
        }
    }

    private static func shareDirectory() throws(LinuxError) {
        let share = UInt(MS_SHARED | MS_REC)
        if mount("", directory, "none", share, nil) == 0 { return }
        _ = try call("mount", on: directory) {
            mount(directory, directory, "none", UInt(MS_BIND | MS_REC), nil)
        }
        _ = try call("mount", on: directory) { mount("", directory, "none", share, nil) }
    }

    private static func bindNewNamespace(at path: String) throws(LinuxError) {
        var failure: LinuxError?
        try onOwnThread {
            do throws(LinuxError) {
                _ = try call("unshare") { linux_unshare(CLONE_NEWNET) }
                _ = try call("mount", on: path) {
                    mount("/proc/thread-self/ns/net", path, "none", UInt(MS_BIND), nil)
                }
            } catch {
                failure = error
            }
        }
        if let failure { throw failure }
    }
}
