package import CBPFABI

/// Why a packet passed or was dropped, for people.
package struct Reason: Hashable, Sendable {
    /// The index of the counter.
    package let code: UInt32
    /// A short name for metrics and scripts.
    package let name: String
    /// One sentence.
    package let explanation: String

    /// All reasons that the programs know, in the order of their counters.
    package static let all: [Reason] = (0..<CARA_REASON_COUNT.rawValue).map {
        Reason(cara_reason(rawValue: $0))
    }

    package var isDrop: Bool {
        code != CARA_PASS.rawValue && code != CARA_PASS_NOT_IP.rawValue
    }

    /// Whether a rule, or that there was none, is why the packet was dropped: the names of those
    /// reasons end alike.
    package var isPolicy: Bool { name.hasSuffix("_policy") }

    package init(_ reason: cara_reason) {
        code = reason.rawValue
        (name, explanation) = Self.text(of: reason)
    }

    // One case a line of the ABI: longer than a function should be, but a table.
    private static func text(of reason: cara_reason) -> (String, String) {
        switch reason {
        case CARA_PASS: ("pass", "The packet passed.")
        case CARA_PASS_NOT_IP: ("pass_not_ip", "ARP and the like on an interface of the node.")
        case CARA_DROP_MALFORMED: ("malformed", "A header is cut off or contradicts itself.")
        case CARA_DROP_NOT_IP: ("not_ip", "A workload sent neither ARP nor IP.")
        case CARA_DROP_SPOOFED_SOURCE:
            ("spoofed_source", "A workload used a source address that is not its own.")
        case CARA_DROP_NOT_READY: ("not_ready", "The endpoint's policy is not live yet.")
        case CARA_DROP_EGRESS_POLICY: ("egress_policy", "Policy denies the sender this flow.")
        case CARA_DROP_INGRESS_POLICY: ("ingress_policy", "Policy denies the receiver this flow.")
        case CARA_DROP_NO_VERDICT:
            ("no_verdict", "The policy tables have no verdict: they are incomplete.")
        case CARA_DROP_CONN_FULL: ("conntrack_full", "There is no room for a new connection.")
        case CARA_DROP_INVALID_TCP:
            ("invalid_tcp", "A TCP packet without SYN belongs to no known connection.")
        case CARA_DROP_FRAGMENT_UNKNOWN:
            ("fragment_unknown", "The first fragment of the datagram was not seen.")
        case CARA_DROP_ICMP_UNRELATED:
            ("icmp_unrelated", "An ICMP error concerns no known connection.")
        case CARA_DROP_NO_ROUTE:
            ("no_route", "The route is unreachable, a blackhole or prohibited.")
        case CARA_DROP_HOST_ENDPOINT:
            ("endpoint_to_host", "defaultEndpointToHostAction is Drop.")
        case CARA_DROP_HEADERS:
            ("ipv6_headers", "There are more IPv6 extension headers than are followed.")
        case CARA_DROP_TUNNEL: ("tunnel", "A workload sent VXLAN or IPIP and may not.")
        case CARA_DROP_HOST_INGRESS_POLICY:
            ("host_ingress_policy", "Policy of the host endpoint that it came in by denies it.")
        case CARA_DROP_HOST_EGRESS_POLICY:
            ("host_egress_policy", "Policy of the host endpoint that it would leave by denies it.")
        case CARA_DROP_UNTRACKED_POLICY:
            ("untracked_policy", "doNotTrack policy of the host endpoint denies it.")
        default: ("reason_\(reason.rawValue)", "The programs are newer than this agent.")
        }
    }
}
