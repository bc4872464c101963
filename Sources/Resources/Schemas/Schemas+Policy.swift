import JSON

// Inventory §2.1.

extension Schemas {
    private static let icmp: Shape = ["type": .integer(0...254), "code": .integer(0...255)]

    private static let httpPath = TextFormat("a path that starts with / and has no ? or #") {
        text in
        text.hasPrefix("/") && text.unicodeScalars.count <= 1024
            && !text.utf8.contains { $0 == UInt8(ascii: "?") || $0 == UInt8(ascii: "#") }
    }

    private static let http: Shape = [
        "methods": .list(.string, max: 20, isUnique: true),
        "paths": .list(
            .oneOf([.optional("exact", .text(httpPath)), .optional("prefix", .text(httpPath))]),
            max: 20
        ),
    ]

    private static let entity: Shape = [
        "nets": .texts(.net, max: 256),
        "notNets": .texts(.net, max: 256),
        "selector": .text(.selector),
        "notSelector": .text(.anySelector),
        "namespaceSelector": .text(.namespaceSelector),
        "serviceAccounts": ["names": .texts(.any), "selector": .text(.anySelector)],
        "services": ["name!": .exactText(.name), "namespace": .text(.name)],
        "ports": .list(.scalar(.port), max: 50),
        "notPorts": .list(.scalar(.port), max: 50),
    ]

    /// Of one list of a policy or profile.
    static let mostRules = 1024

    static let rule: Shape = [
        "action!": .exactWords("Allow", "Deny", "Log", "Pass"),
        "ipVersion": .scalar(ScalarFormat("4 or 6") { $0.int == 4 || $0.int == 6 }),
        "protocol": .scalar(.protocol),
        "notProtocol": .scalar(.protocol),
        "icmp": icmp,
        "notICMP": icmp,
        "source": entity,
        "destination": entity,
        "http": http,
        "metadata": ["annotations": .map(keys: .annotationKey, values: .string)],
    ]

    private static let policy: Shape = [
        "tier": .text(.dnsLabel),
        "order": .number,
        "ingress": .list(rule, max: mostRules),
        "egress": .list(rule, max: mostRules),
        "selector": .text(.selector),
        "types": .list(.exactWords("Ingress", "Egress"), max: 2, isUnique: true),
        "serviceAccountSelector": .text(.selector),
        "performanceHints": .list(.exactWords("AssumeNeededOnEveryNode"), isUnique: true),
    ]

    private static let globalMembers: [Shape.Member] = [
        .optional("namespaceSelector", .text(.selector)),
        .optional("doNotTrack", .bool),
        .optional("preDNAT", .bool),
        .optional("applyOnForward", .bool),
    ]

    private static let stagedMembers: [Shape.Member] = [
        .optional("stagedAction", .words("Set", "Delete", "Learn", "Ignore"))
    ]

    static let networkPolicy = policy
    static let globalNetworkPolicy = policy.adding(globalMembers)
    static let stagedNetworkPolicy = policy.adding(stagedMembers)
    static let stagedGlobalNetworkPolicy = policy.adding(globalMembers + stagedMembers)
    static let stagedKubernetesNetworkPolicy = kubernetesNetworkPolicyFields.adding(stagedMembers)

    static let tier: Shape = ["order": .number, "defaultAction": .exactWords("Deny", "Pass")]

    static let profile: Shape = [
        "ingress": .list(rule, max: mostRules),
        "egress": .list(rule, max: mostRules),
        "labelsToApply": labels,
    ]

    static let networkSet: Shape = ["nets": .texts(.cidr)]
}
