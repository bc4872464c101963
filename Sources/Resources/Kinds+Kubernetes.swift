// The kinds of Kubernetes that policy, routing and services read.

extension ResourceKind {
    static let kubernetesKinds: [ResourceKind] = [
        ResourceKind(
            .core("Pod"),
            version: "v1",
            plural: "pods",
            short: ["po"],
            isNamespaced: true,
            schema: .resource(spec: Schemas.pod)
        ),
        ResourceKind(
            .core("Namespace"),
            version: "v1",
            plural: "namespaces",
            short: ["ns"],
            schema: .resource(spec: .any)
        ),
        ResourceKind(
            .core("ServiceAccount"),
            version: "v1",
            plural: "serviceaccounts",
            short: ["sa"],
            isNamespaced: true,
            schema: .resource(spec: .any)
        ),
        ResourceKind(
            .core("Node"),
            version: "v1",
            plural: "nodes",
            short: ["knode", "knodes"],
            schema: .resource(spec: Schemas.kubernetesNode)
        ),
        ResourceKind(
            .core("Service"),
            version: "v1",
            plural: "services",
            short: ["svc"],
            isNamespaced: true,
            schema: .resource(spec: Schemas.service)
        ),
        ResourceKind(
            ResourceType(group: "discovery.k8s.io", kind: "EndpointSlice"),
            version: "v1",
            plural: "endpointslices",
            short: ["eps"],
            isNamespaced: true,
            schema: Schemas.endpointSlice
        ),
        ResourceKind(
            ResourceType(group: "networking.k8s.io", kind: "NetworkPolicy"),
            version: "v1",
            plural: "networkpolicies",
            short: ["knp", "netpol"],
            isNamespaced: true,
            schema: .resource(spec: Schemas.kubernetesNetworkPolicy),
            rules: Rules.kubernetesPolicy
        ),
        ResourceKind(
            ResourceType(group: "policy.networking.k8s.io", kind: "ClusterNetworkPolicy"),
            version: "v1alpha2",
            plural: "clusternetworkpolicies",
            short: ["kcnp"],
            schema: .resource(spec: Schemas.clusterNetworkPolicy),
            rules: Rules.clusterPolicy
        ),
    ]
}
