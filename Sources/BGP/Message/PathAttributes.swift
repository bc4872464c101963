package import Model

/// Where a route came from first (RFC 4271 §5.1.1); lower is preferred.
package enum Origin: UInt8, Hashable, Comparable, Sendable, CaseIterable {
    case igp = 0
    case egp = 1
    case incomplete = 2

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }
}

/// Who aggregated a route (RFC 4271 §5.1.7).
package struct Aggregator: Hashable, Sendable {
    package var autonomousSystem: UInt32
    /// The BGP Identifier, or an address, of the speaker.
    package var identifier: UInt32

    package init(autonomousSystem: UInt32, identifier: UInt32) {
        self.autonomousSystem = autonomousSystem
        self.identifier = identifier
    }
}

/// Where to send packets: an address, and for IPv6 perhaps the link-local one of the same router
/// (RFC 2545 §3).
package struct NextHop: Hashable, Sendable, CustomStringConvertible {
    package var address: Address
    package var linkLocal: Address?

    package init(_ address: Address, linkLocal: Address? = nil) {
        self.address = address
        self.linkLocal = linkLocal
    }

    package var description: String {
        linkLocal.map { "\(address) (\($0))" } ?? "\(address)"
    }
}

/// One that we do not know but pass on (RFC 4271 §5).
package struct UnknownAttribute: Hashable, Sendable {
    package var type: UInt8
    package var value: [UInt8]
    /// Some speaker on the way, perhaps we, did not know it either.
    package var isPartial: Bool

    package init(type: UInt8, value: [UInt8], isPartial: Bool) {
        self.type = type
        self.value = value
        self.isPartial = isPartial
    }
}

/// What an UPDATE says of all its prefixes (RFC 4271 §5).
package struct PathAttributes: Hashable, Sendable {
    package var origin: Origin
    package var asPath: ASPath
    /// For the prefixes of the NLRI field, or of MP_REACH_NLRI.
    package var nextHop: NextHop?
    package var multiExitDiscriminator: UInt32?
    package var localPreference: UInt32?
    package var isAtomicAggregate = false
    package var aggregator: Aggregator?
    /// Sorted, each once, as RFC 1997 leaves it to us.
    package var communities: [Community] = []
    /// RFC 4456 §8.
    package var originatorID: UInt32?
    package var clusterList: [UInt32] = []
    package var extendedCommunities: [ExtendedCommunity] = []
    package var largeCommunities: [LargeCommunity] = []
    /// The AS that said: to customers only from here on (RFC 9234 §5).
    package var onlyToCustomer: UInt32?
    /// In ascending order of their types.
    package var unknown: [UnknownAttribute] = []

    package init(
        origin: Origin = .igp,
        asPath: ASPath = ASPath(),
        nextHop: NextHop? = nil,
        localPreference: UInt32? = nil
    ) {
        self.origin = origin
        self.asPath = asPath
        self.nextHop = nextHop
        self.localPreference = localPreference
    }

    package func contains(_ community: Community) -> Bool { communities.contains(community) }

    /// Adds a community where it is not there already.
    package mutating func add(_ community: Community) {
        communities.insertSorted(community)
    }

    package mutating func add(_ community: LargeCommunity) {
        largeCommunities.insertSorted(community)
    }
}

extension Array where Element: Comparable {
    /// Keeps a sorted array sorted, and its elements different.
    fileprivate mutating func insertSorted(_ element: Element) {
        let index = firstIndex { $0 >= element } ?? endIndex
        guard index == endIndex || self[index] != element else { return }
        insert(element, at: index)
    }

    /// Ascending, each element once; returns as it is what is so already.
    var sortedUnique: [Element] {
        if zip(self, dropFirst()).allSatisfy({ $0 < $1 }) { return self }
        var result: [Element] = []
        for element in sorted() where result.last != element { result.append(element) }
        return result
    }
}
