import Cluster
import Foundation
import Model

/// Kills both agents under traffic, leaves the nodes without any for a while, starts them again:
/// nothing may be lost, policy stays in force, and what is unchanged is not written again.
struct RestartBench {
    func run() async throws -> [Row] {
        try await withCluster(nodes: 2) { cluster in
            try await Policies(store: cluster.openStore()).applyUsual()
            _ = try await cluster.addPod(
                "default/client",
                node: "node1",
                labels: ["role": "client"]
            )
            _ = try await cluster.addPod("default/web", node: "node2", labels: ["app": "web"])
            _ = try await cluster.addPod("default/other", node: "node1")
            let ends = cluster.probeEndpoints(external: false)
            let stream = try DatagramStream(
                from: ends[0],
                to: ends[1],
                port: 5000,
                every: .milliseconds(1)
            )
            let transfer = try Transfer(from: ends[0], to: ends[1], port: 5001)
            // Until the nodes' own link-local addresses are through duplicate address detection, state
            // is not yet unchanged.
            try await Task.sleep(for: .seconds(3))

            for node in cluster.state.nodes { try cluster.stopAgent(node.name, signal: SIGKILL) }
            try await Task.sleep(for: .seconds(2))
            let without = try Prober(endpoints: ends).probe([ProbePort(.tcp, 80)], .v4)[0]
            for node in cluster.state.nodes { try cluster.startAgent(node.name) }
            for node in cluster.state.nodes { try await cluster.waitUntilReady(node.name) }
            try await Task.sleep(for: .seconds(2))

            let end = transfer.finish()
            let datagrams = stream.finish()
            if let failure = end.failure {
                throw ClusterError("the TCP transfer broke: \(failure)")
            }
            // Ended connections are swept out of their map as ever; that says nothing of the state.
            let writes = try cluster.state.nodes.map { node in
                let status = AgentStatus(cluster, node: node.name)
                let all = try status.metric("caracal_map_writes_total") ?? .infinity
                let swept = try status.metric("caracal_map_writes_total", #"map="cara_conns""#) ?? 0
                progress("\(node.name): map writes \(all), of which swept connections \(swept)")
                return all - swept
            }
            let isInForce =
                without.reached("default/client", "default/web") == true
                && without.reached("default/other", "default/web") == false
            progress("datagrams sent: \(datagrams.count), bytes by TCP: \(end.sent)")
            return [
                .limit(
                    "datagrams lost over kill -9 and restart",
                    Double(datagrams.filter { !$0.arrived }.count),
                    atMost: 0,
                    "packets"
                ),
                .limit("TCP bytes lost", Double(end.sent - end.received), atMost: 0, "bytes"),
                .limit(
                    "policy in force without an agent",
                    isInForce ? 1 : 0,
                    atLeast: 1,
                    "yes=1"
                ),
                .limit(
                    "map writes of the restarted agents, state unchanged",
                    writes.reduce(0, +),
                    atMost: 0,
                    "writes"
                ),
            ]
        }
    }
}
