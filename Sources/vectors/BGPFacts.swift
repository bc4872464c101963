import BGPConfiguration
import JSON
import Model
import Resources

/// A family's configuration in the words of the vectors.
struct BGPFacts {
    private let node: NodeBGPConfiguration
    private let family: FamilyConfiguration

    init(_ node: NodeBGPConfiguration, _ family: Family) {
        self.node = node
        self.family = node[family]
    }

    var value: JSONValue {
        var facts: JSONValue = [
            "peers": .array(family.peers.map(peer)),
            "direct_interfaces_excluded": texts(node.ignoredInterfaces + ["cali*", "kube-ipvs*"]),
            "router_id": text(node.routerID),
            "static_routes": .array(family.staticRoutes.map(route)),
            "advertised_blocks": texts(family.blocks),
            "internal_peers_reject_interfaces": texts(family.internalPeersRejectInterfaces),
            "export_nets": .array(family.exportNets.map(net)),
            "kernel_nets": .array(family.kernelNets.map(net)),
        ]
        if let port = node.listenPort { facts["listen_port"] = .int(Int64(port)) }
        if let address = family.address {
            facts["local_as"] = .int(Int64(node.localAS))
            facts["log"] = log
            if family.bindsToAddress { facts["listen_address"] = text(address) }
        }
        if !family.communities.isEmpty {
            facts["communities"] = .array(
                family.communities.map {
                    ["cidr": text($0.cidr), "community": text($0.community)]
                }
            )
        }
        if !family.filters.isEmpty {
            facts["filters"] = .object(
                JSONObject(family.filters.map { (key: $0.key, value: filter($0.value)) })
            )
        }
        return facts
    }

    private var log: JSONValue? {
        switch node.logLevel {
        case .debug: "debug"
        case .info: "default-debug"
        case .nothing: nil
        }
    }

    // MARK: Peers

    private func peer(_ peer: BGPPeerConfiguration) -> JSONValue {
        let priority = JSONValue.int(Int64(family.normalPriority))
        var facts: JSONValue = [
            "kind": .string(kind(peer.kind)),
            "ip": text(peer.address),
            "as": .int(Int64(peer.asNumber)),
            "ttl_security": .bool(peer.ttlSecurity != nil),
            "multihop": peer.ttlSecurity.map { .int(Int64($0)) } ?? true,
            "import_preferred_below_priority": priority,
            "import_default": "accept",
            "export_default_priority": priority,
            "export_internal": .bool(peer.isInternal),
            "export_default": "reject",
            "ibgp": .bool(peer.isInternal),
        ]
        facts["port"] = peer.port.map { .int(Int64($0)) }
        facts["local_as"] = peer.localASNumber.map { .int(Int64($0)) }
        facts["source_address"] = peer.sourceAddress.map(text)
        if peer.isPassive { facts["passive"] = true }
        if let cluster = peer.reflectsAs {
            facts["rr_client"] = true
            facts["rr_cluster_id"] = text(cluster)
        }
        switch peer.nextHop {
        case .auto: break
        case .own: facts["next_hop"] = "self"
        case .keep: facts["next_hop"] = "keep"
        }
        if case .known(let password) = peer.password { facts["password"] = .string(password) }
        facts["graceful_restart_time"] = peer.restartTime.map(seconds)
        facts["keepalive_time"] = peer.keepaliveTime.map(seconds)
        if peer.allowedLocalAS > 0 { facts["allow_local_as"] = .int(Int64(peer.allowedLocalAS)) }
        if !peer.importFilters.isEmpty { facts["import_filters"] = texts(peer.importFilters) }
        if !peer.exportFilters.isEmpty { facts["export_filters"] = texts(peer.exportFilters) }
        if asksForPeerType(peer) { facts["same_as"] = .bool(peer.isInternal) }
        return facts
    }

    private func asksForPeerType(_ peer: BGPPeerConfiguration) -> Bool {
        let imports = peer.importFilters.flatMap { family.filters[$0]?.imports ?? [] }
        let exports = peer.exportFilters.flatMap { family.filters[$0]?.exports ?? [] }
        return (imports + exports).contains { $0.peerType != nil }
    }

    private func kind(_ kind: BGPPeerConfiguration.Kind) -> String {
        switch kind {
        case .mesh: "node-mesh"
        case .global: "global"
        case .node: "node"
        case .localWorkload: "local-workload"
        }
    }

    // MARK: Filters

    private func filter(_ filter: FilterConfiguration) -> JSONValue {
        var facts: JSONValue = [:]
        if !filter.imports.isEmpty { facts["import"] = .array(filter.imports.map(rule)) }
        if !filter.exports.isEmpty { facts["export"] = .array(filter.exports.map(rule)) }
        return facts
    }

    private func rule(_ rule: BGPFilterRule) -> JSONValue {
        var facts: JSONValue = ["action": rule.accepts ? "Accept" : "Reject"]
        facts["peer_type"] = rule.peerType.map { .string($0.rawValue) }
        var when: JSONValue = [:]
        if let net = rule.net {
            when["cidr"] = text(net.cidr)
            when["match"] = .string(net.matchOperator.rawValue)
            if let lengths = net.lengths {
                when["prefix_length"] = [
                    .int(Int64(lengths.lowerBound)), .int(Int64(lengths.upperBound)),
                ]
            }
        }
        if rule.isFromPeers { when["source"] = "RemotePeers" }
        when["interface"] = rule.interface.map { .string($0) }
        when["community"] = rule.community.map(text)
        if !rule.pathPrefix.isEmpty { when["as_path_prefix"] = numbers(rule.pathPrefix) }
        when["priority"] = rule.priority.map { .int(Int64($0)) }
        if when != [:] { facts["when"] = when }
        if !rule.operations.isEmpty { facts["set"] = .array(rule.operations.map(operation)) }
        return facts
    }

    private func operation(_ operation: BGPFilterRule.Operation) -> JSONValue {
        switch operation {
        case .addCommunity(let community): ["add_community": text(community)]
        case .prependPath(let path): ["prepend_as_path": numbers(path)]
        case .setPriority(let priority): ["set_priority": .int(Int64(priority))]
        }
    }

    // MARK: Routes

    private func route(_ route: StaticRoute) -> JSONValue {
        switch route.action {
        case .blackhole: ["net": text(route.net), "blackhole": true]
        case .via(let gateway): ["net": text(route.net), "via": text(gateway)]
        }
    }

    private func net(_ rule: NetRule) -> JSONValue {
        var facts: JSONValue = [
            "net": text(rule.net), "action": rule.action == .accept ? "accept" : "reject",
        ]
        if rule.tunnel != nil { facts["tunnel"] = true }
        return facts
    }

    // MARK: Values

    private func text(_ value: some CustomStringConvertible) -> JSONValue { .string("\(value)") }

    private func texts(_ values: [some CustomStringConvertible]) -> JSONValue {
        .array(values.map { .string("\($0)") })
    }

    private func numbers(_ values: [UInt32]) -> JSONValue { .array(values.map { .int(Int64($0)) }) }

    private func seconds(_ duration: Duration) -> JSONValue {
        .int(Int64(duration.seconds.rounded()))
    }
}
