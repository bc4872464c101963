import Model
import Resources

/// Derives one node's configuration from the cluster's state (inventory §6).
struct NodeDerivation {
    let cluster: BGPCluster
    let node: String
    let facts: NodeFacts?
    let settings: NodeSettings
    let localAS: UInt32
    private let routerID: RouterIDChoice

    /// A node with this label takes no part in what comes from outside for services.
    private static let exclusionLabel = "node.kubernetes.io/exclude-from-external-load-balancers"

    init(_ cluster: BGPCluster, node: String, routerID: RouterIDChoice) {
        self.cluster = cluster
        self.node = node
        self.routerID = routerID
        facts = cluster.nodes[node]
        settings = NodeSettings(cluster.configurations, node: node)
        localAS = facts?.view.asNumber ?? settings.clusterAS
    }

    func configuration() -> NodeBGPConfiguration {
        var problems = cluster.unreadable
        if facts == nil { problems.append(BGPProblem("Node(\(node))", "does not exist")) }
        let families = Family.allCases.map { family(_: $0, &problems) }
        return NodeBGPConfiguration(
            node: node,
            routerID: routerID.address(of: node, ipv4: facts?.view.ipv4?.address),
            localAS: localAS,
            clusterID: clusterID(&problems),
            listenPort: settings.listenPort,
            logLevel: settings.logLevel,
            ignoredInterfaces: settings.ignoredInterfaces,
            ipv4: families[0],
            ipv6: families[1],
            problems: Array(Set(problems)).sorted()
        )
    }

    /// The node's cluster id as four bytes; one that is no IPv4 address is made of its text.
    func clusterID(_ problems: inout [BGPProblem]) -> Address? {
        guard let text = facts?.view.routeReflectorClusterID else { return nil }
        if let address = Address(text), address.isV4 { return address }
        problems.append(
            BGPProblem("Node(\(node))", "routeReflectorClusterID '\(text)' is no IPv4 address")
        )
        return nil
    }

    private func family(_ family: Family, _ problems: inout [BGPProblem]) -> FamilyConfiguration {
        var result = FamilyConfiguration(family)
        result.address = facts?.address(family)?.address
        result.subnet = facts?.address(family)?.subnet
        result.bindsToAddress = settings.bindsToNode && result.address != nil
        result.normalPriority = settings.normalPriority(family)
        result.filters = filters(family)
        let communities = settings.communities(family)
        result.communities = communities.rules
        problems += communities.problems
        result.blocks = cluster.blocks.blocks(of: node, family)
        let services = servicesAnnounced(family)
        result.staticRoutes = result.blocks.filter { !$0.isSingleAddress }
            .map { StaticRoute($0, .blackhole) }
        result.staticRoutes += services.map { StaticRoute($0, .blackhole) }
        var peers = PeerDerivation(self, family)
        peers.derive()
        result.peers = peers.sorted
        result.staticRoutes += peers.gateways
        problems += peers.problems
        result.borrowed = cluster.blocks.borrowed(by: node, family)
            .filter { address in !result.blocks.contains { $0.contains(address) } }
            .map { Prefix($0) }
        result.exportNets = exportNets(family, services)
        result.kernelNets = kernelNets(family)
        result.internalPeersRejectInterfaces =
            ["*.cali", "*.calico"] + (programsIPIP ? [] : ["tunl0"])
        result.wireguardPeers = wireguardPeers(family)
        return result
    }

    private func filters(_ family: Family) -> [String: FilterConfiguration] {
        cluster.filters.compactMapValues { view in
            let filter = FilterConfiguration(
                imports: view.rules(.import, family),
                exports: view.rules(.export, family)
            )
            return filter.imports.isEmpty && filter.exports.isEmpty ? nil : filter
        }
    }
}

// MARK: - Services

extension NodeDerivation {
    /// What this node announces for services: ranges, and single addresses inside them
    /// (inventory §6.5).
    private func servicesAnnounced(_ family: Family) -> [Prefix] {
        guard let facts, facts.view.labels[Self.exclusionLabel] == nil else { return [] }
        let external = settings.externalIPs(family)
        let balanced = settings.loadBalancerIPs(family)
        var nets = Set(settings.clusterIPs(family))
        // A range of one address is announced by the nodes that its service says.
        nets.formUnion(external.filter { !$0.isSingleAddress })
        if settings.aggregatesLoadBalancers {
            nets.formUnion(balanced.filter { !$0.isSingleAddress })
        }
        for service in cluster.services.all {
            nets.formUnion(addresses(of: service, family).map { Prefix($0) })
        }
        return nets.sorted()
    }

    private func addresses(of service: ServiceView, _ family: Family) -> [Address] {
        func within(_ addresses: [Address], _ nets: [Prefix]) -> [(Address, Prefix)] {
            addresses.compactMap { address in
                let smallest = nets.filter { $0.contains(address) }.max { $0.length < $1.length }
                return smallest.map { (address, $0) }
            }
        }
        let isHere = cluster.services.hasEndpoint(service, on: node, family)
        var result: [Address] = []
        if isHere, service.isLocalExternally || service.isLocalInternally {
            result += within(service.clusterIPs, settings.clusterIPs(family)).map(\.0)
        }
        for (address, net) in within(service.externalIPs, settings.externalIPs(family))
        where service.isLocalExternally ? isHere : net.isSingleAddress {
            result.append(address)
        }
        for (address, net) in within(service.loadBalancerIPs, settings.loadBalancerIPs(family)) {
            let isWanted =
                if service.isLocalExternally {
                    isHere
                } else {
                    net.isSingleAddress
                        || !settings.aggregatesLoadBalancers
                            && cluster.services.hasEndpoint(service, family)
                }
            if isWanted { result.append(address) }
        }
        return result
    }
}

// MARK: - Pools

extension NodeDerivation {
    private var programsIPIP: Bool {
        settings.programs == .everything || settings.programs == .ipip
    }

    /// In the order of their texts, as Calico's statements come.
    private func pools(_ family: Family) -> [IPPoolView] {
        cluster.pools.values.filter { $0.cidr.family == family }
            .map { (text: "\($0.cidr)", pool: $0) }
            .sorted { ($0.text, $0.pool.name) < ($1.text, $1.pool.name) }
            .map(\.pool)
    }

    private func exportNets(_ family: Family, _ services: [Prefix]) -> [NetRule] {
        let pools = pools(family)
        var rules = pools.filter(\.disableBGPExport).map { NetRule($0.cidr, .reject) }
        rules += services.map { NetRule($0, .accept, isExact: true) }
        if facts?.isReflector ?? false {
            // What others announce of these passes through a reflector.
            let ranges = settings.externalIPs(family) + settings.loadBalancerIPs(family)
            rules += Set(ranges).sorted().map { NetRule($0, .accept) }
        }
        return rules + pools.filter { !$0.disableBGPExport }.map { NetRule($0.cidr, .accept) }
    }

    /// Service ranges end at each node; a pool's routes belong to whoever programs them
    /// (inventory §6.4).
    private func kernelNets(_ family: Family) -> [NetRule] {
        let ranges =
            settings.clusterIPs(family) + settings.externalIPs(family)
            + settings.loadBalancerIPs(family)
        let rules = Set(ranges).map { (text: "\($0)", net: $0) }.sorted { $0.text < $1.text }
            .map { NetRule($0.net, .reject) }
        // Without a subnet of our own nothing tells which next hops are near.
        guard family == .v6 || facts?.view.ipv4 != nil else { return rules }
        return rules + pools(family).compactMap { kernelRule($0, family) }
    }

    /// `nil` for what the end of the list does anyway.
    private func kernelRule(_ pool: IPPoolView, _ family: Family) -> NetRule? {
        guard pool.vxlan == .never else { return NetRule(pool.cidr, .reject) }
        guard pool.ipip == .never else {
            guard programsIPIP else { return NetRule(pool.cidr, .reject) }
            let subnet = facts?.address(family)?.subnet
            let tunnel: NetRule.Tunnel? =
                if pool.ipip == .crossSubnet { subnet.map { .outside($0) } } else { .always }
            return family == .v4 ? NetRule(pool.cidr, .accept, tunnel: tunnel) : nil
        }
        guard settings.programs == .everything || settings.programs == .unencapsulated
        else { return NetRule(pool.cidr, .reject) }
        return family == .v4 ? NetRule(pool.cidr, .accept) : nil
    }

    private func wireguardPeers(_ family: Family) -> [Address] {
        func hasWireguard(_ node: NodeView) -> Bool {
            (family == .v4 ? node.wireguardV4 : node.wireguardV6) != nil
        }
        guard let facts, hasWireguard(facts.view) else { return [] }
        return cluster.nodes.byName.values
            .filter { $0.view.name != node && hasWireguard($0.view) }
            .compactMap { $0.address(family)?.address }
            .sorted()
    }
}
