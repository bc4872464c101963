internal import CNI
internal import JSON
internal import Model
internal import PodNetwork
internal import Resources

/// Objects that stand for containers without a Pod.
enum PodEndpoint {
    /// The WorkloadEndpoint of a container.
    static func resource(
        _ identity: PodIdentity,
        addresses: [Address],
        link: PodLink,
        profile: String
    ) -> Resource {
        var spec: JSONValue = [
            "orchestrator": "cni",
            "node": .string(identity.node),
            "workload": .string(identity.workload),
            "containerID": .string(identity.containerID),
            "endpoint": .string(identity.interface),
            "ipNetworks": .array(addresses.map { .string("\(Prefix($0))") }),
            "interfaceName": .string(link.hostName),
            "mac": .string("\(link.podMAC)"),
            "profiles": [.string(profile)],
        ]
        if let pod = identity.pod { spec["pod"] = .string(pod) }
        let key = identity.endpointKey
        return Resource(
            key.type,
            version: "v3",
            namespace: key.namespace,
            name: key.name,
            spec: spec
        )
    }

    static func id(_ identity: PodIdentity) -> EndpointID {
        .workload(
            node: identity.node,
            workload: "\(identity.namespace)/\(identity.workload)",
            endpoint: identity.interface
        )
    }

    /// The profile that Calico gives to a network outside Kubernetes: members reach each other and
    /// go anywhere.
    static func profile(network: String) -> Resource {
        Resource(
            .calico("Profile"),
            version: "v3",
            name: network,
            spec: [
                "labelsToApply": .object([network: ""]),
                "egress": [["action": "Allow"]],
                "ingress": [
                    ["action": "Allow", "source": ["selector": .string("has(\(network))")]]
                ],
            ]
        )
    }
}
