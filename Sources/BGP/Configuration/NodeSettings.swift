import Model
import Resources

/// What holds for a node: `default`, and over it the few fields that its own object may replace
/// (inventory §2.2).
struct NodeSettings {
    /// Calico's own number, of those for private use (RFC 6996).
    static let defaultAS: UInt32 = 64512

    private let cluster: BGPConfigurationView?
    private let own: BGPConfigurationView?

    init(_ configurations: [String: BGPConfigurationView], node: String) {
        cluster = configurations["default"]
        own = configurations["node.\(node)"]
    }

    var meshEnabled: Bool { cluster?.meshEnabled ?? true }
    var clusterAS: UInt32 { cluster?.asNumber ?? Self.defaultAS }
    var listenPort: UInt16? { own?.listenPort ?? cluster?.listenPort }
    var bindsToNode: Bool { cluster?.bindsToNode ?? false }
    var logLevel: BGPConfigurationView.LogLevel { own?.logLevel ?? cluster?.logLevel ?? .info }
    var ignoredInterfaces: [String] { cluster?.ignoredInterfaces ?? [] }
    var meshPassword: SecretKey? { cluster?.meshPassword }
    var meshRestartTime: Duration? { cluster?.meshRestartTime }
    var programs: ClusterRoutePrograms { cluster?.programs ?? .unencapsulated }
    var aggregatesLoadBalancers: Bool { cluster?.aggregatesLoadBalancers ?? true }

    func normalPriority(_ family: Family) -> UInt32 { cluster?.normalPriority[family] ?? 1024 }
    func workloadPeering(_ family: Family) -> Address? { cluster?.workloadPeering[family] }

    func clusterIPs(_ family: Family) -> [Prefix] { only(family, cluster?.clusterIPs) }
    func externalIPs(_ family: Family) -> [Prefix] { only(family, cluster?.externalIPs) }
    func loadBalancerIPs(_ family: Family) -> [Prefix] { only(family, cluster?.loadBalancerIPs) }

    private func only(_ family: Family, _ nets: [Prefix]?) -> [Prefix] {
        (nets ?? []).filter { $0.family == family }
    }

    /// The communities of a family's prefixes, and the names that nothing defines.
    ///
    /// A node that advertises prefixes of the family itself replaces the cluster's.
    func communities(_ family: Family) -> (rules: [CommunityRule], problems: [BGPProblem]) {
        let ours = advertisements(of: own, family)
        let source = ours.isEmpty ? cluster : own
        var rules: Set<CommunityRule> = []
        var problems: [BGPProblem] = []
        for advertisement in advertisements(of: source, family) {
            for text in advertisement.communities {
                let found =
                    source?.communities[text] ?? cluster?.communities[text] ?? Community(text)
                guard let found else {
                    problems.append(
                        BGPProblem(
                            "BGPConfiguration(\(source?.name ?? ""))",
                            "community '\(text)' for \(advertisement.cidr) is defined nowhere"
                        )
                    )
                    continue
                }
                rules.insert(CommunityRule(cidr: advertisement.cidr, community: found))
            }
        }
        return (rules.sorted { ($0.cidr, $0.community) < ($1.cidr, $1.community) }, problems)
    }

    private func advertisements(
        of view: BGPConfigurationView?,
        _ family: Family
    ) -> [PrefixAdvertisement] {
        (view?.prefixAdvertisements ?? []).filter { $0.cidr.family == family }
    }
}
