internal import CNI
internal import Model
internal import Resources

/// Whom a CNI request is about, and by what names it goes.
struct PodIdentity: Hashable, Sendable {
    let node: String
    let network: String
    let containerID: String
    /// In the pod.
    let interface: String
    /// Namespace and name of the Kubernetes pod, if the runtime named one.
    let namespace: String
    let pod: String?

    /// IPAM's handle for all addresses of the container in the network, as Calico forms it.
    var handle: String { "\(network).\(containerID)" }

    init(_ request: CNIRequest, _ attachment: CNIAttachment, node: String) {
        self.init(
            node: node,
            network: request.configuration.name,
            attachment: attachment,
            pod: request.invocation.pod
        )
    }

    init(
        node: String,
        network: String,
        attachment: CNIAttachment,
        pod: (namespace: String, name: String)?
    ) {
        self.node = node
        self.network = network
        containerID = attachment.containerID
        interface = attachment.interface
        namespace = pod?.namespace ?? "default"
        self.pod = pod?.name
    }
}

// MARK: - As a pod of Kubernetes

extension PodIdentity {
    /// Only a pod's first interface is part of its Pod object.
    var podKey: ResourceKey? {
        guard let pod, interface == "eth0" else { return nil }
        return ResourceKey(.core("Pod"), namespace: namespace, name: pod)
    }

    /// The host end of the link of a pod whose Pod object is stored.
    var podHostInterface: String? {
        podKey.map { workloadInterfaceName(namespace: namespace, pod: $0.name) }
    }
}

// MARK: - As a workload of its own

extension PodIdentity {
    /// The WorkloadEndpoint of a container without a Pod object.
    var endpointKey: ResourceKey {
        let parts = [node, "cni", containerID, interface].map {
            $0.split(separator: "-", omittingEmptySubsequences: false).joined(separator: "--")
        }
        return ResourceKey(
            .calico("WorkloadEndpoint"),
            namespace: namespace,
            name: parts.joined(separator: "-").lowercased()
        )
    }

    var endpointHostInterface: String {
        workloadInterfaceName(namespace: containerID, pod: interface)
    }

    var workload: String { pod ?? containerID }
}

extension EndpointID {
    /// The endpoint of a pod with a Pod object.
    static func pod(_ key: ResourceKey, on node: String) -> EndpointID {
        .workload(node: node, workload: "\(key.namespace ?? "")/\(key.name)", endpoint: "eth0")
    }
}
