internal import Linux

/// The rights without which the agent can do nothing (capabilities(7)).
enum Capabilities {
    /// Number, name, and what it is needed for.
    private static let needed: [(bit: Int, name: String, why: String)] = [
        (12, "CAP_NET_ADMIN", "to make links, routes and filters"),
        (21, "CAP_SYS_ADMIN", "to enter pods' namespaces and to load BPF programs"),
    ]

    /// Throws one error that names all that are missing.
    static func check() throws {
        guard let effective = try effective() else { return }
        let missing = needed.filter { effective >> UInt64($0.bit) & 1 == 0 }
        guard !missing.isEmpty else { return }
        let texts = missing.map { "\($0.name) (\($0.why))" }
        throw MissingCapabilities(description: "missing: " + texts.joined(separator: ", "))
    }

    /// `nil` where the kernel does not say.
    private static func effective() throws(LinuxError) -> UInt64? {
        let status = String(decoding: try File.read("/proc/self/status"), as: UTF8.self)
        let line = status.split(separator: "\n").first { $0.hasPrefix("CapEff:") }
        return line?.split(whereSeparator: \.isWhitespace).last.flatMap { UInt64($0, radix: 16) }
    }
}

/// What the agent may not do and must.
struct MissingCapabilities: Error, CustomStringConvertible {
    let description: String
}
