// The kinds of projectcalico.org/v3 (inventory §2).

extension ResourceKind {
    private static func calico(
        _ kind: String,
        _ plural: String,
        short: [String] = [],
        isNamespaced: Bool = false,
        onlyName: String? = nil,
        _ spec: Shape,
        rules: @escaping @Sendable (Resource, inout Findings) -> Void = { _, _ in }
    ) -> ResourceKind {
        ResourceKind(
            .calico(kind),
            version: "v3",
            plural: plural,
            short: short,
            isNamespaced: isNamespaced,
            onlyName: onlyName,
            schema: .resource(spec: spec),
            rules: rules
        )
    }

    static let calicoKinds: [ResourceKind] =
        policyKinds + endpointKinds + addressKinds
        + routingKinds + settingKinds

    private static let policyKinds: [ResourceKind] = [
        calico(
            "NetworkPolicy",
            "networkpolicies",
            short: ["cnp", "np", "policy", "policies"],
            isNamespaced: true,
            Schemas.networkPolicy,
            rules: Rules.policy
        ),
        calico(
            "GlobalNetworkPolicy",
            "globalnetworkpolicies",
            short: ["gnp", "cgnp"],
            Schemas.globalNetworkPolicy,
            rules: Rules.policy
        ),
        calico(
            "StagedNetworkPolicy",
            "stagednetworkpolicies",
            short: ["snp"],
            isNamespaced: true,
            Schemas.stagedNetworkPolicy,
            rules: Rules.stagedPolicy
        ),
        calico(
            "StagedGlobalNetworkPolicy",
            "stagedglobalnetworkpolicies",
            short: ["sgnp"],
            Schemas.stagedGlobalNetworkPolicy,
            rules: Rules.stagedPolicy
        ),
        calico(
            "StagedKubernetesNetworkPolicy",
            "stagedkubernetesnetworkpolicies",
            short: ["sknp"],
            isNamespaced: true,
            Schemas.stagedKubernetesNetworkPolicy,
            rules: Rules.stagedKubernetesPolicy
        ),
        calico("Tier", "tiers", Schemas.tier, rules: Rules.tier),
        calico("Profile", "profiles", short: ["pro"], Schemas.profile, rules: Rules.profile),
        calico(
            "NetworkSet",
            "networksets",
            short: ["netsets", "netset"],
            isNamespaced: true,
            Schemas.networkSet,
            rules: Rules.networkSet
        ),
        calico(
            "GlobalNetworkSet",
            "globalnetworksets",
            short: ["gns"],
            Schemas.networkSet,
            rules: Rules.networkSet
        ),
    ]

    private static let endpointKinds: [ResourceKind] = [
        calico(
            "HostEndpoint",
            "hostendpoints",
            short: ["hep", "heps"],
            Schemas.hostEndpoint,
            rules: Rules.hostEndpoint
        ),
        calico(
            "WorkloadEndpoint",
            "workloadendpoints",
            short: ["wep", "weps"],
            isNamespaced: true,
            Schemas.workloadEndpoint,
            rules: Rules.workloadEndpoint
        ),
        calico("LiveMigration", "livemigrations", isNamespaced: true, Schemas.liveMigration),
        calico("Node", "nodes", short: ["no"], Schemas.node, rules: Rules.node),
        calico(
            "CalicoNodeStatus",
            "caliconodestatuses",
            short: ["caliconodestatus"],
            Schemas.calicoNodeStatus
        ),
    ]

    private static let addressKinds: [ResourceKind] = [
        calico(
            "IPPool",
            "ippools",
            short: ["ipp", "pool", "pools"],
            Schemas.ipPool,
            rules: Rules.ipPool
        ),
        calico("IPReservation", "ipreservations", Schemas.ipReservation),
        calico("IPAMBlock", "ipamblocks", Schemas.ipamBlock),
        calico("BlockAffinity", "blockaffinities", Schemas.blockAffinity),
        calico("IPAMHandle", "ipamhandles", Schemas.ipamHandle),
        calico(
            "IPAMConfiguration",
            "ipamconfigurations",
            short: ["ipamconfig", "ipamconfigs", "ipamconfiguration"],
            onlyName: "default",
            Schemas.ipamConfiguration,
            rules: Rules.ipamConfiguration
        ),
    ]

    private static let routingKinds: [ResourceKind] = [
        calico(
            "BGPConfiguration",
            "bgpconfigurations",
            short: ["bgpconfig", "bgpconfigs"],
            Schemas.bgpConfiguration,
            rules: Rules.bgpConfiguration
        ),
        calico(
            "BGPPeer",
            "bgppeers",
            short: ["bgpp", "bgpps"],
            Schemas.bgpPeer,
            rules: Rules.bgpPeer
        ),
        calico("BGPFilter", "bgpfilters", Schemas.bgpFilter, rules: Rules.bgpFilter),
    ]

    private static let settingKinds: [ResourceKind] = [
        calico(
            "FelixConfiguration",
            "felixconfigurations",
            short: ["felixconfig", "felixconfigs"],
            Schemas.felixConfiguration,
            rules: Rules.felixConfiguration
        ),
        calico(
            "KubeControllersConfiguration",
            "kubecontrollersconfigurations",
            short: ["kcc"],
            onlyName: "default",
            Schemas.kubeControllersConfiguration
        ),
        calico(
            "ClusterInformation",
            "clusterinformations",
            short: ["clusterinfo"],
            onlyName: "default",
            Schemas.clusterInformation
        ),
    ]
}
