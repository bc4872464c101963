import Cluster
import Foundation
import Linux
import Model
import Support
import Testing

/// Every protocol that the probe speaks, on a port each.
let allPorts = [
    ProbePort(.tcp, 80), ProbePort(.udp, 53), ProbePort(.sctp, 9), ProbePort(.icmp),
]

/// Truth tables by port, as they print best in a failure.
struct Tables: Equatable, Sendable, CustomStringConvertible {
    var rows: [String: [String]]

    var description: String {
        rows.sorted { $0.key < $1.key }
            .map { "\n\($0.key):\n" + $0.value.map { "  \($0)" }.joined(separator: "\n") }
            .joined()
    }
}

extension Cluster {
    /// Writes YAML to the store as a user does.
    func apply(_ yaml: String) throws {
        try caracalctl(["apply", "-f", "-"], input: yaml)
    }

    /// Waits until packets of both families show these tables, a string of rows for each port; what
    /// is not named has the rows of `others`.
    func expect(
        _ ends: [Prober.Endpoint],
        _ special: [String: String] = [:],
        others: String,
        ports: [ProbePort] = allPorts,
        families: [Family] = Family.allCases,
        within limit: Duration = .seconds(10),
        sourceLocation: SourceLocation = #_sourceLocation
    ) async throws {
        let unasked = special.keys.filter { name in !ports.contains { $0.description == name } }
        try #require(unasked.isEmpty, "no such port is asked", sourceLocation: sourceLocation)
        var wanted = Tables(rows: [:])
        for port in ports {
            let text = special[port.description] ?? others
            wanted.rows[port.description] = text.split(whereSeparator: \.isWhitespace)
                .map(String.init)
        }
        for family in families {
            try await eventually(within: limit, wanted, sourceLocation: sourceLocation) {
                try await tables(ends, ports, family)
            }
        }
    }

    /// What packets show now.
    func tables(
        _ ends: [Prober.Endpoint],
        _ ports: [ProbePort] = allPorts,
        _ family: Family
    ) async throws -> Tables {
        var prober = Prober(endpoints: ends)
        prober.timeout = .milliseconds(300)
        let asked = prober
        let tables = try await offPool { try asked.probe(ports, family) }
        return Tables(rows: Dictionary(uniqueKeysWithValues: tables.map { ($0.port, $0.rows) }))
    }

    /// Packets that a node dropped for a reason, by its metrics.
    func drops(_ reason: String, on node: String) throws -> Double {
        try AgentStatus(self, node: node).metric("caracal_drops_total", "reason=\"\(reason)\"")
            ?? 0
    }
}
