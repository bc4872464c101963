/// What a rule does with a packet it matches.
package enum Action: String, Hashable, Sendable, CaseIterable {
    case allow = "Allow"
    case deny = "Deny"
    case log = "Log"
    case pass = "Pass"
}

/// Which resource a policy came from.
///
/// The raw value is the resource's kind, except that the Kubernetes kinds carry a prefix because
/// they share names with Calico's.
package enum PolicyKind: String, Hashable, Sendable, CaseIterable {
    case networkPolicy = "NetworkPolicy"
    case globalNetworkPolicy = "GlobalNetworkPolicy"
    case stagedNetworkPolicy = "StagedNetworkPolicy"
    case stagedGlobalNetworkPolicy = "StagedGlobalNetworkPolicy"
    case stagedKubernetesNetworkPolicy = "StagedKubernetesNetworkPolicy"
    case kubernetesNetworkPolicy = "KubernetesNetworkPolicy"
    case kubernetesClusterNetworkPolicy = "KubernetesClusterNetworkPolicy"

    /// Staged policies are judged and recorded, never enforced.
    package var isStaged: Bool {
        switch self {
        case .stagedNetworkPolicy, .stagedGlobalNetworkPolicy, .stagedKubernetesNetworkPolicy: true
        default: false
        }
    }
}

/// Names one policy of the cluster.
package struct PolicyID: Hashable, Sendable, CustomStringConvertible {
    package let kind: PolicyKind
    /// `nil` for cluster-scoped kinds.
    package let namespace: String?
    package let name: String

    package init(kind: PolicyKind, namespace: String? = nil, name: String) {
        self.kind = kind
        self.namespace = namespace
        self.name = name
    }

    /// `Kind namespace/name` or `Kind name`.
    package var description: String {
        "\(kind.rawValue) " + (namespace.map { $0 + "/" } ?? "") + name
    }

    /// The tie breaker inside a tier: `name/namespace/kind` compared by bytes (inventory §4.1).
    package var sortKey: String { "\(name)/\(namespace ?? "")/\(kind.rawValue)" }
}

/// A policy after conversion: selectors are rewritten so that namespaces and service accounts are
/// ordinary labels (inventory §3.7), and are in canonical text.
package struct Policy: Hashable, Sendable {
    package var id: PolicyID
    package var tier: String
    /// `nil` sorts last.
    package var order: Double?
    /// Endpoints it applies to, canonical selector text.
    package var selector: String
    package var ingress: [Rule]
    package var egress: [Rule]
    package var appliesToIngress: Bool
    package var appliesToEgress: Bool
    package var doNotTrack = false
    package var preDNAT = false
    package var applyOnForward = false
    /// Staged kinds only: `Set`, `Delete`, `Learn`, `Ignore`.
    package var stagedAction: String?

    package init(
        id: PolicyID,
        tier: String = "default",
        order: Double? = nil,
        selector: String = "all()",
        ingress: [Rule] = [],
        egress: [Rule] = [],
        appliesToIngress: Bool,
        appliesToEgress: Bool
    ) {
        self.id = id
        self.tier = tier
        self.order = order
        self.selector = selector
        self.ingress = ingress
        self.egress = egress
        self.appliesToIngress = appliesToIngress
        self.appliesToEgress = appliesToEgress
    }
}

/// An ordered group of policies.
package struct Tier: Hashable, Sendable {
    package var name: String
    /// `nil` sorts last.
    package var order: Double?
    /// What happens to a packet that an applying tier did not decide: `.deny` or `.pass`.
    package var defaultAction: Action

    package init(name: String, order: Double? = nil, defaultAction: Action = .deny) {
        self.name = name
        self.order = order
        self.defaultAction = defaultAction
    }
}

/// Labels that members inherit, and rules judged after the last tier.
package struct Profile: Hashable, Sendable {
    package var name: String
    package var labelsToApply: [String: String]
    package var ingress: [Rule]
    package var egress: [Rule]

    package init(
        name: String,
        labelsToApply: [String: String] = [:],
        ingress: [Rule] = [],
        egress: [Rule] = []
    ) {
        self.name = name
        self.labelsToApply = labelsToApply
        self.ingress = ingress
        self.egress = egress
    }
}
