import JSON

// What an object gets when it is created (inventory §2), so that readers of the store need not ask
// whether a field is there.

/// The object with its defaults, in the given namespace when its kind has one and it names none.
package func applyDefaults(_ resource: Resource, namespace: String = "default") -> Resource {
    var resource = resource
    if ResourceKind(resource.type)?.isNamespaced ?? false, (resource.namespace ?? "").isEmpty {
        resource.metadata["namespace"] = .string(namespace)
    }
    // What is of the wrong type is left for validation to refuse.
    guard let defaults = Defaults.byType[resource.type], resource.spec.object != nil,
        (resource.metadata["labels"] ?? .object([:])).object != nil
    else { return resource }
    defaults(&resource)
    return resource
}

private enum Defaults {
    static let byType: [ResourceType: @Sendable (inout Resource) -> Void] = [
        .calico("NetworkPolicy"): policy,
        .calico("GlobalNetworkPolicy"): policy,
        .calico("StagedNetworkPolicy"): stagedPolicy,
        .calico("StagedGlobalNetworkPolicy"): stagedPolicy,
        .calico("StagedKubernetesNetworkPolicy"): stagedKubernetesPolicy,
        .calico("Tier"): tier,
        .calico("IPPool"): ipPool,
        .calico("IPAMConfiguration"): ipamConfiguration,
        .core("Namespace"): namespace,
        .core("Pod"): pod,
        .core("Service"): service,
        ResourceType(group: "networking.k8s.io", kind: "NetworkPolicy"): kubernetesPolicy,
    ]

    // MARK: Policies

    @Sendable static func policy(_ resource: inout Resource) {
        setTier(&resource)
        setTypes(&resource)
    }

    @Sendable static func stagedPolicy(_ resource: inout Resource) {
        set("stagedAction", "Set", &resource)
        setTier(&resource)
        // With Delete the rest of the spec stays empty.
        if resource.spec["stagedAction"] != "Delete" { setTypes(&resource) }
    }

    private static func setTier(_ resource: inout Resource) {
        set("tier", "default", &resource)
        if let tier = resource.spec["tier"] {
            setLabel("projectcalico.org/tier", tier, &resource)
        }
    }

    private static func setTypes(_ resource: inout Resource) {
        let spec = resource.spec
        guard !spec.hasElements("types") else { return }
        let types: JSONValue =
            switch (spec.hasElements("ingress"), spec.hasElements("egress")) {
            case (true, true): ["Ingress", "Egress"]
            case (false, true): ["Egress"]
            case (_, false): ["Ingress"]
            }
        resource.spec["types"] = types
    }

    @Sendable static func kubernetesPolicy(_ resource: inout Resource) {
        let spec = resource.spec
        guard !spec.hasElements("policyTypes") else { return }
        resource.spec["policyTypes"] =
            spec.hasElements("egress") ? ["Ingress", "Egress"] : ["Ingress"]
    }

    @Sendable static func stagedKubernetesPolicy(_ resource: inout Resource) {
        set("stagedAction", "Set", &resource)
        if resource.spec["stagedAction"] != "Delete" { kubernetesPolicy(&resource) }
    }

    @Sendable static func tier(_ resource: inout Resource) {
        set("defaultAction", "Deny", &resource)
    }

    // MARK: Addresses

    @Sendable static func ipPool(_ resource: inout Resource) {
        let spec = resource.spec
        set("ipipMode", "Never", &resource)
        set("vxlanMode", "Never", &resource)
        set("nodeSelector", "all()", &resource)
        set("assignmentMode", "Automatic", &resource)
        if (spec["blockSize"]?.int ?? 0) == 0 {
            resource.spec["blockSize"] = spec.text("cidr")?.contains(":") ?? false ? 122 : 26
        }
        if !spec.hasElements("allowedUses") {
            // A tunnel's address belongs to no namespace.
            resource.spec["allowedUses"] =
                spec.text("namespaceSelector") == nil ? ["Workload", "Tunnel"] : ["Workload"]
        }
    }

    @Sendable static func ipamConfiguration(_ resource: inout Resource) {
        set("strictAffinity", false, &resource)
        set("maxBlocksPerHost", 0, &resource)
        set("autoAllocateBlocks", true, &resource)
        set("kubeVirtVMAddressPersistence", "Enabled", &resource)
    }

    // MARK: Kubernetes

    @Sendable static func namespace(_ resource: inout Resource) {
        // The API server gives every namespace this label, and policies rely on it.
        setLabel("kubernetes.io/metadata.name", .string(resource.name), &resource)
    }

    @Sendable static func pod(_ resource: inout Resource) {
        set("serviceAccountName", "default", &resource)
        guard let containers = resource.spec["containers"]?.array else { return }
        resource.spec["containers"] = .array(containers.map(withProtocols))
    }

    @Sendable static func service(_ resource: inout Resource) {
        set("type", "ClusterIP", &resource)
        set("sessionAffinity", "None", &resource)
        resource.spec = withProtocols(resource.spec)
    }

    /// Gives `protocol: TCP` to ports without a protocol.
    @Sendable private static func withProtocols(_ owner: JSONValue) -> JSONValue {
        guard let ports = owner["ports"]?.array else { return owner }
        var owner = owner
        owner["ports"] = .array(
            ports.map { port in
                guard port.object != nil, port.text("protocol") == nil else { return port }
                var port = port
                port["protocol"] = "TCP"
                return port
            }
        )
        return owner
    }

    private static func setLabel(_ key: String, _ value: JSONValue, _ resource: inout Resource) {
        var labels = resource.metadata["labels"] ?? .object([:])
        labels[key] = value
        resource.metadata["labels"] = labels
    }

    private static func set(_ field: String, _ value: JSONValue, _ resource: inout Resource) {
        let current = resource.spec[field]
        guard current == nil || current == .null || current == "" else { return }
        resource.spec[field] = value
    }
}
