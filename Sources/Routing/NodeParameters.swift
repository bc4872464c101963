import Glibc
package import Linux
package import Model

/// Kernel parameters without which a node forwards nothing.
///
/// To be set on a thread in the node's network namespace.
package enum NodeParameters {
    /// Turns forwarding on, and reverse path filtering off on our interfaces.
    ///
    /// The kernel takes the greater of `all` and an interface's own value, so `all` must be 0; what it
    /// asked of interfaces that are not ours is written into their own first.
    ///
    /// - Parameters:
    ///   - families: those that the node's pods use.
    ///   - isOurs: whether an interface carries our programs.
    /// - Throws: what the kernel said to the first parameter that it refused.
    package static func set(
        families: Set<Family>,
        where isOurs: (String) -> Bool
    ) throws(LinuxError) {
        if families.contains(.v4) {
            try set("net/ipv4/ip_forward", to: "1")
            try relaxReversePathFilter(isOurs)
        }
        if families.contains(.v6) { try set("net/ipv6/conf/all/forwarding", to: "1") }
    }

    private static func relaxReversePathFilter(_ isOurs: (String) -> Bool) throws(LinuxError) {
        let all = Int(try Sysctl.read("net/ipv4/conf/all/rp_filter")) ?? 0
        for name in interfaces() where name != "all" {
            let parameter = "net/ipv4/conf/\(name)/rp_filter"
            do throws(LinuxError) {
                let own = Int(try Sysctl.read(parameter)) ?? 0
                try set(parameter, to: String(isOurs(name) ? 0 : max(own, all)))
            } catch  where error.errno == ENOENT {
                // The interface went meanwhile.
            }
        }
        try set("net/ipv4/conf/all/rp_filter", to: "0")
    }

    private static func set(_ name: String, to value: String) throws(LinuxError) {
        guard try Sysctl.read(name) != value else { return }
        try Sysctl.write(value, to: name)
    }

    /// Interfaces with parameters; `all` and `default` are among them.
    private static func interfaces() -> [String] {
        guard let directory = opendir("/proc/sys/net/ipv4/conf") else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: &entry.pointee.d_name) { bytes in
                String(decoding: bytes.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }
}
