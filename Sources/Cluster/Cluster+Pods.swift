import Foundation
package import Model

// Pods, connected by the CNI plugin, and where their ends are.

extension Cluster {
    /// Makes a pod's namespace and object and calls the CNI plugin as a container runtime does.
    ///
    /// With `waitsForRoute`, until the fabric knows the way to it.
    package mutating func addPod(
        _ id: String,
        node name: String,
        labels: [String: String] = [:],
        annotations: [String: String] = [:],
        ports: [ProbePort] = [],
        waitsForRoute: Bool = true
    ) async throws -> ClusterState.Pod {
        let node = try node(name)
        guard !state.pods.contains(where: { $0.id == id }) else {
            throw ClusterError("pod \(id) exists already")
        }
        var pod = try ClusterState.Pod(id: id, node: name)
        try await PodObjects(store: openStore()).create(
            pod,
            labels: labels,
            annotations: annotations,
            ports: ports
        )
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
        switch state.routing {
        case .direct: try fabric.routePod(pod.addresses, via: node)
        case .bgp: if waitsForRoute { try await waitUntilRouted(pod) }
        }
        return pod
    }

    package mutating func removePod(_ id: String) async throws {
        let pod = try pod(id)
        try plugin(pod.node).delete(pod)
        try await PodObjects(store: openStore()).delete(pod)
        if state.routing == .direct { try fabric.unroutePod(pod.addresses) }
        try fabric.deleteNamespace(paths.namespace(ofPod: pod))
        state.pods.removeAll { $0.id == id }
        try save()
    }

    /// Namespaces and objects of pods that are yet to be added by the plugin: for measuring it alone.
    package func preparePods(
        _ count: Int,
        node: String,
        annotations: [String: String] = [:]
    ) async throws -> [ClusterState.Pod] {
        let objects = PodObjects(store: openStore())
        var pods: [ClusterState.Pod] = []
        for index in 0..<count {
            let pod = try ClusterState.Pod(id: "bench/pod-\(index)", node: node)
            try await objects.create(
                pod,
                labels: ["app": "web"],
                annotations: annotations,
                ports: []
            )
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

    /// Gives the host beyond the fabric one more address.
    package func addExternal(_ address: Address) throws { try fabric.addExternal(address) }

    package func plugin(_ node: String) -> Plugin {
        Plugin(paths: paths, node: node, hasIPv6: state.hasIPv6)
    }

    /// A pod's end of a probe.
    package func endpoint(_ pod: ClusterState.Pod) -> Prober.Endpoint {
        Prober.Endpoint(
            name: pod.id,
            namespace: ClusterPaths.netns(paths.namespace(ofPod: pod)),
            addresses: pod.addresses.compactMap { .init($0) }
        )
    }

    /// A node's own end of a probe, outside of all pods.
    package func endpoint(_ node: ClusterState.Node) -> Prober.Endpoint {
        let addresses =
            [Addressing.node4(node.index)] + (state.hasIPv6 ? [Addressing.node6(node.index)] : [])
        return Prober.Endpoint(
            name: node.name,
            namespace: ClusterPaths.netns(paths.namespace(ofNode: node.name)),
            addresses: addresses.compactMap { .init($0) }
        )
    }

    /// Where the ends of a probe are: every pod, and `external` beyond the fabric.
    package func probeEndpoints(external: Bool) -> [Prober.Endpoint] {
        var endpoints = state.pods.map(endpoint)
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
}
