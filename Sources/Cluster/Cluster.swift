package import Datastore
import DatastoreSQLite
import Foundation
import JSON
import Model
import Resources

/// A cluster on this machine: nodes and pods are network namespaces, each node runs the real agent
/// and BGP speaker, and one process the controllers.
package struct Cluster: Sendable {
    package let paths: ClusterPaths
    package internal(set) var state: ClusterState

    var fabric: Fabric { Fabric(paths: paths, hasIPv6: state.hasIPv6) }

    // MARK: - Opening

    /// The running cluster of that name.
    package init(opening name: String) throws {
        paths = ClusterPaths(name: name)
        guard let data = FileManager.default.contents(atPath: paths.state) else {
            throw ClusterError("no cluster \(name) is up: scripts/cluster up")
        }
        state = try JSONDecoder().decode(ClusterState.self, from: data)
    }

    private init(
        creating name: String,
        hasIPv6: Bool,
        routing: ClusterRouting
    ) throws {
        paths = ClusterPaths(name: name)
        guard !FileManager.default.fileExists(atPath: paths.state) else {
            throw ClusterError("cluster \(name) is up already: scripts/cluster down")
        }
        state = ClusterState(name: name, hasIPv6: hasIPv6, routing: routing)
        try FileManager.default.createDirectory(
            atPath: paths.folder,
            withIntermediateDirectories: true
        )
        try save()
    }

    /// Brings up a cluster with that many nodes; what was made is taken down again on failure.
    package static func up(
        name: String,
        nodes: Int,
        hasIPv6: Bool,
        routing: ClusterRouting = .bgp,
        progress: (String) -> Void
    ) async throws -> Cluster {
        guard geteuid() == 0 else { throw ClusterError("network namespaces need root") }
        var cluster = try Cluster(creating: name, hasIPv6: hasIPv6, routing: routing)
        do {
            try await cluster.bringUp(nodes: nodes, progress)
        } catch {
            let logs = cluster.agentErrors()
            try await cluster.down()
            throw ClusterError("\(error)" + logs)
        }
        return cluster
    }

    private mutating func bringUp(nodes: Int, _ progress: (String) -> Void) async throws {
        progress("fabric: \(Addressing.fabric4), \(Addressing.external4) beyond it")
        try fabric.create()
        try await createPools()
        try startControllers()
        for index in 1...nodes {
            let node = ClusterState.Node(name: "node\(index)", index: index)
            state.nodes.append(node)
            try save()
            try fabric.addNode(node)
            try startAgent(node.name)
        }
        if state.routing == .bgp { try await startRouting() }
        for node in state.nodes {
            try await waitUntilReady(node.name)
            progress(
                "\(node.name): \(Addressing.node4(node.index)), agent \(node.agent ?? 0) ready"
            )
        }
        guard state.routing == .bgp else { return }
        for node in state.nodes { try await waitUntilPeered(node.name) }
        progress(
            "top of rack: BIRD, AS \(TopOfRack.asNumber), \(Addressing.fabric4); "
                + "all nodes peer with each other and with it"
        )
    }

    private mutating func startRouting() async throws {
        try await startTopOfRack()
        for node in state.nodes { try startSpeaker(node.name) }
    }

    private func createPools() async throws {
        let store = openStore()
        var pools = [("default-ipv4-ippool", Addressing.pool4)]
        if state.hasIPv6 { pools.append(("default-ipv6-ippool", Addressing.pool6)) }
        for (name, cidr) in pools {
            let pool = Resource(
                .calico("IPPool"),
                version: "v3",
                name: name,
                spec: [
                    "cidr": .string(cidr), "blockSize": cidr.contains(":") ? 122 : 26,
                    "ipipMode": "Never", "vxlanMode": "Never", "natOutgoing": false,
                    "nodeSelector": "all()", "allowedUses": ["Workload", "Tunnel"],
                    "assignmentMode": "Automatic",
                ]
            )
            _ = try await store.create(pool)
        }
    }

    // MARK: - State

    package func openStore() -> any Datastore {
        SQLiteDatastore(path: paths.store)
    }

    /// Runs `caracalctl` on the cluster's store; returns what it prints.
    @discardableResult
    package func caracalctl(_ arguments: [String], input: String = "") throws -> String {
        let output = try Command.run(
            [try Command.sibling("caracalctl")] + arguments,
            environment: ["CARACAL_STORE": paths.store],
            input: Data(input.utf8)
        )
        return String(decoding: output, as: UTF8.self)
    }

    func save() throws {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys]
        try encoder.encode(state).write(to: URL(fileURLWithPath: paths.state), options: .atomic)
    }

    package func node(_ name: String) throws -> ClusterState.Node {
        guard let node = state.nodes.first(where: { $0.name == name }) else {
            let known = state.nodes.map(\.name).joined(separator: ", ")
            throw ClusterError("no node \(name); there are \(known)")
        }
        return node
    }

    package func pod(_ id: String) throws -> ClusterState.Pod {
        guard let pod = state.pods.first(where: { $0.id == id }) else {
            throw ClusterError("no pod \(id); scripts/cluster status lists them")
        }
        return pod
    }

    // MARK: - Down

    /// Removes everything: pods by the plugin, agents, namespaces, pinned maps, files.
    package mutating func down() async throws {
        for pod in state.pods {
            if let pid = try node(pod.node).agent, Self.isAgent(pid) {
                try? plugin(pod.node).delete(pod)
            }
            try fabric.deleteNamespace(paths.namespace(ofPod: pod))
        }
        try stopControllers()
        try stopTopOfRack()
        for node in state.nodes {
            try stopSpeaker(node.name)
            try stopAgent(node.name)
            try fabric.deleteNamespace(paths.namespace(ofNode: node.name))
            try removeFolder(paths.bpfRoot(node.name))
        }
        try fabric.deleteNamespace(paths.fabric)
        try removeFolder(paths.pins)
        try removeFolder(paths.folder)
    }

    private func removeFolder(_ path: String) throws {
        guard FileManager.default.fileExists(atPath: path) else { return }
        try Command.run(["rm", "-rf", path])
    }
}
