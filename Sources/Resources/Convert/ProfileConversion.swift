internal import Model

// Profiles, written or made from Kubernetes namespaces and service accounts (inventory §2.2).

func namespaceProfileName(_ namespace: String) -> String { "kns.\(namespace)" }

/// Kubernetes runs a pod that names no service account as `default`.
func serviceAccountProfileName(_ account: String, namespace: String) -> String {
    "ksa.\(namespace).\(account.isEmpty ? "default" : account)"
}

func profile(_ field: Field, _ resource: Resource) throws(ConversionError) -> Update {
    var profile = Profile(name: resource.name)
    if let spec = field["spec"] {
        profile.labelsToApply = try spec.stringMap("labelsToApply")
        profile.ingress = try spec.rules("ingress", namespace: nil)
        profile.egress = try spec.rules("egress", namespace: nil)
    }
    return .profile(profile.name, profile)
}

/// Pods that no policy selects may talk: the namespace's profile allows all.
func namespaceProfile(_ field: Field, _ resource: Resource) throws(ConversionError) -> Update {
    let profile = Profile(
        name: namespaceProfileName(resource.name),
        labelsToApply: try inheritedLabels(field, resource, WellKnown.namespaceLabelPrefix),
        ingress: [Rule(.allow)],
        egress: [Rule(.allow)]
    )
    return .profile(profile.name, profile)
}

func serviceAccountProfile(_ field: Field, _ resource: Resource) throws(ConversionError) -> Update {
    let profile = Profile(
        name: serviceAccountProfileName(resource.name, namespace: resource.namespace ?? ""),
        labelsToApply: try inheritedLabels(field, resource, WellKnown.serviceAccountLabelPrefix)
    )
    return .profile(profile.name, profile)
}

private func inheritedLabels(
    _ field: Field,
    _ resource: Resource,
    _ prefix: String
) throws(ConversionError) -> [String: String] {
    let labels = try field["metadata"]?.stringMap("labels") ?? [:]
    var inherited = [prefix + WellKnown.name: resource.name]
    for (key, value) in labels { inherited[prefix + key] = value }
    inherited[prefix + WellKnown.name] = resource.name
    return inherited
}
