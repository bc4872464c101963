package import Model
package import Resources

/// A route as filters see it and change it.
package struct PolicyRoute: Hashable, Sendable {
    package var prefix: Prefix
    /// Learnt from a peer, rather than this node's own.
    package var isFromPeer: Bool
    /// By which it leaves this node, when that is known.
    package var interface: String?
    package var communities: Set<Community>
    /// AS numbers, the nearest first.
    package var path: [UInt32]
    /// The metric, of which the lower is preferred; within an AS it travels as LOCAL_PREF.
    package var priority: UInt32?

    package init(
        _ prefix: Prefix,
        isFromPeer: Bool = false,
        interface: String? = nil,
        communities: Set<Community> = [],
        path: [UInt32] = [],
        priority: UInt32? = nil
    ) {
        self.prefix = prefix
        self.isFromPeer = isFromPeer
        self.interface = interface
        self.communities = communities
        self.path = path
        self.priority = priority
    }
}

/// A metric as LOCAL_PREF (RFC 4271 §5.1.5), of which the higher is preferred (inventory §6.3).
package enum LocalPreference {
    private static let highest: UInt32 = 2_147_483_647

    package static func value(ofPriority priority: UInt32) -> UInt32 {
        highest - min(priority, highest)
    }

    package static func priority(ofValue value: UInt32) -> UInt32 {
        highest - min(value, highest)
    }
}

/// What is let in from one peer and out to it (inventory §6.3): the peer's filters, then what
/// holds for all.
package struct PeerPolicy: Hashable, Sendable {
    private let family: FamilyConfiguration
    private let isInternal: Bool
    private let imports: [BGPFilterRule]
    private let exports: [BGPFilterRule]

    package init(_ family: FamilyConfiguration, peer: BGPPeerConfiguration) {
        self.family = family
        isInternal = peer.isInternal
        imports = peer.importFilters.flatMap { family.filters[$0]?.imports ?? [] }
        exports = peer.exportFilters.flatMap { family.filters[$0]?.exports ?? [] }
    }

    /// The route as it comes in; `nil` when it does not.
    package func imported(_ route: PolicyRoute) -> PolicyRoute? {
        guard let rule = imports.first(where: { matches($0, route) }) else { return route }
        return rule.accepts ? applying(rule, to: route) : nil
    }

    /// The route as it goes out; `nil` when it does not.
    package func exported(_ route: PolicyRoute) -> PolicyRoute? {
        var route = route
        route.priority = route.priority ?? family.normalPriority
        if let rule = exports.first(where: { matches($0, route) }) {
            return rule.accepts ? applying(rule, to: route) : nil
        }
        return isAnnounced(route) ? addingCommunities(to: route) : nil
    }

    // MARK: Without a filter's word

    private func isAnnounced(_ route: PolicyRoute) -> Bool {
        let verdict = family.exportNets.first { $0.matches(route.prefix) }?.action
        let isRefused = family.exportNets.contains {
            $0.action == .reject && $0.matches(route.prefix)
        }
        guard !isRefused, !isAnotherAgents(route) else { return false }
        // A block stands for its addresses, but for those that are preferred elsewhere.
        if let block = family.blocks.first(where: { $0.contains(route.prefix) }) {
            let isPreferred = route.priority.map { $0 < family.normalPriority } ?? false
            guard block == route.prefix || isPreferred else { return false }
            return block == route.prefix || verdict == .accept
        }
        return verdict == .accept
    }

    private func isAnotherAgents(_ route: PolicyRoute) -> Bool {
        guard isInternal, let interface = route.interface else { return false }
        return family.internalPeersRejectInterfaces.contains { globMatches($0, interface) }
    }

    private func addingCommunities(to route: PolicyRoute) -> PolicyRoute {
        var route = route
        for rule in family.communities where rule.cidr.contains(route.prefix) {
            route.communities.insert(rule.community)
        }
        return route
    }

    // MARK: Rules

    private func matches(_ rule: BGPFilterRule, _ route: PolicyRoute) -> Bool {
        if let net = rule.net, !net.matches(route.prefix) { return false }
        if rule.isFromPeers, !route.isFromPeer { return false }
        if let interface = rule.interface {
            guard let own = route.interface, globMatches(interface, own) else { return false }
        }
        if let type = rule.peerType, (type == .internal) != isInternal { return false }
        if let community = rule.community, !route.communities.contains(community) { return false }
        if !route.path.starts(with: rule.pathPrefix) { return false }
        if let priority = rule.priority, route.priority != priority { return false }
        return true
    }

    private func applying(_ rule: BGPFilterRule, to route: PolicyRoute) -> PolicyRoute {
        var route = route
        for operation in rule.operations {
            switch operation {
            case .addCommunity(let community): route.communities.insert(community)
            case .prependPath(let path): route.path = path + route.path
            case .setPriority(let priority): route.priority = priority
            }
        }
        return route
    }
}

extension BGPFilterRule.NetMatch {
    /// Whether a route's prefix is as the rule asks.
    package func matches(_ prefix: Prefix) -> Bool {
        let isLength = lengths?.contains(prefix.length) ?? true
        switch matchOperator {
        case .equal: return prefix == cidr && isLength
        case .notEqual: return !(prefix == cidr && isLength)
        case .within: return cidr.contains(prefix) && isLength
        case .notWithin: return !(cidr.contains(prefix) && isLength)
        }
    }
}

/// Whether a name has a pattern's form, in which `*` stands for any characters.
func globMatches(_ pattern: String, _ name: String) -> Bool {
    let parts = pattern.utf8.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false)
    guard let first = parts.first, let last = parts.last else { return name.isEmpty }
    guard parts.count > 1 else { return pattern == name }
    var rest = Substring(name).utf8
    guard rest.starts(with: first) else { return false }
    rest = rest.dropFirst(first.count)
    for part in parts.dropFirst().dropLast() where !part.isEmpty {
        guard let end = endOfFirst(part, in: rest) else { return false }
        rest = rest[end...]
    }
    return rest.count >= last.count && rest.suffix(last.count).elementsEqual(last)
}

private func endOfFirst(
    _ part: Substring.UTF8View,
    in text: Substring.UTF8View
) -> Substring.UTF8View.Index? {
    var start = text.startIndex
    while true {
        let rest = text[start...]
        if rest.starts(with: part) { return rest.index(rest.startIndex, offsetBy: part.count) }
        guard start < text.endIndex else { return nil }
        start = text.index(after: start)
    }
}
