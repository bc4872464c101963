package import Model

/// UPDATE: routes that are gone, and routes that share one set of attributes (RFC 4271 §4.3).
///
///     19        21          …                    …
///     | length | withdrawn | length | attributes | NLRI, to the end |
package struct UpdateMessage: Hashable, Sendable {
    /// IPv4 routes that are gone, of the message's own field.
    package var withdrawn: [NLRI] = []
    /// What the reachable routes share; `nil` if there are none.
    ///
    /// Its next hop is that of `nlri`.
    package var attributes: PathAttributes?
    /// IPv4 routes, of the message's own field.
    package var nlri: [NLRI] = []
    /// MP_REACH_NLRI.
    package var multiprotocolReach: MultiprotocolReach?
    /// MP_UNREACH_NLRI.
    package var multiprotocolUnreach: MultiprotocolUnreach?
    /// Errors that the session outlives; what they imply for the routes is done already.
    package var faults: [UpdateFault] = []

    package init(
        withdrawn: [NLRI] = [],
        attributes: PathAttributes? = nil,
        nlri: [NLRI] = [],
        multiprotocolReach: MultiprotocolReach? = nil,
        multiprotocolUnreach: MultiprotocolUnreach? = nil
    ) {
        self.withdrawn = withdrawn
        self.attributes = attributes
        self.nlri = nlri
        self.multiprotocolReach = multiprotocolReach
        self.multiprotocolUnreach = multiprotocolUnreach
    }

    /// The marker that all routes of a family have been sent (RFC 4724 §2).
    package init(endOfRIB family: AddressFamily) {
        self.init()
        guard family != .ipv4Unicast else { return }
        multiprotocolUnreach = MultiprotocolUnreach(family)
    }

    /// The family whose routes have all been sent, if the message says that and no more.
    package var endOfRIB: AddressFamily? {
        guard withdrawn.isEmpty, nlri.isEmpty, attributes == nil, multiprotocolReach == nil,
            faults.isEmpty
        else { return nil }
        guard let unreach = multiprotocolUnreach else { return .ipv4Unicast }
        return unreach.withdrawn.isEmpty ? unreach.family : nil
    }
}

/// MP_REACH_NLRI: routes of any family with their next hop (RFC 4760 §3).
///
///     | AFI | SAFI | length | next hop | reserved | NLRI |
package struct MultiprotocolReach: Hashable, Sendable {
    package var family: Family
    /// For IPv4 routes it may be IPv6 (RFC 8950 §3).
    package var nextHop: NextHop
    package var nlri: [NLRI]

    package init(_ family: Family, nextHop: NextHop, nlri: [NLRI]) {
        self.family = family
        self.nextHop = nextHop
        self.nlri = nlri
    }
}

/// MP_UNREACH_NLRI: routes of any family that are gone; none at all ends the family's RIB
/// (RFC 4760 §4, RFC 4724 §2).
package struct MultiprotocolUnreach: Hashable, Sendable {
    package var family: AddressFamily
    package var withdrawn: [NLRI]

    package init(_ family: AddressFamily, withdrawn: [NLRI] = []) {
        self.family = family
        self.withdrawn = withdrawn
    }
}
