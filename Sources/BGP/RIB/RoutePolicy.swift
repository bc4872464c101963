package import BGPMessage
package import Model

/// Which routes pass, and how they change on the way: rules in order, the first that decides wins.
package struct RoutePolicy: Hashable, Sendable {
    package enum Action: Hashable, Sendable {
        case accept
        case reject
    }

    package struct Rule: Hashable, Sendable {
        /// All must hold.
        package var conditions: [Condition]
        /// What changes if they do, in order.
        package var operations: [Operation]
        /// `nil` goes on to the next rule, with what has changed.
        package var action: Action?

        package init(
            _ conditions: [Condition] = [],
            operations: [Operation] = [],
            action: Action?
        ) {
            self.conditions = conditions
            self.operations = operations
            self.action = action
        }
    }

    package var rules: [Rule]
    /// What happens to a route that no rule decides about.
    package var otherwise: Action

    package init(_ rules: [Rule] = [], otherwise: Action) {
        self.rules = rules
        self.otherwise = otherwise
    }

    package static let acceptAll = RoutePolicy(otherwise: .accept)
    package static let rejectAll = RoutePolicy(otherwise: .reject)
}

extension RoutePolicy {
    /// What a rule asks of a route.
    package indirect enum Condition: Hashable, Sendable {
        case prefix(PrefixMatch)
        /// One of them.
        case anyPrefix([PrefixMatch])
        /// It came from a peer, not from this node.
        case source(Source)
        /// The interface the route leaves by; `*` stands for any text.
        case interface(String)
        case community(AnyCommunity)
        /// The AS path starts with these.
        case asPathPrefix([UInt32])
        /// The route's priority, see `PathAttributes.priority`, lies in the range.
        case priority(ClosedRange<UInt32>)
        case localPreference(ClosedRange<UInt32>)
        case peerType(PeerType)
        case not(Condition)
    }

    package enum Source: Hashable, Sendable {
        case remotePeers
        case local
    }

    package enum PeerType: Hashable, Sendable {
        case external
        case `internal`
    }

    package enum AnyCommunity: Hashable, Sendable {
        case standard(Community)
        case large(LargeCommunity)
    }

    /// A range of prefixes: Calico's `cidr`, `matchOperator` and `prefixLength`.
    package struct PrefixMatch: Hashable, Sendable {
        package enum Operator: Hashable, Sendable {
            case equal
            case notEqual
            /// In it, or equal.
            case `in`
            case notIn
        }

        package var prefix: Prefix
        package var matchOperator: Operator
        /// Lengths that count; all for `nil`.
        package var lengths: ClosedRange<Int>?

        package init(
            _ prefix: Prefix,
            _ matchOperator: Operator = .in,
            lengths: ClosedRange<Int>? = nil
        ) {
            self.prefix = prefix
            self.matchOperator = matchOperator
            self.lengths = lengths
        }

        /// The length must be in range whatever the operator.
        func matches(_ other: Prefix) -> Bool {
            if let lengths, !lengths.contains(other.length) { return false }
            switch matchOperator {
            case .equal: return other == prefix
            case .notEqual: return other != prefix
            case .in: return prefix.contains(other)
            case .notIn: return !prefix.contains(other)
            }
        }
    }

    /// How a rule changes a route.
    package enum Operation: Hashable, Sendable {
        case addCommunity(AnyCommunity)
        /// Puts the numbers before the path as they are.
        case prependASPath([UInt32])
        /// Sets LOCAL_PREF so that the route's priority is this.
        case setPriority(UInt32)
        case setLocalPreference(UInt32)
        case setMultiExitDiscriminator(UInt32?)
        /// How routes of all sources compare, before any attribute: 100 for those of peers.
        case setPreference(UInt8)
    }
}

extension PathAttributes {
    /// The route's metric as Calico counts it, lower is better: what LOCAL_PREF lacks to 2^31 − 1.
    package var priority: UInt32? {
        get { localPreference.map(Self.priority) }
        set { localPreference = newValue.map(Self.priority) }
    }

    /// What a LOCAL_PREF lacks; of a metric, its LOCAL_PREF.
    static func priority(of localPreference: UInt32) -> UInt32 {
        localPreference > best ? 0 : best - localPreference
    }

    private static let best: UInt32 = 0x7fff_ffff
}
