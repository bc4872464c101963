package import Model
package import Resources

/// What one node's BGP speaker must do: the whole of what follows from the store, as a value.
///
/// A change of the store gives another value; who holds the former one acts on the difference.
package struct NodeBGPConfiguration: Hashable, Sendable {
    package var node: String
    /// Four bytes that name this speaker (RFC 6286); an IPv4 address in form only.
    package var routerID: Address
    /// The cluster's AS number, or the node's own.
    package var localAS: UInt32
    package var clusterID: Address?
    /// `nil` for BGP's own port, 179 (RFC 4271 §4.2).
    package var listenPort: UInt16?
    package var logLevel: BGPConfigurationView.LogLevel
    /// Interfaces whose own routes are not announced; names with `*`.
    package var ignoredInterfaces: [String]
    package var ipv4: FamilyConfiguration
    package var ipv6: FamilyConfiguration
    /// What was left out or held back, and why: objects by name.
    package var problems: [BGPProblem]

    package subscript(family: Family) -> FamilyConfiguration {
        get { family == .v4 ? ipv4 : ipv6 }
        set {
            switch family {
            case .v4: ipv4 = newValue
            case .v6: ipv6 = newValue
            }
        }
    }
}

/// What the speaker does for the routes, and with the peers, of one address family.
package struct FamilyConfiguration: Hashable, Sendable {
    package var family: Family
    /// The node's own; `nil` when it has none, and then there are no peers.
    package var address: Address?
    /// The subnet that it is on.
    package var subnet: Prefix?
    /// Listen on ``address`` alone.
    package var bindsToAddress = false
    /// By kind, then in the order of their texts.
    package var peers: [BGPPeerConfiguration] = []
    /// Every filter that says something about this family, by name; also those no peer uses.
    package var filters: [String: FilterConfiguration] = [:]
    package var communities: [CommunityRule] = []
    package var staticRoutes: [StaticRoute] = []
    /// The node's own blocks: each is announced; what is longer inside one only when it is
    /// preferred, because its metric is below ``normalPriority``.
    package var blocks: [Prefix] = []
    /// Addresses of others' blocks that workloads of this node use.
    package var borrowed: [Prefix] = []
    /// The first that matches decides; what none matches is not announced.
    package var exportNets: [NetRule] = []
    /// What a learnt route becomes: the first that matches decides, and what none matches is
    /// written.
    package var kernelNets: [NetRule] = []
    /// Routes that go out by these are another agent's, and not announced to peers of the own AS.
    package var internalPeersRejectInterfaces: [String] = []
    /// Metric of a route that has none; a lower one is preferred, also over a local workload.
    package var normalPriority: UInt32 = 1024
    /// Next hops that another agent routes to by WireGuard: their routes are not written.
    package var wireguardPeers: [Address] = []

    package init(_ family: Family) {
        self.family = family
    }
}

/// A filter's rules for one family.
package struct FilterConfiguration: Hashable, Sendable {
    package var imports: [BGPFilterRule]
    package var exports: [BGPFilterRule]

    package init(imports: [BGPFilterRule] = [], exports: [BGPFilterRule] = []) {
        self.imports = imports
        self.exports = exports
    }
}

/// Communities to add to a route on export.
package struct CommunityRule: Hashable, Sendable {
    /// The route's prefix is this one or inside it.
    package var cidr: Prefix
    package var community: Community
}

/// A route that is there whatever the peers say.
package struct StaticRoute: Hashable, Sendable {
    package enum Action: Hashable, Sendable {
        /// An own block or an announced service: what nothing longer takes is dropped.
        case blackhole
        /// A peer that the routing table does not reach.
        case via(Address)
    }

    package var net: Prefix
    package var action: Action

    package init(_ net: Prefix, _ action: Action) {
        self.net = net
        self.action = action
    }
}

/// What is done with the routes of a prefix.
package struct NetRule: Hashable, Sendable {
    package enum Action: Hashable, Sendable {
        case accept
        case reject
    }

    /// When a route is written into the kernel through the IPIP device.
    package enum Tunnel: Hashable, Sendable {
        case always
        /// To next hops outside this subnet.
        case outside(Prefix)
    }

    package var net: Prefix
    /// The prefix itself and nothing inside it.
    package var isExact: Bool
    package var action: Action
    package var tunnel: Tunnel?

    package init(_ net: Prefix, _ action: Action, isExact: Bool = false, tunnel: Tunnel? = nil) {
        self.net = net
        self.isExact = isExact
        self.action = action
        self.tunnel = tunnel
    }

    package func matches(_ route: Prefix) -> Bool {
        isExact ? net == route : net.contains(route)
    }
}

/// Something that was asked for and is not done, or not as asked.
package struct BGPProblem: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The object that asks.
    package let object: String
    package let reason: String

    package init(_ object: String, _ reason: String) {
        self.object = object
        self.reason = reason
    }

    package var description: String { "\(object): \(reason)" }

    package static func < (left: Self, right: Self) -> Bool {
        (left.object, left.reason) < (right.object, right.reason)
    }
}
