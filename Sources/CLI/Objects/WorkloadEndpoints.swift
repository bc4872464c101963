internal import JSON
internal import Model
internal import Resources

/// Pods as Calico's Kubernetes driver shows them: as WorkloadEndpoints, which nobody stores.
enum WorkloadEndpoints {
    static let type = ResourceType.calico("WorkloadEndpoint")

    /// `nil` for a pod that has no endpoint: on no node, finished, or with the host's network.
    static func derived(from pod: Resource) -> Resource? {
        let updates: [Update]
        do throws(ConversionError) {
            updates = try convert(pod)
        } catch {
            return nil
        }
        guard case .endpoint(let id, let found)? = updates.first, let endpoint = found,
            case .workload(let node, _, let interface) = id
        else { return nil }
        var result = Resource(
            type,
            version: "v3",
            namespace: pod.namespace,
            name: name(node: node, pod: pod.name, interface: interface),
            labels: endpoint.labels,
            spec: spec(endpoint, pod, node: node, interface: interface)
        )
        for key in ["uid", "creationTimestamp", "resourceVersion"] {
            result.metadata[key] = pod.metadata[key]
        }
        return result
    }

    /// `namespace/pod` is in the namespace's column; the workload is the pod, or what the object says.
    static func workload(of endpoint: Resource) -> String {
        ["pod", "workload"].compactMap { endpoint.spec[$0]?.string }.first { !$0.isEmpty } ?? ""
    }

    /// `<node>-k8s-<pod>-<interface>` with the dashes of each part doubled.
    private static func name(node: String, pod: String, interface: String) -> String {
        [node, "k8s", pod, interface].map { part in
            part.split(separator: "-", omittingEmptySubsequences: false).joined(separator: "--")
        }.joined(separator: "-")
    }

    private static func spec(
        _ endpoint: Endpoint,
        _ pod: Resource,
        node: String,
        interface: String
    ) -> JSONValue {
        var spec: JSONValue = [
            "orchestrator": "k8s",
            "node": .string(node),
            "pod": .string(pod.name),
            "endpoint": .string(interface),
            "ipNetworks": .array(endpoint.addresses.map { .string(Prefix($0).description) }),
            "profiles": .array(endpoint.profiles.map { .string($0) }),
        ]
        spec["interfaceName"] = endpoint.interface.map { .string($0) }
        spec["serviceAccountName"] = pod.spec["serviceAccountName"]
        if !endpoint.ports.isEmpty { spec["ports"] = .array(endpoint.ports.map(port)) }
        return spec
    }

    private static func port(_ port: NamedPort) -> JSONValue {
        [
            "name": .string(port.name), "protocol": .string(port.protocol.description),
            "port": .int(Int64(port.port)),
        ]
    }
}
