import JSON

// What we read of Kubernetes' kinds, as its API server would judge it.

extension Schemas {
    private static let containerProtocol = Shape.words("TCP", "UDP", "SCTP")

    private static let container: Shape = [
        "name": .string,
        "ports": .list([
            "name": .text(.portName),
            "containerPort!": .port,
            "hostPort": .portOrNone,
            "hostIP": .string,
            "protocol": containerProtocol,
        ]),
    ]

    static let pod: Shape = [
        "nodeName": .string,
        "serviceAccountName": .string,
        "hostNetwork": .bool,
        "containers": .list(container),
        "initContainers": .list(container),
    ]

    static let kubernetesNode: Shape = ["podCIDR": .text(.cidr), "podCIDRs": .texts(.cidr)]

    private static let clusterIP = TextFormat("an IP address or None") {
        $0 == "None" || TextFormat.address.problem($0) == nil
    }

    static let service: Shape = [
        "type": .words("ClusterIP", "NodePort", "LoadBalancer", "ExternalName"),
        "clusterIP": .text(clusterIP),
        "clusterIPs": .texts(clusterIP),
        "externalIPs": .texts(.address),
        "loadBalancerIP": .text(.address),
        "loadBalancerSourceRanges": .texts(.cidr),
        "selector": .map(keys: .labelKey, values: .exactText(.labelValue)),
        "sessionAffinity": .words("None", "ClientIP"),
        "externalTrafficPolicy": .words("Cluster", "Local"),
        "internalTrafficPolicy": .words("Cluster", "Local"),
        "ipFamilies": .list(.exactWords("IPv4", "IPv6"), max: 2, isUnique: true),
        "ports": .list([
            "name": .text(.dnsLabel),
            "protocol": containerProtocol,
            "port!": .port,
            "targetPort": .scalar(.portOrName),
            "nodePort": .portOrNone,
        ]),
    ]

    static let endpointSlice: Shape = [
        "metadata!": metadata,
        "addressType!": .exactWords("IPv4", "IPv6", "FQDN"),
        "endpoints": .list([
            "addresses!": .texts(.any),
            "conditions": ["ready": .bool, "serving": .bool, "terminating": .bool],
            "nodeName": .string,
            "zone": .string,
        ]),
        "ports": .list([
            "name": .string,
            "protocol": containerProtocol,
            "port": .port,
        ]),
    ]

    // MARK: Policies

    private static let policyPeer: Shape = [
        "podSelector": labelSelector,
        "namespaceSelector": labelSelector,
        "ipBlock": ["cidr!": .exactText(.cidr), "except": .texts(.cidr)],
    ]

    private static let policyPorts = Shape.list([
        "protocol": containerProtocol,
        "port": .scalar(.portOrName),
        "endPort": .port,
    ])

    /// Shared with StagedKubernetesNetworkPolicy, where no field is required.
    static let kubernetesNetworkPolicyFields: Shape = [
        "podSelector": labelSelector,
        "policyTypes": .list(.exactWords("Ingress", "Egress"), max: 2),
        "ingress": .list(["from": .list(policyPeer), "ports": policyPorts]),
        "egress": .list(["to": .list(policyPeer), "ports": policyPorts]),
    ]

    static let kubernetesNetworkPolicy = kubernetesNetworkPolicyFields

    private static let clusterPolicyPeer: Shape = [
        "namespaces": labelSelector,
        "pods": ["namespaceSelector": labelSelector, "podSelector": labelSelector],
        "networks": .texts(.any),
    ]

    private static let clusterPolicyAction = Shape.exactWords("Accept", "Deny", "Pass")

    static let clusterNetworkPolicy: Shape = [
        "tier!": .exactWords("Admin", "Baseline"),
        "priority!": .integer(0...1000),
        "subject!": [
            "namespaces": labelSelector,
            "pods": ["namespaceSelector": labelSelector, "podSelector": labelSelector],
        ],
        "ingress": .list([
            "name": .string,
            "action!": clusterPolicyAction,
            "from": .list(clusterPolicyPeer),
            "protocols": .list(.any),
        ]),
        "egress": .list([
            "name": .string,
            "action!": clusterPolicyAction,
            "to": .list(clusterPolicyPeer),
            "protocols": .list(.any),
        ]),
    ]
}
