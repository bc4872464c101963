import Cluster
import Foundation
import Glibc
import Support
import Testing

// doNotTrack policy on node1's interface, against node2:
//
//       node1 172.30.0.11               node2 172.30.0.12
//     ┌──────────────────────┐        ┌──────────────────┐
//     │ XDP on eth0: drop    │        │                  │
//     │ what is on the list  │        │                  │
//     └─────────┬────────────┘        └────────┬─────────┘
//               └─────────── fabric ───────────┘
//
// Rows and columns of a table: node1, node2.

extension Topology {
    @Suite("doNotTrack policy and deny lists")
    struct UntrackedTests {
        private static let ports = [
            ProbePort(.tcp, 80), ProbePort(.tcp, 22), ProbePort(.tcp, 179), ProbePort(.udp, 53),
        ]

        /// Neither hears the other, but for failsafe ports: SSH to node1, BGP both ways, and DNS of
        /// node1's own asking.
        private static let denied = ["22/TCP": ".X ..", "179/TCP": ".. ..", "53/UDP": ".. X."]

        private func expectDenied(_ cluster: Cluster) async throws {
            try await cluster.expect(
                cluster.nodes,
                Self.denied,
                others: ".X X.",
                ports: Self.ports
            )
        }

        private func expectOpen(_ cluster: Cluster) async throws {
            try await cluster.expect(cluster.nodes, others: ".. ..", ports: Self.ports)
        }

        @Test("a deny list is in force in XDP, with no agent too, until the policy goes")
        func denyList() async throws {
            try await withCluster { cluster in
                try cluster.apply(Self.endpoint + Self.list)
                try await expectOpen(cluster)
                #expect(try cluster.xdp(of: "node1") == "")

                try cluster.apply(Self.policy)
                try await expectDenied(cluster)
                #expect(try cluster.xdp(of: "node1").contains("prog/xdp"))
                #expect(
                    try cluster.agent("node1").contains("doNotTrack policy on eth0: native XDP")
                )
                #expect(try cluster.drops("untracked_policy", on: "node1") > 0)
                #expect(try cluster.xdp(of: "node2") == "")
                let told = try cluster.caracalctl(
                    ["policy", "explain", "node1-eth0", "--socket", cluster.paths.socket("node1")]
                )
                #expect(told.contains("Ingress, doNotTrack: program"), "\(told)")
                #expect(told.contains("GlobalNetworkPolicy deny-list"), "\(told)")

                try cluster.stopAgent("node1", signal: SIGKILL)
                try await expectDenied(cluster)
                try cluster.startAgent("node1")
                try await cluster.waitUntilReady("node1")
                try await expectDenied(cluster)

                try cluster.caracalctl(["delete", "gnp", "deny-list"])
                try await expectOpen(cluster)
                try await eventually("") { [cluster] in try cluster.xdp(of: "node1") }
            }
        }

        @Test("the list changes: who is taken off it is heard")
        func change() async throws {
            try await withCluster { cluster in
                try cluster.apply(Self.endpoint + Self.list + Self.policy)
                try await expectDenied(cluster)
                try cluster.apply(Self.otherList)
                try await expectOpen(cluster)
                try cluster.apply(Self.list)
                try await expectDenied(cluster)
            }
        }

        @Test("where another's XDP program hangs, tc stands in and says so, until there is room")
        func occupied() async throws {
            try await withCluster { cluster in
                try cluster.occupyXDP(of: "node1")
                try cluster.apply(Self.endpoint + Self.list + Self.policy)
                try await expectDenied(cluster)
                let text = try cluster.agent("node1")
                #expect(text.contains("doNotTrack policy on eth0: tc: "), "\(text)")
                #expect(text.contains("another XDP program"), "\(text)")

                try cluster.inNode("node1", ["ip", "link", "set", "eth0", "xdpdrv", "off"])
                try await eventually(true) { [cluster] in
                    try cluster.agent("node1").contains("eth0: native XDP")
                }
                try await expectDenied(cluster)

                try cluster.apply(Self.felix("xdpEnabled: false"))
                try await eventually(true) { [cluster] in
                    try cluster.agent("node1").contains("eth0: tc: xdpEnabled is false")
                }
                try await expectDenied(cluster)
                try cluster.apply(Self.felix("xdpEnabled: true"))
                try await eventually(true) { [cluster] in
                    try cluster.agent("node1").contains("eth0: native XDP")
                }
            }
        }

        private static func felix(_ spec: String) -> String {
            """
            apiVersion: projectcalico.org/v3
            kind: FelixConfiguration
            metadata: {name: default}
            spec: {\(spec)}
            """
        }

        private static let endpoint = """
            apiVersion: projectcalico.org/v3
            kind: HostEndpoint
            metadata: {name: node1-eth0, labels: {role: edge}}
            spec: {node: node1, interfaceName: eth0}
            ---
            apiVersion: projectcalico.org/v3
            kind: GlobalNetworkPolicy
            metadata: {name: open}
            spec:
              order: 900
              selector: role == 'edge'
              types: [Ingress, Egress]
              ingress: [{action: Allow}]
              egress: [{action: Allow}]

            """

        private static func list(_ nets: String) -> String {
            """
            ---
            apiVersion: projectcalico.org/v3
            kind: GlobalNetworkSet
            metadata: {name: enemies, labels: {feed: deny}}
            spec:
              nets: [\(nets)]

            """
        }

        private static let list = list("172.30.0.12/32, 'fd00:172:30::c/128', 203.0.114.0/24")
        private static let otherList = list("203.0.114.0/24")

        private static let policy = """
            ---
            apiVersion: projectcalico.org/v3
            kind: GlobalNetworkPolicy
            metadata: {name: deny-list}
            spec:
              selector: role == 'edge'
              types: [Ingress]
              doNotTrack: true
              applyOnForward: true
              ingress:
                - action: Deny
                  source: {selector: feed == 'deny'}

            """
    }
}

extension Cluster {
    fileprivate var nodes: [Prober.Endpoint] { state.nodes.map { endpoint($0) } }

    @discardableResult
    fileprivate func inNode(_ name: String, _ command: [String]) throws -> String {
        let namespace = ClusterPaths.netns(paths.namespace(ofNode: name))
        let output = try Command.run(["nsenter", "--net=\(namespace)"] + command)
        return String(decoding: output, as: UTF8.self)
    }

    /// What the kernel says of XDP on the node's interface; empty when there is none.
    fileprivate func xdp(of node: String) throws -> String {
        try inNode(node, ["ip", "link", "show", "eth0"]).split(separator: "\n")
            .filter { $0.contains("prog/xdp") }.joined()
    }

    /// What the node's agent tells people.
    fileprivate func agent(_ node: String) throws -> String {
        try caracalctl(["node", "agent", "--socket", paths.socket(node)])
    }

    /// Hangs a program that only passes at XDP.
    fileprivate func occupyXDP(of node: String) throws {
        let folder = "\(paths.pins)-other"
        try Command.run(["mkdir", "-p", folder])
        defer { _ = try? Command.run(["rm", "-r", folder]) }
        try Command.run(["bpftool", "prog", "loadall", "bpf/test/flood.bpf.o", folder])
        try inNode(
            node,
            ["ip", "link", "set", "eth0", "xdpdrv", "pinned", "\(folder)/flood_pass"]
        )
    }
}
