import Glibc

/// Kernel parameters below `/proc/sys`.
///
/// Those below `net` belong to the namespace of the calling thread: use them inside
/// ``NetworkNamespace/run(_:)`` for another one.
package enum Sysctl {
    /// The value of, say, `net/ipv4/ip_forward`, without the line's end.
    package static func read(_ name: String) throws(LinuxError) -> String {
        let bytes = try File.read(path(name), limit: 4096)
        return String(decoding: bytes.prefix { $0 != 0x0a }, as: UTF8.self)
    }

    /// Sets the parameter; the slash form allows interface names with dots.
    package static func write(_ value: String, to name: String) throws(LinuxError) {
        try File.overwrite(path(name), with: value)
    }

    private static func path(_ name: String) -> String { "/proc/sys/\(name)" }
}
