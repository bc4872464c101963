import Cluster
import Foundation
import Model
import Testing

/// The probe itself, on plain kernel routing: what it says must be what the kernel does.
@Suite(.serialized, .enabled(if: geteuid() == 0, "network namespaces need root"))
struct ProberTests {
    static let ports = [
        ProbePort(.tcp, 80), ProbePort(.udp, 53), ProbePort(.sctp, 9), ProbePort(.icmp),
    ]

    @Test("an open network lets everything through, on every protocol")
    func open() throws {
        let network = try PlainCluster(creating: "pt\(getpid())")
        defer { try? network.down() }
        let ends = try ["a", "b", "c"].map { try network.endpoint($0) }

        let tables = try Prober(endpoints: ends).probe(Self.ports, .v4)

        for table in tables {
            #expect(table.rows == ["...", "...", "..."], "\(table.text)")
        }
    }

    @Test("what a filter drops shows as X, and only that")
    func filtered() throws {
        let network = try PlainCluster(creating: "pf\(getpid())")
        defer { try? network.down() }
        let ends = try ["a", "b", "c"].map { try network.endpoint($0) }
        try Command.run(
            ["nsenter", "--net=\(ends[2].namespace)", "nft", "-f", "-"],
            input: Data(
                """
                table inet t {
                  chain input {
                    type filter hook input priority 0; policy accept;
                    ip saddr 10.66.1.1 tcp dport 80 drop
                    ip saddr 10.66.1.2 udp dport 53 drop
                    ip protocol icmp drop
                    ip protocol 132 drop
                  }
                }

                """.utf8
            )
        )

        let tables = try Prober(endpoints: ends).probe(Self.ports, .v4)

        // c's own packets of these protocols are answered into the filter, so c reaches nobody
        // by ICMP and SCTP either.
        #expect(tables[0].rows == ["..X", "...", "..."])
        #expect(tables[1].rows == ["...", "..X", "..."])
        #expect(tables[2].rows == ["..X", "..X", "XX."])
        #expect(tables[3].rows == ["..X", "..X", "XX."])
    }

    @Test("taking it down leaves no namespace")
    func down() throws {
        let name = "pd\(getpid())"
        let network = try PlainCluster(creating: name)
        try network.down()
        let left = try FileManager.default.contentsOfDirectory(atPath: "/run/netns")
            .filter { $0.hasPrefix(name) }
        #expect(left.isEmpty)
    }
}

struct ProbePortTests {
    @Test(
        "ports as people write them",
        arguments: [
            ("80", ProbePort(.tcp, 80)), ("53/udp", ProbePort(.udp, 53)),
            ("9/SCTP", ProbePort(.sctp, 9)),
            ("icmp", ProbePort(.icmp)), ("0", nil), ("80/icmp", nil), ("x/TCP", nil), ("80/", nil),
            ("65536", nil), ("", nil),
        ]
    )
    func parse(_ text: String, _ expected: ProbePort?) {
        #expect(ProbePort(text) == expected)
    }
}
