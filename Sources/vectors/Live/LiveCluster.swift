import Cluster
import Datastore
import Foundation
import JSON
import Model
import Resources

/// One cluster of network namespaces with real agents, which goes from the state of one case to that of
/// the next.
final class LiveCluster {
    private var cluster: Cluster
    private let store: any Datastore
    /// What the store holds.
    private var shown = ClusterModel()
    private let addresses: [String: Set<Address>]
    /// Hosts beyond the fabric that stand for pods on the host's network, which policy does not know.
    private var hosts: [String: Address] = [:]
    private var hasMarker = false

    /// How long packets may take to show what is expected, and how long each is waited for.
    private static let patience = Duration.seconds(5)
    private static let timeout = Duration.milliseconds(250)

    private init(_ cluster: Cluster, _ addresses: [String: Set<Address>]) {
        self.cluster = cluster
        self.addresses = addresses
        store = cluster.openStore()
    }

    /// Brings a cluster up whose pods can have these addresses, runs `body`, and takes it down.
    static func with<Value: Sendable>(
        _ addresses: [String: Set<Address>],
        _ body: (LiveCluster) async throws -> Value
    ) async throws -> Value {
        let name = "vectors\(getpid())"
        let live = LiveCluster(
            try await Cluster.up(name: name, nodes: 3, hasIPv6: true, routing: .direct) { _ in },
            addresses
        )
        do {
            try await live.createPools()
            let value = try await body(live)
            try await live.down()
            return value
        } catch {
            try await live.down()
            throw error
        }
    }

    private func down() async throws { try await cluster.down() }

    /// The pools that the cases take their addresses from.
    private func createPools() async throws {
        for (name, cidr) in [
            ("vectors-1", "10.100.0.0/16"), ("vectors-2", "10.30.0.0/16"),
            ("vectors-3", "fd00:10:100::/48"),
        ] {
            let pool = Resource(
                .calico("IPPool"),
                version: "v3",
                name: name,
                spec: ["cidr": .string(cidr), "natOutgoing": false, "nodeSelector": "all()"]
            )
            _ = try await store.create(applyDefaults(pool, namespace: ""))
        }
    }

    // MARK: The state

    /// Makes the cluster's objects those of the model, and waits until every agent has carried that out.
    private func show(_ model: ClusterModel) async throws {
        for (path, pod) in shown.pods where !isSame(pod, as: model.pods[path], path) {
            if !pod.usesHostNetwork { try await cluster.removePod(path) }
        }
        for name in shown.namespaces.keys where model.namespaces[name] == nil {
            for type in [ResourceType.core("ServiceAccount"), .core("Namespace")] {
                let isNamespaced = type.kind == "ServiceAccount"
                let key = ResourceKey(
                    type,
                    namespace: isNamespaced ? name : nil,
                    name: isNamespaced ? "default" : name
                )
                _ = try? await store.delete(key, ifRevision: nil)
            }
        }
        for (name, labels) in model.namespaces where shown.namespaces[name] != labels {
            try await put(Resource(.core("Namespace"), version: "v1", name: name, labels: labels))
        }
        for path in model.pods.keys.sorted() {
            if let pod = model.pods[path] { try await show(pod, at: path) }
        }
        for key in shown.policies.keys where model.policies[key] == nil {
            _ = try await store.delete(key, ifRevision: nil)
        }
        for (key, policy) in model.policies where shown.policies[key] != policy {
            try await put(policy)
        }
        shown = model
        try await waitForAgents()
    }

    private func show(_ pod: ClusterModel.Pod, at path: String) async throws {
        guard !pod.usesHostNetwork else {
            if hosts.updateValue(pod.address, forKey: path) == nil {
                try cluster.addExternal(pod.address)
            }
            return
        }
        let isNew = shown.pods[path] == nil || !cluster.state.pods.contains { $0.id == path }
        if isNew {
            // Spread over the nodes, the same way in every run.
            let number = path.utf8.reduce(0) { $0 + Int($1) } % cluster.state.nodes.count
            let wanted = (addresses[path] ?? []).union([pod.address])
            let list = wanted.sorted().map { "\"\($0)\"" }.joined(separator: ",")
            _ = try await cluster.addPod(
                path,
                node: cluster.state.nodes[number].name,
                annotations: ["cni.projectcalico.org/ipAddrs": "[\(list)]"]
            )
        }
        guard isNew || shown.pods[path]?.labels != pod.labels else { return }
        let (namespace, name) = ClusterModel.split(path)
        let key = ResourceKey(.core("Pod"), namespace: namespace, name: name)
        guard var object = try await store.get(key)
        else { throw VectorError("pod \(path) is not in the store") }
        object.labels = pod.labels
        object.value["spec"]?["containers"] = [
            ["name": "main", "image": "none", "ports": .array(pod.ports)]
        ]
        try await put(object)
    }

    /// A pod that only changes the family in which it is asked stays.
    private func isSame(
        _ pod: ClusterModel.Pod,
        as wanted: ClusterModel.Pod?,
        _ path: String
    ) -> Bool {
        guard let wanted else { return false }
        return wanted.address == pod.address
            || addresses[path]?.contains(wanted.address) == true
    }

    private func put(_ resource: Resource) async throws {
        var resource = resource
        resource.metadata["resourceVersion"] = nil
        do {
            _ = try await store.update(resource)
        } catch DatastoreError.notFound {
            _ = try await store.create(resource)
        }
    }

    /// Agents carry changes out in the order of the store: once they count one tier more, or less,
    /// all that was written before holds.
    private func waitForAgents() async throws {
        let tier = Resource(.calico("Tier"), version: "v3", name: "marker", spec: ["order": 1])
        var before: [String: Double] = [:]
        for node in cluster.state.nodes { before[node.name] = try tiers(node.name) }
        if hasMarker {
            _ = try await store.delete(tier.key, ifRevision: nil)
        } else {
            _ = try await store.create(tier)
        }
        hasMarker.toggle()
        let deadline = ContinuousClock.now + Self.patience
        for node in cluster.state.nodes {
            while try tiers(node.name) == before[node.name] {
                guard ContinuousClock.now < deadline
                else { throw VectorError("\(node.name) does not follow the store") }
                try await Task.sleep(for: .milliseconds(5))
            }
        }
    }

    private func tiers(_ node: String) throws -> Double? {
        try AgentStatus(cluster, node: node).metric("felix_cluster_num_tiers")
    }

    // MARK: Packets

    /// What packets do otherwise than the scene says, once it is shown.
    func differences(from scene: LiveScene) async throws -> [String] {
        try await show(scene.model)
        let ports = Set(scene.expected.keys.map(\.port))
            .sorted { $0.description < $1.description }
        guard
            let family = scene.model.pods.first(where: { !$0.value.usesHostNetwork })?
                .value.address.family
        else { return [] }
        var prober = Prober(endpoints: ends(of: scene))
        prober.timeout = Self.timeout
        let deadline = ContinuousClock.now + Self.patience
        while true {
            let tables = try prober.probe(ports, family)
            let differences = zip(ports, tables).flatMap { port, table in
                scene.differences(from: table, port)
            }
            // A loaded machine may be late with an answer; what is open stays open.
            guard !differences.isEmpty, ContinuousClock.now < deadline else { return differences }
        }
    }

    private func ends(of scene: LiveScene) -> [Prober.Endpoint] {
        let names = Set(scene.expected.keys.flatMap { [$0.source, $0.destination] })
        let external = ClusterPaths.netns(cluster.paths.fabric)
        return cluster.probeEndpoints(external: true).filter { names.contains($0.name) }
            + hosts.filter { names.contains($0.key) }.sorted { $0.key < $1.key }.map {
                Prober.Endpoint(name: $0.key, namespace: external, addresses: [$0.value])
            }
    }
}

extension LiveScene {
    fileprivate func differences(from table: TruthTable, _ port: ProbePort) -> [String] {
        expected.filter { $0.key.port == port }.compactMap { reach, isAllowed in
            let isReached = table.reached(reach.source, reach.destination)
            guard isReached != isAllowed else { return nil }
            let seen = isReached.map { $0 ? "reached" : "not reached" } ?? "could not be asked"
            return "\(reach.source) to \(reach.destination), \(port): "
                + "expected \(isAllowed ? "allow" : "deny"), was \(seen)"
        }.sorted()
    }
}
