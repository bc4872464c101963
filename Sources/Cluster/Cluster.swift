package import Datastore
import DatastoreSQLite
import Foundation
import JSON
import Model
import Resources

/// A cluster on this machine: nodes and pods are network namespaces, each node runs the real agent.
package struct Cluster: Sendable {
    package let paths: ClusterPaths
    package private(set) var state: ClusterState

    private var fabric: Fabric { Fabric(paths: paths, hasIPv6: state.hasIPv6) }

    // MARK: - Opening

    /// The running cluster of that name.
    package init(opening name: String) throws {
        paths = ClusterPaths(name: name)
        guard let data = FileManager.default.contents(atPath: paths.state) else {
            throw ClusterError("no cluster \(name) is up: scripts/cluster up")
        }
        state = try JSONDecoder().decode(ClusterState.self, from: data)
    }

    private init(creating name: String, hasIPv6: Bool) throws {
        paths = ClusterPaths(name: name)
        guard !FileManager.default.fileExists(atPath: paths.state) else {
            throw ClusterError("cluster \(name) is up already: scripts/cluster down")
        }
        state = ClusterState(name: name, hasIPv6: hasIPv6)
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
        progress: (String) -> Void
    ) async throws -> Cluster {
        guard geteuid() == 0 else { throw ClusterError("network namespaces need root") }
        var cluster = try Cluster(creating: name, hasIPv6: hasIPv6)
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
        for index in 1...nodes {
            let node = ClusterState.Node(name: "node\(index)", index: index)
            state.nodes.append(node)
            try save()
            try fabric.addNode(node)
            try startAgent(node.name)
        }
        for node in state.nodes {
            try await waitUntilReady(node.name)
            progress(
                "\(node.name): \(Addressing.node4(node.index)), agent \(node.agent ?? 0) ready"
            )
        }
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

    private func save() throws {
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

    // MARK: - Agents

    /// Starts the node's agent and notes its process id.
    package mutating func startAgent(_ name: String) throws {
        let index = state.nodes.firstIndex { $0.name == name }
        guard let index else { throw ClusterError("no node \(name)") }
        let pid = try Command.start(
            [
                "nsenter", "--net=\(ClusterPaths.netns(paths.namespace(ofNode: name)))",
                try Command.sibling("caracal"), "agent", "--node-name", name,
                "--store", paths.store, "--socket", paths.socket(name),
                "--bpf-root", paths.bpfRoot(name),
            ],
            environment: [
                "FELIX_HEALTHENABLED": "true", "FELIX_PROMETHEUSMETRICSENABLED": "true",
                "FELIX_BPFDATAIFACEPATTERN": "^eth0$",
            ],
            log: paths.log(name)
        )
        state.nodes[index].agent = pid
        try save()
    }

    /// Ends the node's agent; `SIGKILL` as a crash would.
    package mutating func stopAgent(_ name: String, signal: Int32 = SIGTERM) throws {
        guard let index = state.nodes.firstIndex(where: { $0.name == name }),
            let pid = state.nodes[index].agent
        else { return }
        state.nodes[index].agent = nil
        try save()
        defer { Command.reap(pid) }
        guard Self.isAgent(pid) else { return }
        kill(pid, signal)
        let deadline = ContinuousClock.now + .seconds(10)
        while Self.isAgent(pid) {
            guard ContinuousClock.now < deadline else {
                kill(pid, SIGKILL)
                return
            }
            usleep(5_000)
        }
    }

    /// Guards against a process id that was given to another program meanwhile.
    package static func isAgent(_ pid: Int32) -> Bool {
        guard let line = FileManager.default.contents(atPath: "/proc/\(pid)/cmdline"),
            let state = FileManager.default.contents(atPath: "/proc/\(pid)/stat")
        else { return false }
        let isZombie = String(decoding: state, as: UTF8.self).contains(") Z ")
        return !isZombie && String(decoding: line, as: UTF8.self).contains("caracal")
    }

    /// Waits until the node's CNI plugin answers STATUS without an error.
    package func waitUntilReady(_ name: String) async throws {
        let plugin = Plugin(paths: paths, node: name, hasIPv6: state.hasIPv6)
        let deadline = ContinuousClock.now + .seconds(30)
        while true {
            let failure = try plugin.status()
            guard let failure else { return }
            guard let pid = try node(name).agent, Self.isAgent(pid) else {
                throw ClusterError("the agent of \(name) ended" + agentErrors(name))
            }
            guard ContinuousClock.now < deadline else {
                throw ClusterError("\(name) is not ready after 30 s: \(failure)")
            }
            try await Task.sleep(for: .milliseconds(20))
        }
    }

    private func agentErrors(_ only: String? = nil) -> String {
        state.nodes.filter { only == nil || $0.name == only }.map { node in
            let log = FileManager.default.contents(atPath: paths.log(node.name)) ?? Data()
            let lines = String(decoding: log, as: UTF8.self).split(separator: "\n").suffix(3)
            return lines.map { "\n  \(node.name): \($0)" }.joined()
        }.joined()
    }

    // MARK: - Pods

    /// Makes a pod's namespace and object and calls the CNI plugin as a container runtime does.
    package mutating func addPod(
        _ id: String,
        node name: String,
        labels: [String: String] = [:],
        ports: [ProbePort] = []
    ) async throws -> ClusterState.Pod {
        let node = try node(name)
        guard !state.pods.contains(where: { $0.id == id }) else {
            throw ClusterError("pod \(id) exists already")
        }
        var pod = try ClusterState.Pod(id: id, node: name)
        try await PodObjects(store: openStore()).create(pod, labels: labels, ports: ports)
        try fabric.addNamespace(paths.namespace(ofPod: pod))
        state.pods.append(pod)
        try save()
        do {
            pod.addresses = try plugin(name).add(pod)
        } catch {
            try await removePod(id)
            throw error
        }
        state.pods[state.pods.count - 1] = pod
        try save()
        try fabric.routePod(pod.addresses, via: node)
        return pod
    }

    package mutating func removePod(_ id: String) async throws {
        let pod = try pod(id)
        try plugin(pod.node).delete(pod)
        try await PodObjects(store: openStore()).delete(pod)
        try fabric.unroutePod(pod.addresses)
        try fabric.deleteNamespace(paths.namespace(ofPod: pod))
        state.pods.removeAll { $0.id == id }
        try save()
    }

    /// Namespaces and objects of pods that are yet to be added by the plugin: for measuring it alone.
    package func preparePods(_ count: Int, node: String) async throws -> [ClusterState.Pod] {
        let objects = PodObjects(store: openStore())
        var pods: [ClusterState.Pod] = []
        for index in 0..<count {
            let pod = try ClusterState.Pod(id: "bench/pod-\(index)", node: node)
            try await objects.create(pod, labels: ["app": "web"], ports: [])
            try fabric.addNamespace(paths.namespace(ofPod: pod))
            pods.append(pod)
        }
        return pods
    }

    /// Undoes ``preparePods(_:node:)``.
    package func discardPods(_ pods: [ClusterState.Pod]) async throws {
        let objects = PodObjects(store: openStore())
        for pod in pods {
            try await objects.delete(pod)
            try fabric.deleteNamespace(paths.namespace(ofPod: pod))
        }
    }

    package func plugin(_ node: String) -> Plugin {
        Plugin(paths: paths, node: node, hasIPv6: state.hasIPv6)
    }

    /// Where the ends of a probe are: every pod, and `external` beyond the fabric.
    package func probeEndpoints(external: Bool) -> [Prober.Endpoint] {
        var endpoints = state.pods.map { pod in
            Prober.Endpoint(
                name: pod.id,
                namespace: ClusterPaths.netns(paths.namespace(ofPod: pod)),
                addresses: pod.addresses.compactMap { .init($0) }
            )
        }
        if external {
            let addresses = [Addressing.external4] + (state.hasIPv6 ? [Addressing.external6] : [])
            endpoints.append(
                Prober.Endpoint(
                    name: "external",
                    namespace: ClusterPaths.netns(paths.fabric),
                    addresses: addresses.compactMap { .init($0) }
                )
            )
        }
        return endpoints
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
        for node in state.nodes {
            try stopAgent(node.name)
            try fabric.deleteNamespace(paths.namespace(ofNode: node.name))
            try removeFolder(paths.bpfRoot(node.name))
        }
        try fabric.deleteNamespace(paths.fabric)
        try removeFolder("/sys/fs/bpf/caracal-cluster/\(paths.name)")
        try removeFolder(paths.folder)
    }

    private func removeFolder(_ path: String) throws {
        guard FileManager.default.fileExists(atPath: path) else { return }
        try Command.run(["rm", "-rf", path])
    }
}
