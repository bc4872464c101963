package import Model
package import Resources

/// One session that this node's speaker holds.
package struct BGPPeerConfiguration: Hashable, Sendable {
    /// What made it.
    package enum Kind: Int, Hashable, Sendable {
        case mesh
        case global
        case node
        case localWorkload
    }

    /// What signs the session's segments (RFC 2385).
    package enum Password: Hashable, Sendable {
        case none
        case known(String)
        /// Asked for, and not there: the session must wait rather than do without.
        case missing(SecretKey)
    }

    /// Whether routes go on with the next hop they came with.
    package enum NextHop: Hashable, Sendable {
        /// Kept within the own AS, the own address towards others (RFC 4271 §5.1.3).
        case auto
        case own
        case keep
    }

    package var kind: Kind
    /// The BGPPeer; `nil` for a peer of the mesh.
    package var resource: String?
    package var address: Address
    /// `nil` for BGP's own, 179.
    package var port: UInt16?
    package var asNumber: UInt32
    /// What the node calls itself here, when not by its usual number.
    package var localASNumber: UInt32?
    /// `nil` to let the kernel choose.
    package var sourceAddress: Address?
    /// The other end connects.
    package var isPassive = false
    /// The cluster id under which this node reflects to the peer, its client (RFC 4456).
    package var reflectsAs: Address?
    package var nextHop = NextHop.auto
    /// Hops that the peer's packets may have come (RFC 5082); `nil` for any number, unchecked.
    package var ttlSecurity: UInt8?
    package var password = Password.none
    /// `nil` for the speaker's default.
    package var restartTime: Duration?
    package var keepaliveTime: Duration?
    /// How often the own AS may be in a path that is accepted.
    package var allowedLocalAS = 0
    /// In order; those that do not exist are left out.
    package var importFilters: [String] = []
    package var exportFilters: [String] = []
    /// Whether the peer is of the AS that the node shows it.
    package var isInternal: Bool

    package init(kind: Kind, address: Address, asNumber: UInt32, localAS: UInt32) {
        self.kind = kind
        self.address = address
        self.asNumber = asNumber
        isInternal = asNumber == localAS
    }
}
