package import Model

// From resources, as people write them, to what the policy engine knows: pure, one object at a time.

/// What became of one object.
package struct Conversion: Hashable, Sendable {
    package var updates: [Update]
    /// Parts that could not be converted and were left out, failing closed.
    package var problems: [ConversionError]

    package init(_ updates: [Update], problems: [ConversionError] = []) {
        self.updates = updates
        self.problems = problems
    }
}

/// The updates that make an object known, in place of a former state of it; none for kinds that
/// policy does not read.
package func convert(_ resource: Resource) throws(ConversionError) -> [Update] {
    try conversion(of: resource).updates
}

/// As ``convert(_:)``, with the parts that had to be left out.
///
/// Only Kubernetes' own policies are converted in part: isolation must remain when one of their
/// rules is beyond us. An invalid object of Calico's kinds is an error as a whole, and the caller
/// treats it as absent.
///
/// `known` are rules of a former state of the object.
package func conversion(
    of resource: Resource,
    knowing known: KnownRules? = nil
) throws(ConversionError) -> Conversion {
    let field = Field(resource)
    switch (resource.type.group, resource.kind) {
    case ("projectcalico.org", let kind):
        return try calicoConversion(resource, kind: kind, field, knowing: known)
    case ("", "Namespace"): return Conversion([try namespaceProfile(field, resource)])
    case ("", "ServiceAccount"): return Conversion([try serviceAccountProfile(field, resource)])
    case ("", "Pod"): return Conversion(try podEndpoint(field, resource))
    case ("discovery.k8s.io", "EndpointSlice"):
        return Conversion([try serviceSlice(field, resource)])
    case ("networking.k8s.io", "NetworkPolicy"):
        return try kubernetesPolicy(field, PolicyID(resource, .kubernetesNetworkPolicy))
    case ("policy.networking.k8s.io", "ClusterNetworkPolicy"):
        return try clusterNetworkPolicy(field, PolicyID(resource, .kubernetesClusterNetworkPolicy))
    default: return Conversion([])
    }
}

private func calicoConversion(
    _ resource: Resource,
    kind: String,
    _ field: Field,
    knowing known: KnownRules?
) throws(ConversionError) -> Conversion {
    switch kind {
    case "NetworkPolicy", "GlobalNetworkPolicy", "StagedNetworkPolicy", "StagedGlobalNetworkPolicy":
        return Conversion([try calicoPolicy(field, resource, knowing: known)])
    case "StagedKubernetesNetworkPolicy":
        return try kubernetesPolicy(field, PolicyID(resource, .stagedKubernetesNetworkPolicy))
    case "Tier": return Conversion([try tier(field, resource)])
    case "Profile": return Conversion([try profile(field, resource)])
    case "NetworkSet", "GlobalNetworkSet": return Conversion([try networkSet(field, resource)])
    case "HostEndpoint": return Conversion([try hostEndpoint(field, resource)])
    case "WorkloadEndpoint": return Conversion([try workloadEndpoint(field, resource)])
    default: return Conversion([])
    }
}

/// The updates that make the policy engine forget an object, valid or not.
package func removal(of resource: Resource) -> [Update] {
    let name = resource.name
    let namespace = resource.namespace ?? ""
    switch (resource.type.group, resource.kind) {
    case ("projectcalico.org", "Tier"): return [.tier(name, nil)]
    case ("projectcalico.org", "Profile"): return [.profile(name, nil)]
    case ("projectcalico.org", "NetworkSet"), ("projectcalico.org", "GlobalNetworkSet"):
        return [.networkSet(NetworkSetID(namespace: resource.namespace, name: name), nil)]
    case ("projectcalico.org", "HostEndpoint"), ("projectcalico.org", "WorkloadEndpoint"),
        ("", "Pod"):
        return endpointID(of: resource).map { [.endpoint($0, nil)] } ?? []
    case ("", "Namespace"): return [.profile(namespaceProfileName(name), nil)]
    case ("", "ServiceAccount"):
        return [.profile(serviceAccountProfileName(name, namespace: namespace), nil)]
    case ("discovery.k8s.io", "EndpointSlice"): return [.serviceSlice("\(namespace)/\(name)", nil)]
    default:
        return policyKind(of: resource).map { [.policy(PolicyID(resource, $0), nil)] } ?? []
    }
}

private func policyKind(of resource: Resource) -> PolicyKind? {
    switch (resource.type.group, resource.kind) {
    case ("networking.k8s.io", "NetworkPolicy"): .kubernetesNetworkPolicy
    case ("policy.networking.k8s.io", "ClusterNetworkPolicy"): .kubernetesClusterNetworkPolicy
    case ("projectcalico.org", let kind): PolicyKind(rawValue: kind)
    default: nil
    }
}

extension PolicyID {
    init(_ resource: Resource, _ kind: PolicyKind) {
        self.init(kind: kind, namespace: resource.namespace, name: resource.name)
    }
}

/// What exists in every cluster, stored or not.
///
/// The well-known tiers (inventory §2.2) and the profile for host endpoints; stored objects of the
/// same names take their place.
package let builtInUpdates: [Update] = {
    var openProfile = Profile(name: "projectcalico-default-allow")
    openProfile.ingress = [Rule(.allow)]
    openProfile.egress = [Rule(.allow)]
    let tiers = [
        Tier(name: "kube-admin", order: 1000, defaultAction: .pass),
        Tier(name: "default", order: 1_000_000, defaultAction: .deny),
        Tier(name: "kube-baseline", order: 10_000_000, defaultAction: .pass),
    ]
    return tiers.map { .tier($0.name, $0) } + [.profile(openProfile.name, openProfile)]
}()
