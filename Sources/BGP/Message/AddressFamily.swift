package import Model

/// What a multiprotocol message is about: an address family and what its routes are for
/// (RFC 4760 §6).
package struct AddressFamily: Hashable, Comparable, Sendable, CustomStringConvertible {
    /// Address Family Identifier, as IANA numbers them.
    package var afi: UInt16
    /// Subsequent Address Family Identifier.
    package var safi: UInt8

    package init(afi: UInt16, safi: UInt8) {
        self.afi = afi
        self.safi = safi
    }

    /// The unicast routes of a family.
    package init(_ family: Family) {
        self = family == .v4 ? .ipv4Unicast : .ipv6Unicast
    }

    package static let ipv4Unicast = AddressFamily(afi: 1, safi: 1)
    package static let ipv6Unicast = AddressFamily(afi: 2, safi: 1)

    /// The family whose unicast routes these are; `nil` for all that we do not carry.
    package var unicast: Family? {
        switch self {
        case .ipv4Unicast: .v4
        case .ipv6Unicast: .v6
        default: nil
        }
    }

    package static func < (left: Self, right: Self) -> Bool {
        (left.afi, left.safi) < (right.afi, right.safi)
    }

    package var description: String {
        switch self {
        case .ipv4Unicast: "IPv4 unicast"
        case .ipv6Unicast: "IPv6 unicast"
        default: "AFI \(afi) SAFI \(safi)"
        }
    }
}

/// Which of the families we carry something holds for.
package struct FamilySet: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    package init(_ family: Family) {
        self = family == .v4 ? .v4 : .v6
    }

    /// Those of `families` that we carry.
    package init(_ families: some Sequence<AddressFamily>) {
        self = families.reduce(into: []) { set, family in
            if let family = family.unicast { set.insert(FamilySet(family)) }
        }
    }

    package static let v4 = FamilySet(rawValue: 1)
    package static let v6 = FamilySet(rawValue: 2)

    package func contains(_ family: Family) -> Bool { contains(FamilySet(family)) }
}

/// How the two ends of a session agreed to write messages, in one direction.
package struct MessageContext: Hashable, Sendable {
    /// AS numbers take four octets in AS_PATH and AGGREGATOR (RFC 6793 §4.1).
    package var hasFourOctetAS = true
    /// Families whose prefixes carry a path identifier (RFC 7911 §3).
    package var addPath: FamilySet = []
    /// The other end is in another AS: some attributes are then not for us (RFC 7606 §7.5, §7.9).
    package var isExternal = false
    /// How long a message may be: 4096 octets, or 65,535 with RFC 8654.
    package var maximumLength = MessageHeader.usualMaximum

    package init(
        hasFourOctetAS: Bool = true,
        addPath: FamilySet = [],
        isExternal: Bool = false,
        maximumLength: Int = MessageHeader.usualMaximum
    ) {
        self.hasFourOctetAS = hasFourOctetAS
        self.addPath = addPath
        self.isExternal = isExternal
        self.maximumLength = maximumLength
    }
}
