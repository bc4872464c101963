import Cluster
import JSON
import Model
import Support
import Testing

// The router at the top of the rack knows of pods what the nodes' speakers announce, and nothing else:
//
//         external ── BIRD, AS 65001
//           ┌───────────┴──────────┐         a mesh of the nodes, AS 64512, and
//         node1                  node2       a session of each with the router
//         default/a …            default/b, default/guest …

extension Topology {
    @Suite("routes by BGP")
    struct BGPTests {
        @Test(
            "the top-of-rack router reaches pods by what it learnt, also those with borrowed addresses"
        )
        func reachesPods() async throws {
            try await withCluster(routing: .bgp) { cluster in
                let a = try await cluster.addPod("default/a", node: "node1")
                let b = try await cluster.addPod("default/b", node: "node2")
                let blocks = try Self.blocks(of: a, at: 1).merging(Self.blocks(of: b, at: 2)) { $1 }
                try await eventually(blocks) { try cluster.topOfRack.routes() }
                try await cluster.expect(
                    cluster.probeEndpoints(external: true),
                    others: "... ... ..."
                )
                for node in ["node1", "node2"] {
                    try await eventually(4) { try cluster.learnt(node).count }
                    let sessions = try cluster.sessions(node)
                    #expect(sessions.map(\.state) == Array(repeating: "Established", count: 4))
                }
                let status = try cluster.caracalctl(
                    ["node", "status", "--socket", cluster.paths.speakerSocket("node1")]
                )
                #expect(status.contains("global (top-of-rack)"), "\(status)")

                // An address of node1's block, used on node2: node1 must not take it for its own.
                let wanted = try a.addresses.map { try Self.neighbour(of: $0) }
                let request = [
                    "cni.projectcalico.org/ipAddrs":
                        "\(JSONValue.array(wanted.map { .string($0) }))"
                ]
                _ = try await cluster.addPod(
                    "default/guest",
                    node: "node2",
                    annotations: request
                )
                let hosts = [
                    "\(wanted[0])/32": Set([Addressing.node4(2)]),
                    "\(wanted[1])/128": [Addressing.node6(2)],
                ]
                try await eventually(blocks.merging(hosts) { $1 }) {
                    try cluster.topOfRack.routes()
                }
                try await cluster.expect(
                    cluster.probeEndpoints(external: true),
                    others: ".... .... .... ...."
                )
                try await cluster.removePod("default/guest")
                try await eventually(blocks) { try cluster.topOfRack.routes() }
            }
        }

        @Test("filters and pools decide what is announced and let in, and no session notices")
        func filters() async throws {
            try await withCluster(nodes: 2, ipv6: false, routing: .bgp) { cluster in
                try cluster.apply(Self.hiddenPool)
                let a = try await cluster.addPod("default/a", node: "node1")
                let hidden = try await cluster.addPod(
                    "default/hidden",
                    node: "node1",
                    annotations: ["cni.projectcalico.org/ipv4pools": #"["hidden"]"#],
                    waitsForRoute: false
                )
                #expect(hidden.addresses.first?.hasPrefix("10.66.") == true)
                let own = try Self.blocks(of: hidden, at: 1).keys
                try await eventually(true) {
                    let routes = try cluster.speaker("node1", ["routes"])["routes"]?.array ?? []
                    return own.allSatisfy { block in
                        routes.contains { $0["prefix"]?.string == block }
                    }
                }
                // What comes later is there: so the pool's block is not merely late.
                let b = try await cluster.addPod("default/b", node: "node2")
                let c = try await cluster.addPod(
                    "default/c",
                    node: "node1",
                    annotations: ["cni.projectcalico.org/ipv4pools": #"["shown"]"#]
                )
                let shown = try Self.blocks(of: c, at: 1)
                let others = try Self.blocks(of: a, at: 1).merging(Self.blocks(of: b, at: 2)) { $1 }
                try await eventually(others.merging(shown) { $1 }) {
                    try cluster.topOfRack.routes()
                }
                try await cluster.expect(
                    [a, hidden, b].map { cluster.endpoint($0) },
                    others: "... ... ...",
                    families: [.v4]
                )
                try await eventually(["203.0.113.7"]) {
                    try cluster.learnt("node1").filter { $0.hasPrefix("203.") }
                }
                let since = try cluster.established("node1")

                try cluster.apply(Self.filter)
                try cluster.apply(Self.topOfRack(filters: "[edge]"))
                try await eventually(others) { try cluster.topOfRack.routes() }
                try await eventually([]) {
                    try cluster.learnt("node1").filter { $0.hasPrefix("203.") }
                }
                try cluster.apply(Self.topOfRack(filters: "[]"))
                try await eventually(others.merging(shown) { $1 }) {
                    try cluster.topOfRack.routes()
                }
                try await eventually(["203.0.113.7"]) {
                    try cluster.learnt("node1").filter { $0.hasPrefix("203.") }
                }
                #expect(try cluster.established("node1") == since)
            }
        }

        /// The blocks that hold a pod's addresses, and the node that announces them.
        private static func blocks(
            of pod: ClusterState.Pod,
            at index: Int
        ) throws -> [String: Set<String>] {
            var blocks: [String: Set<String>] = [:]
            for text in pod.addresses {
                let address = try #require(Address(text))
                let block = try #require(Prefix(address, length: address.isV4 ? 26 : 122))
                blocks["\(block)"] = [
                    address.isV4 ? Addressing.node4(index) : Addressing.node6(index)
                ]
            }
            return blocks
        }

        /// Another address of the same block: a pod's first neighbours are still free.
        private static func neighbour(of text: String) throws -> String {
            let address = try #require(Address(text))
            return "\(Address(high: address.high, low: address.low + 9))"
        }

        private static let hiddenPool = """
            apiVersion: projectcalico.org/v3
            kind: IPPool
            metadata: {name: hidden}
            spec: {cidr: 10.66.0.0/16, disableBGPExport: true, nodeSelector: all()}
            ---
            apiVersion: projectcalico.org/v3
            kind: IPPool
            metadata: {name: shown}
            spec: {cidr: 10.67.0.0/16, nodeSelector: all()}
            """

        private static let filter = """
            apiVersion: projectcalico.org/v3
            kind: BGPFilter
            metadata: {name: edge}
            spec:
              exportV4: [{cidr: 10.67.0.0/16, matchOperator: In, action: Reject}]
              importV4: [{cidr: 203.0.113.0/24, matchOperator: In, action: Reject}]
            """

        private static func topOfRack(filters: String) -> String {
            """
            apiVersion: projectcalico.org/v3
            kind: BGPPeer
            metadata: {name: top-of-rack}
            spec: {peerIP: \(Addressing.fabric4), asNumber: \(TopOfRack.asNumber), filters: \(filters)}
            """
        }
    }
}

extension Cluster {
    /// Destinations in the node's kernel that its speaker learnt, as iproute2 writes them.
    func learnt(_ node: String) throws -> [String] {
        try ["-4", "-6"].flatMap { family in
            try Command.run([
                "ip", "-n", paths.namespace(ofNode: node), family, "route", "show", "proto", "81",
            ])
            .split(separator: UInt8(ascii: "\n"))
            .compactMap { line in
                String(decoding: line, as: UTF8.self).split(separator: " ").first.map(String.init)
            }
        }
    }

    /// How often each session of the node has come up.
    func established(_ node: String) throws -> [String: Int64] {
        let peers = try speaker(node, ["peers"])["peers"]?.array ?? []
        return Dictionary(
            peers.map { ($0["address"]?.string ?? "", $0["established"]?.int ?? 0) },
            uniquingKeysWith: { $1 }
        )
    }
}
