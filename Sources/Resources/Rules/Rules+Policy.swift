import JSON

// Inventory §2.1: policies, tiers, profiles and network sets.

extension Rules {
    @Sendable static func policy(_ resource: Resource, _ findings: inout Findings) {
        policyName(resource, &findings)
        let spec = resource.spec
        let isGlobal = resource.kind.hasSuffix("GlobalNetworkPolicy")
        rules(of: spec, isGlobal: isGlobal, &findings)
        if isGlobal { hostRules(spec, &findings) }
    }

    @Sendable static func stagedPolicy(_ resource: Resource, _ findings: inout Findings) {
        policy(resource, &findings)
        deletion(resource.spec, keeping: ["stagedAction", "tier"], &findings)
    }

    @Sendable static func stagedKubernetesPolicy(
        _ resource: Resource,
        _ findings: inout Findings
    ) {
        kubernetesPolicy(resource, &findings)
        deletion(resource.spec, keeping: ["stagedAction"], &findings)
    }

    @Sendable static func profile(_ resource: Resource, _ findings: inout Findings) {
        rules(of: resource.spec, isGlobal: false, &findings)
    }

    @Sendable static func networkSet(_ resource: Resource, _ findings: inout Findings) {
        // Calico gives this label to the members of a namespace.
        let reserved = "projectcalico.org/namespace"
        guard let value = resource.labels[reserved] else { return }
        findings.refuse("metadata.labels[\(reserved)]", .string(value), "this label is reserved")
    }

    /// The tiers that Kubernetes' own policies need are as they are.
    static let wellKnownTiers: [String: (order: Double, defaultAction: String)] = [
        "kube-admin": (1000, "Pass"), "default": (1_000_000, "Deny"),
        "kube-baseline": (10_000_000, "Pass"),
    ]

    @Sendable static func tier(_ resource: Resource, _ findings: inout Findings) {
        let name = resource.name
        if Names.isSubdomain(name), let problem = TextFormat.dnsLabel.problem(name) {
            findings.refuse("metadata.name", .string(name), problem)
        }
        guard let known = wellKnownTiers[name] else { return }
        let spec = resource.spec
        if spec["order"]?.double != known.order {
            findings.refuse(
                "spec.order",
                spec["order"],
                "tier \(name) must have order \(Int(known.order))"
            )
        }
        if (spec["defaultAction"]?.string ?? "Deny") != known.defaultAction {
            findings.refuse(
                "spec.defaultAction",
                spec["defaultAction"],
                "tier \(name) must have defaultAction \(known.defaultAction)"
            )
        }
    }

    // MARK: Parts

    /// `label`, `label.label`, and in a namespace the names Calico gave to Kubernetes' policies.
    private static func policyName(_ resource: Resource, _ findings: inout Findings) {
        let name = resource.name
        let labels = name.split(separator: ".", omittingEmptySubsequences: false)
        let isPlain = labels.count <= 2 && labels.allSatisfy { Names.isLabel($0) }
        let isNamespaced = ResourceKind(resource.type)?.isNamespaced ?? false
        let isKubernetes = ["knp.default.", "ossg.default."].contains { prefix in
            name.hasPrefix(prefix) && Names.isSubdomain(name.dropFirst(prefix.count))
        }
        guard !name.isEmpty, !isPlain, !(isNamespaced && isKubernetes) else { return }
        findings.refuse(
            "metadata.name",
            .string(name),
            "expected a DNS label, or a tier and a label: tier.name"
        )
    }

    private static func rules(
        of spec: JSONValue,
        isGlobal: Bool,
        _ findings: inout Findings
    ) {
        for isIngress in [true, false] {
            for (path, rule) in spec.elements(isIngress ? "ingress" : "egress", at: "spec") {
                RuleCheck(rule: rule, path: path, isIngress: isIngress, isGlobal: isGlobal)
                    .run(&findings)
            }
        }
    }

    /// What a policy of host endpoints' special tables may say.
    private static func hostRules(_ spec: JSONValue, _ findings: inout Findings) {
        let (preDNAT, doNotTrack) = (spec.flag("preDNAT"), spec.flag("doNotTrack"))
        if preDNAT, doNotTrack {
            findings.refuse("spec.preDNAT", true, "preDNAT and doNotTrack exclude each other")
        }
        if preDNAT, spec.hasElements("egress") {
            findings.refuse("spec.egress", nil, "a preDNAT policy cannot have egress rules")
        }
        if preDNAT, spec["types"]?.array?.contains("Egress") ?? false {
            findings.refuse(
                "spec.types",
                spec["types"],
                "a preDNAT policy cannot be of type Egress"
            )
        }
        if preDNAT || doNotTrack, !spec.flag("applyOnForward") {
            findings.refuse(
                "spec.applyOnForward",
                spec["applyOnForward"],
                "must be true when preDNAT or doNotTrack is"
            )
        }
    }

    private static func deletion(
        _ spec: JSONValue,
        keeping names: Set<String>,
        _ findings: inout Findings
    ) {
        guard spec.text("stagedAction") == "Delete" else { return }
        for (name, value) in spec.object?.members ?? []
        where !names.contains(name) && !value.isZero {
            findings.refuse("spec.\(name)", value, "must be empty when stagedAction is Delete")
        }
    }
}
