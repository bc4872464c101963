internal import Model
internal import Selector

// Calico's own policies, enforced and staged, global and namespaced.

/// A staged policy that would delete its counterpart has no rules to judge by: it is as if absent.
func calicoPolicy(
    _ field: Field,
    _ resource: Resource,
    knowing known: KnownRules?
) throws(ConversionError) -> Update {
    guard let kind = PolicyKind(rawValue: resource.kind) else {
        throw field.error("is of a kind that is no policy")
    }
    let id = PolicyID(resource, kind)
    let spec = field.orEmpty("spec")
    let stagedAction = kind.isStaged ? try spec.text("stagedAction") ?? "Set" : nil
    guard stagedAction != "Delete" else { return .policy(id, nil) }
    let ingress = try spec.rules("ingress", namespace: id.namespace, knowing: known)
    let egress = try spec.rules("egress", namespace: id.namespace, knowing: known)
    let types = try policyTypes(spec, hasIngress: !ingress.isEmpty, hasEgress: !egress.isEmpty)
    var policy = Policy(
        id: id,
        tier: try spec.text("tier") ?? "default",
        order: try spec["order"]?.double(),
        selector: try policySelector(spec, namespace: id.namespace).canonical,
        ingress: ingress,
        egress: egress,
        appliesToIngress: types.ingress,
        appliesToEgress: types.egress
    )
    policy.stagedAction = stagedAction
    policy.doNotTrack = try spec.flag("doNotTrack")
    policy.preDNAT = try spec.flag("preDNAT")
    policy.applyOnForward = try spec.flag("applyOnForward")
    return .policy(id, policy)
}

private func policySelector(
    _ spec: Field,
    namespace: String?
) throws(ConversionError) -> Selector {
    var parts: [Selector] = []
    if let own = try spec.child(selector: "selector") { parts.append(try own.selector()) }
    if let namespace {
        parts.append(.inNamespace(namespace))
    } else if let namespaces = try spec.child(selector: "namespaceSelector") {
        parts.append(try namespaces.namespaceSelector())
    }
    if let accounts = try spec.child(selector: "serviceAccountSelector") {
        parts.append(try accounts.serviceAccountSelector())
    }
    return .conjunction(parts)
}

/// The directions of a policy; without `types`, those that it has rules for, or ingress.
private func policyTypes(
    _ spec: Field,
    hasIngress: Bool,
    hasEgress: Bool
) throws(ConversionError) -> (ingress: Bool, egress: Bool) {
    let types = try spec.list("types")
    guard !types.isEmpty else { return (hasIngress || !hasEgress, hasEgress) }
    return try directions(types)
}

/// The directions that a list of `Ingress` and `Egress` names.
func directions(_ types: [Field]) throws(ConversionError) -> (ingress: Bool, egress: Bool) {
    var result = (ingress: false, egress: false)
    for type in types {
        switch try type.string() {
        case "Ingress": result.ingress = true
        case "Egress": result.egress = true
        default: throw type.expected("Ingress or Egress")
        }
    }
    return result
}

func tier(_ field: Field, _ resource: Resource) throws(ConversionError) -> Update {
    var tier = Tier(name: resource.name)
    tier.order = try field["spec"]?["order"]?.double()
    if let action = field["spec"]?["defaultAction"] {
        guard let known = Action(rawValue: try action.string()), known == .pass || known == .deny
        else { throw action.expected("Deny or Pass") }
        tier.defaultAction = known
    }
    return .tier(tier.name, tier)
}

func networkSet(_ field: Field, _ resource: Resource) throws(ConversionError) -> Update {
    let id = NetworkSetID(namespace: resource.namespace, name: resource.name)
    var set = NetworkSet(id: id)
    set.labels = try field["metadata"]?.stringMap("labels") ?? [:]
    set.nets = try field["spec"]?.prefixes("nets") ?? []
    if let namespace = id.namespace {
        set.labels[WellKnown.namespace] = namespace
        set.profiles = [namespaceProfileName(namespace)]
    }
    return .networkSet(id, set)
}
