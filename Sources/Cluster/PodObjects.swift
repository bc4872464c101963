import Datastore
import Foundation
import JSON
import Resources

/// The Kubernetes objects that an API server would hold for a pod.
struct PodObjects {
    let store: any Datastore

    func create(
        _ pod: ClusterState.Pod,
        labels: [String: String],
        annotations: [String: String] = [:],
        ports: [ProbePort]
    ) async throws {
        try await createIfMissing(
            Resource(
                .core("Namespace"),
                version: "v1",
                name: pod.namespace,
                labels: ["kubernetes.io/metadata.name": pod.namespace]
            )
        )
        try await createIfMissing(
            Resource(
                .core("ServiceAccount"),
                version: "v1",
                namespace: pod.namespace,
                name: "default"
            )
        )
        var object = Resource(
            .core("Pod"),
            version: "v1",
            namespace: pod.namespace,
            name: pod.name,
            labels: labels,
            spec: [
                "nodeName": .string(pod.node), "serviceAccountName": "default",
                "containers": [["name": "main", "image": "none", "ports": ports.containerPorts]],
            ]
        )
        for (key, value) in annotations { object.annotations[key] = value }
        object.value["status"] = ["phase": "Running"]
        _ = try await store.create(object)
    }

    func delete(_ pod: ClusterState.Pod) async throws {
        let key = ResourceKey(.core("Pod"), namespace: pod.namespace, name: pod.name)
        do {
            _ = try await store.delete(key, ifRevision: nil)
        } catch DatastoreError.notFound {
            // Deleted by hand meanwhile: that is what was wanted.
        }
    }

    private func createIfMissing(_ resource: Resource) async throws {
        do {
            _ = try await store.create(resource)
        } catch DatastoreError.alreadyExists {
            // Another pod's; shared.
        }
    }
}

extension [ProbePort] {
    fileprivate var containerPorts: JSONValue {
        .array(
            map { port in
                [
                    "name": .string("p\(port.port)-\(port.kind.rawValue.lowercased())"),
                    "containerPort": .int(Int64(port.port)),
                    "protocol": .string(port.kind.rawValue),
                ]
            }
        )
    }
}

extension ClusterState.Pod {
    /// A pod that is to be; `id` is `namespace/name`.
    package init(id: String, node: String) throws {
        let parts = id.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }) else {
            throw ClusterError("'\(id)' is no pod: expected NAMESPACE/NAME")
        }
        self.init(
            namespace: parts[0],
            name: parts[1],
            node: node,
            containerID: UUID().uuidString.lowercased().filter { $0 != "-" },
            addresses: []
        )
    }
}
