package import BGPConfiguration
internal import BGPMessage
package import BGPRIB
internal import Model
internal import Resources

// What resources say of routes, in the words of the RIB (inventory §6.3).

extension RoutePolicy {
    /// What comes in from a peer: its filters, then everything; what is preferred to this node's own
    /// routes says so.
    package init(importing peer: BGPPeerConfiguration, _ family: FamilyConfiguration) {
        let filters = peer.importFilters.flatMap { family.filters[$0]?.imports ?? [] }
        let preferred = Rule(
            [.priority(0...(family.normalPriority - 1))],
            operations: [.setPreference(Self.aboveOwn)],
            action: nil
        )
        self.init(filters.map { Rule($0) } + [preferred], otherwise: .accept)
    }

    /// What goes out to a peer: its filters, then own blocks, services and pools.
    package init(exporting peer: BGPPeerConfiguration, _ family: FamilyConfiguration) {
        let filters = peer.exportFilters.flatMap { family.filters[$0]?.exports ?? [] }
        var rules = filters.map { Rule($0) }
        rules += family.exportNets.filter { $0.action == .reject }
            .map { Rule([.prefix($0.match)], action: .reject) }
        if peer.isInternal {
            // Another agent's tunnels: whoever has the pods announces them.
            rules += family.internalPeersRejectInterfaces
                .map { Rule([.interface($0)], action: .reject) }
        }
        rules += family.communities.map { rule in
            Rule(
                [.prefix(PrefixMatch(rule.cidr))],
                operations: [.addCommunity(AnyCommunity(rule.community))],
                action: nil
            )
        }
        rules += family.blocks.flatMap { Self.rules(ofBlock: $0, family) }
        rules += family.exportNets.filter { $0.action == .accept }
            .map { Rule([.prefix($0.match)], action: .accept) }
        self.init(rules, otherwise: .reject)
    }

    /// How a route that replaces this node's own compares: those have 200.
    private static let aboveOwn: UInt8 = 220

    /// A block stands for its addresses, but for those that are preferred elsewhere.
    private static func rules(ofBlock block: Prefix, _ family: FamilyConfiguration) -> [Rule] {
        let preferred = Condition.priority(0...(family.normalPriority - 1))
        return [
            Rule([.prefix(PrefixMatch(block, .equal))], action: .accept),
            Rule([.prefix(PrefixMatch(block)), .not(preferred)], action: .reject),
        ]
    }
}

extension RoutePolicy.Rule {
    fileprivate init(_ rule: BGPFilterRule) {
        var conditions: [RoutePolicy.Condition] = []
        if let net = rule.net { conditions.append(net.condition) }
        if rule.isFromPeers { conditions.append(.source(.remotePeers)) }
        if let interface = rule.interface { conditions.append(.interface(interface)) }
        if let type = rule.peerType {
            conditions.append(.peerType(type == .internal ? .internal : .external))
        }
        if let community = rule.community {
            conditions.append(.community(RoutePolicy.AnyCommunity(community)))
        }
        if !rule.pathPrefix.isEmpty { conditions.append(.asPathPrefix(rule.pathPrefix)) }
        if let priority = rule.priority { conditions.append(.priority(priority...priority)) }
        self.init(
            conditions,
            operations: rule.operations.map { operation in
                switch operation {
                case .addCommunity(let community):
                    .addCommunity(RoutePolicy.AnyCommunity(community))
                case .prependPath(let path): .prependASPath(path)
                case .setPriority(let priority): .setPriority(priority)
                }
            },
            action: rule.accepts ? .accept : .reject
        )
    }
}

extension BGPFilterRule.NetMatch {
    /// With lengths, "not" is of the whole: neither the prefix nor these lengths of it.
    fileprivate var condition: RoutePolicy.Condition {
        switch matchOperator {
        case .equal: .prefix(RoutePolicy.PrefixMatch(cidr, .equal, lengths: lengths))
        case .within: .prefix(RoutePolicy.PrefixMatch(cidr, .in, lengths: lengths))
        case .notEqual: .not(.prefix(RoutePolicy.PrefixMatch(cidr, .equal, lengths: lengths)))
        case .notWithin: .not(.prefix(RoutePolicy.PrefixMatch(cidr, .in, lengths: lengths)))
        }
    }
}

extension NetRule {
    fileprivate var match: RoutePolicy.PrefixMatch {
        RoutePolicy.PrefixMatch(net, isExact ? .equal : .in)
    }
}

extension RoutePolicy.AnyCommunity {
    fileprivate init(_ community: Resources.Community) {
        switch community {
        case .standard(let high, let low): self = .standard(BGPMessage.Community(high, low))
        case .large(let first, let second, let third):
            self = .large(LargeCommunity(first, second, third))
        }
    }
}
