/// What an error in an UPDATE means for its routes: the revised error handling of RFC 7606 §2.
package enum UpdateConsequence: Hashable, Sendable {
    /// The attribute counts as absent, the routes stand.
    case discardAttribute
    /// The routes count as withdrawn, the session stands.
    case treatAsWithdraw
    /// Nothing of the message can be trusted.
    case resetSession(NotificationMessage)
}

/// An error in an UPDATE that the session outlives.
package struct UpdateFault: Hashable, Sendable, CustomStringConvertible {
    package enum Problem: Hashable, Sendable {
        /// Its Optional or Transitive bit is not what its type has (RFC 7606 §3 (c)).
        case flags
        case length
        case value
        case missing
        case duplicate
        /// It is not for a peer in another AS, or not between 4-octet speakers.
        case outOfPlace
        /// It reaches over the end of the attributes (RFC 7606 §4).
        case overrun
        /// Routes of a family that we do not carry (RFC 4760 §7).
        case unsupportedFamily
    }

    /// The attribute's type; `nil` where the list itself is broken.
    package var attribute: UInt8?
    package var problem: Problem
    package var consequence: UpdateConsequence

    package init(
        attribute: UInt8?,
        problem: Problem,
        consequence: UpdateConsequence
    ) {
        self.attribute = attribute
        self.problem = problem
        self.consequence = consequence
    }

    package var description: String {
        let name = attribute.map {
            AttributeType(rawValue: $0).map { "\($0)" } ?? "attribute \($0)"
        }
        return "\(name ?? "attributes"): \(problem)"
    }
}

/// The attributes that we know, by IANA's numbers.
package enum AttributeType: UInt8, Hashable, Sendable, CaseIterable {
    case origin = 1
    case asPath = 2
    case nextHop = 3
    case multiExitDiscriminator = 4
    case localPreference = 5
    case atomicAggregate = 6
    case aggregator = 7
    case communities = 8
    case originatorID = 9
    case clusterList = 10
    case multiprotocolReach = 14
    case multiprotocolUnreach = 15
    case extendedCommunities = 16
    case as4Path = 17
    case as4Aggregator = 18
    case largeCommunities = 32
    case onlyToCustomer = 35
}

/// The octet before an attribute's type (RFC 4271 §4.3).
struct AttributeFlags: OptionSet, Hashable, Sendable {
    let rawValue: UInt8

    static let optional = AttributeFlags(rawValue: 0x80)
    static let transitive = AttributeFlags(rawValue: 0x40)
    static let partial = AttributeFlags(rawValue: 0x20)
    static let extendedLength = AttributeFlags(rawValue: 0x10)
}

extension AttributeType {
    /// The Optional and Transitive bits it must have.
    var flags: AttributeFlags {
        switch self {
        case .origin, .asPath, .nextHop, .localPreference, .atomicAggregate: .transitive
        case .multiExitDiscriminator, .originatorID, .clusterList, .multiprotocolReach,
            .multiprotocolUnreach:
            .optional
        case .aggregator, .communities, .extendedCommunities, .as4Path, .as4Aggregator,
            .largeCommunities, .onlyToCustomer:
            [.optional, .transitive]
        }
    }
}
