/// What a probe asks for: a port of TCP, UDP or SCTP, or ICMP echo.
package struct ProbePort: Hashable, Sendable, CustomStringConvertible {
    package enum Kind: String, Sendable {
        case tcp = "TCP"
        case udp = "UDP"
        case sctp = "SCTP"
        case icmp = "ICMP"
    }

    package let kind: Kind
    package let port: UInt16

    package init(_ kind: Kind, _ port: UInt16 = 0) {
        self.kind = kind
        self.port = port
    }

    /// Parses `80/TCP`, `53/udp`, `icmp`, or `80` for TCP.
    package init?(_ text: String) {
        if text.lowercased() == "icmp" {
            self.init(.icmp)
            return
        }
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let port = UInt16(parts[0]), port > 0,
            let kind = Kind(rawValue: parts.count == 2 ? parts[1].uppercased() : "TCP"),
            kind != .icmp
        else { return nil }
        self.init(kind, port)
    }

    package var description: String { kind == .icmp ? "icmp" : "\(port)/\(kind.rawValue)" }
}
