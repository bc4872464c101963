import Datastore
import Foundation
import Glibc
package import JSON
import Model
import Resources

// The BGP speakers: one process a node beside its agent, and the router that they peer with.

extension Cluster {
    package var topOfRack: TopOfRack { TopOfRack(paths: paths, hasIPv6: state.hasIPv6) }

    /// Starts the node's speaker and notes its process id.
    package mutating func startSpeaker(_ name: String) throws {
        let index = state.nodes.firstIndex { $0.name == name }
        guard let index else { throw ClusterError("no node \(name)") }
        state.nodes[index].speaker = try Command.start(
            [
                "nsenter", "--net=\(ClusterPaths.netns(paths.namespace(ofNode: name)))",
                try Command.sibling("caracal"), "bgp", "--node-name", name,
                "--store", paths.store, "--socket", paths.speakerSocket(name),
                "--metrics-port", "\(Self.speakerMetricsPort)",
            ],
            environment: [:],
            log: paths.log("\(name)-bgp")
        )
        try save()
    }

    static let speakerMetricsPort: UInt16 = 9092

    /// Ends the node's speaker; `SIGKILL` as a crash would.
    package mutating func stopSpeaker(_ name: String, signal: Int32 = SIGTERM) throws {
        guard let index = state.nodes.firstIndex(where: { $0.name == name }),
            let pid = state.nodes[index].speaker
        else { return }
        state.nodes[index].speaker = nil
        try save()
        Self.end(pid, signal)
    }

    /// Starts the router, and tells the nodes to peer with it.
    mutating func startTopOfRack() async throws {
        try topOfRack.write(state.nodes)
        state.topOfRack = try topOfRack.start()
        try save()
        var peers = [("top-of-rack", Addressing.fabric4)]
        if state.hasIPv6 { peers.append(("top-of-rack-v6", Addressing.fabric6)) }
        for (name, address) in peers {
            let peer = Resource(
                .calico("BGPPeer"),
                version: "v3",
                name: name,
                spec: [
                    "peerIP": .string(address), "asNumber": .int(Int64(TopOfRack.asNumber)),
                ]
            )
            _ = try await openStore().create(peer)
        }
    }

    mutating func stopTopOfRack() throws {
        guard let pid = state.topOfRack else { return }
        state.topOfRack = nil
        try save()
        Self.end(pid, SIGTERM)
    }

    /// What the node's speaker says to a verb of `caracalctl bgp`.
    package func speaker(_ node: String, _ verb: [String]) throws -> JSONValue {
        let text = try caracalctl(
            ["bgp"] + verb + ["--socket", paths.speakerSocket(node), "--output", "json"]
        )
        return try JSONValue(parsing: [UInt8](text.utf8))
    }

    /// The node's sessions: the peer's address, and the state in the words of RFC 4271.
    package func sessions(_ node: String) throws -> [(peer: String, state: String)] {
        (try speaker(node, ["peers"])["peers"]?.array ?? []).map {
            ($0["address"]?.string ?? "", $0["state"]?.string ?? "")
        }
    }

    /// Waits until the node's sessions are all there and up.
    package func waitUntilPeered(_ name: String) async throws {
        let count = state.nodes.count * (state.hasIPv6 ? 2 : 1)
        let deadline = ContinuousClock.now + .seconds(60)
        while true {
            let sessions = (try? sessions(name)) ?? []
            if sessions.count == count, sessions.allSatisfy({ $0.state == "Established" }) {
                return
            }
            guard let pid = try node(name).speaker, Self.isAgent(pid) else {
                throw ClusterError("the speaker of \(name) ended" + agentErrors(name))
            }
            guard ContinuousClock.now < deadline else {
                throw ClusterError("\(name)'s sessions are not up after 60 s: \(sessions)")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    /// Waits until the router at the top of the rack sends packets for a pod to its node.
    package func waitUntilRouted(_ pod: ClusterState.Pod) async throws {
        let node = try node(pod.node)
        let deadline = ContinuousClock.now + .seconds(30)
        for address in pod.addresses {
            while case let gateway = try fabric.gateway(to: address),
                gateway != node.address(address)
            {
                guard ContinuousClock.now < deadline else {
                    throw ClusterError(
                        "after 30 s the way to \(pod.id) is \(gateway ?? "unknown") to the router"
                    )
                }
                try await Task.sleep(for: .milliseconds(10))
            }
        }
    }
}

// MARK: - Reboots

extension Cluster {
    /// A node as after a power cut: none of its processes is there, nor a route in its kernel.
    package mutating func crash(_ name: String) throws {
        try stopSpeaker(name, signal: SIGKILL)
        try stopAgent(name, signal: SIGKILL)
        try fabric.reboot(try node(name))
    }

    /// Its processes start again, as an init system would have it.
    package mutating func bringBack(_ name: String) async throws {
        try startAgent(name)
        try startSpeaker(name)
        try await waitUntilReady(name)
    }
}

extension ClusterState.Node {
    /// The node's own address of the family that another address is of.
    func address(_ other: String) -> String {
        other.contains(":") ? Addressing.node6(index) : Addressing.node4(index)
    }
}
