import CLibBPF
import CLinux
import Glibc
import Linux

/// The BPF file system, where pins live.
package enum FileSystem {
    /// Where the kernel offers a mount point.
    package static let standardPath = "/sys/fs/bpf"

    /// Whether a BPF file system is mounted at `path`.
    package static func isMounted(at path: String) -> Bool {
        var status = statfs()
        return statfs(path, &status) == 0 && status.f_type == BPF_FS_MAGIC
    }

    /// Mounts one at `path` unless one is there, making the directory when it is missing; `true`
    /// when it had to.
    @discardableResult
    package static func mountIfMissing(at path: String = standardPath) throws(BPFError) -> Bool {
        if isMounted(at: path) { return false }
        try makeDirectory(path)
        try wrapping("mount", path) { () throws(LinuxError) in
            _ = try call("mount", on: path) { mount("bpffs", path, "bpf", 0, "mode=0700") }
        }
        return true
    }

    /// Makes a directory for pins, and those above it; one that exists is fine.
    package static func makeDirectory(_ path: String) throws(BPFError) {
        guard mkdir(path, 0o700) != 0 else { return }
        let number = errno
        let parent = path.split(separator: "/").dropLast().reduce("") { "\($0)/\($1)" }
        switch number {
        case EEXIST:
            return
        case ENOENT where !parent.isEmpty:
            try makeDirectory(parent)
            guard mkdir(path, 0o700) != 0, errno != EEXIST else { return }
            throw BPFError(operation: "mkdir", object: path, errno: errno)
        default:
            throw BPFError(operation: "mkdir", object: path, errno: number)
        }
    }
}
