internal import JSON
internal import Resources

/// One column of a kind's table.
struct Column: Sendable {
    let heading: String
    let isWideOnly: Bool
    let cell: @Sendable (Resource) -> String

    init(_ heading: String, wide: Bool = false, _ cell: @escaping @Sendable (Resource) -> String) {
        self.heading = heading
        isWideOnly = wide
        self.cell = cell
    }

    /// The value of a field, or `default` where it is absent.
    init(_ heading: String, wide: Bool = false, _ field: String, default fallback: String = "") {
        let keys = field.split(separator: ".").map(String.init)
        self.init(heading, wide: wide) { resource in
            let value = keys.reduce(resource.value as JSONValue?) { $0?[$1] }
            return value.map(Self.text) ?? fallback
        }
    }

    private static func text(_ value: JSONValue) -> String {
        value.array.map { $0.map(\.cell).joined(separator: ",") } ?? value.cell
    }
}

extension ResourceKind {
    /// What `get` shows; the namespace is put before it where objects of several may appear.
    var columns: [Column] {
        switch (type.group, type.kind) {
        case ("projectcalico.org", let kind):
            [Self.name] + (Self.policyColumns(kind) ?? Self.otherColumns(kind) ?? [])
        default: [Self.name] + Self.kubernetesColumns(type.kind)
        }
    }

    private static let name = Column("NAME") { $0.name }

    private static let order = Column("ORDER") { resource in
        resource.spec["order"].map(\.cell) ?? ""
    }

    private static func policyColumns(_ kind: String) -> [Column]? {
        switch kind {
        case "NetworkPolicy", "GlobalNetworkPolicy", "StagedNetworkPolicy",
            "StagedGlobalNetworkPolicy":
            [
                Column("TIER", "spec.tier", default: "default"), order,
                Column("SELECTOR", wide: true, "spec.selector", default: "all()"),
                Column("TYPES", wide: true, "spec.types"),
                Column("INGRESS", wide: true) { count($0.spec["ingress"]) },
                Column("EGRESS", wide: true) { count($0.spec["egress"]) },
            ]
        case "StagedKubernetesNetworkPolicy": []
        case "Tier": [order, Column("DEFAULTACTION", "spec.defaultAction", default: "Deny")]
        case "Profile":
            [Column("LABELS", wide: true) { labels($0.spec["labelsToApply"]) }]
        case "NetworkSet", "GlobalNetworkSet":
            [
                Column("NETS", "spec.nets"),
                Column("LABELS", wide: true) { labels($0.metadata["labels"]) },
            ]
        default: nil
        }
    }

    private static func otherColumns(_ kind: String) -> [Column]? {
        switch kind {
        case "HostEndpoint":
            [
                Column("NODE", "spec.node"),
                Column("INTERFACE", wide: true, "spec.interfaceName"),
                Column("IPS", wide: true, "spec.expectedIPs"),
                Column("PROFILES", wide: true, "spec.profiles"),
            ]
        case "WorkloadEndpoint":
            [
                Column("WORKLOAD") { WorkloadEndpoints.workload(of: $0) },
                Column("NODE", "spec.node"), Column("NETWORKS", "spec.ipNetworks"),
                Column("INTERFACE", "spec.interfaceName"),
                Column("PROFILES", wide: true, "spec.profiles"),
                Column("LABELS", wide: true) { labels($0.metadata["labels"]) },
            ]
        case "Node":
            [
                Column("ASN", wide: true, "spec.bgp.asNumber", default: "(64512)"),
                Column("IPV4", wide: true, "spec.bgp.ipv4Address"),
                Column("IPV6", wide: true, "spec.bgp.ipv6Address"),
            ]
        case "IPPool": poolColumns
        case "IPReservation": [Column("RESERVEDCIDRS", "spec.reservedCIDRs")]
        case "IPAMBlock":
            [Column("CIDR", "spec.cidr"), Column("AFFINITY", "spec.affinity")]
        case "BlockAffinity":
            [
                Column("CIDR", "spec.cidr"), Column("NODE", "spec.node"),
                Column("STATE", "spec.state"),
            ]
        case "IPAMConfiguration":
            [
                Column("STRICTAFFINITY", "spec.strictAffinity", default: "false"),
                Column("MAXBLOCKSPERHOST", "spec.maxBlocksPerHost", default: "0"),
            ]
        default: settingColumns(kind)
        }
    }

    private static let poolColumns = [
        Column("CIDR", "spec.cidr"),
        Column("NAT", wide: true, "spec.natOutgoing", default: "false"),
        Column("IPIPMODE", wide: true, "spec.ipipMode", default: "Never"),
        Column("VXLANMODE", wide: true, "spec.vxlanMode", default: "Never"),
        Column("DISABLED", wide: true, "spec.disabled", default: "false"),
        Column("DISABLEBGPEXPORT", wide: true, "spec.disableBGPExport", default: "false"),
        Column("SELECTOR", "spec.nodeSelector", default: "all()"),
    ]

    private static func settingColumns(_ kind: String) -> [Column]? {
        switch kind {
        case "BGPConfiguration":
            [
                Column("LOGSEVERITY", "spec.logSeverityScreen", default: "Info"),
                Column("MESHENABLED", "spec.nodeToNodeMeshEnabled"),
                Column("ASNUMBER", "spec.asNumber"),
            ]
        case "BGPPeer":
            [
                Column("PEERIP") { peer($0.spec) }, Column("NODE") { nodes($0.spec) },
                Column("ASN", "spec.asNumber"),
            ]
        case "FelixConfiguration", "KubeControllersConfiguration":
            [Column("LOGSEVERITY", "spec.logSeverityScreen", default: "Info")]
        case "ClusterInformation":
            [
                Column("CLUSTERGUID", "spec.clusterGUID"),
                Column("CLUSTERTYPE", "spec.clusterType"),
                Column("CALICOVERSION", "spec.calicoVersion"),
                Column("DATASTOREREADY", "spec.datastoreReady"),
            ]
        case "CalicoNodeStatus":
            [
                Column("NODE", "spec.node"), Column("CLASSES", "spec.classes"),
                Column("INTERVAL", "spec.updatePeriodSeconds"),
                Column("LASTUPDATED", "status.lastUpdated"),
            ]
        default: nil
        }
    }

    private static func kubernetesColumns(_ kind: String) -> [Column] {
        switch kind {
        case "Pod":
            [
                Column("STATUS", "status.phase"), Column("IP", "status.podIP"),
                Column("NODE", "spec.nodeName"),
                Column("LABELS", wide: true) { labels($0.metadata["labels"]) },
            ]
        case "Namespace", "ServiceAccount":
            [Column("LABELS") { labels($0.metadata["labels"]) }]
        case "Service":
            [
                Column("TYPE", "spec.type", default: "ClusterIP"),
                Column("CLUSTER-IP", "spec.clusterIP"),
            ]
        default: []
        }
    }

    // MARK: Cells

    private static func count(_ value: JSONValue?) -> String { String(value?.array?.count ?? 0) }

    private static func labels(_ value: JSONValue?) -> String {
        (value?.object?.members ?? []).map { "\($0.key)=\($0.value.cell)" }.sorted()
            .joined(separator: ",")
    }

    private static func peer(_ spec: JSONValue) -> String {
        ["peerIP", "peerSelector", "localWorkloadSelector"]
            .compactMap { spec[$0]?.string }.first { !$0.isEmpty } ?? ""
    }

    private static func nodes(_ spec: JSONValue) -> String {
        ["nodeSelector", "node"].compactMap { spec[$0]?.string }.first { !$0.isEmpty } ?? "(global)"
    }
}
