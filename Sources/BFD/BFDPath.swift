/// How a session's packets travel: the two applications of BFD that BGP uses.
package enum BFDPath: Hashable, Sendable {
    /// Both ends on one link (RFC 5881).
    case singleHop
    /// Over routers (RFC 5883); a packet that came over more than `hops` of them is not the peer's.
    case multihop(hops: UInt8)

    /// The UDP port packets are sent to (RFC 5881 §4, RFC 5883 §5).
    package var port: UInt16 {
        switch self {
        case .singleHop: 3784
        case .multihop: 4784
        }
    }

    /// Ports packets may be sent from (RFC 5881 §4); one session keeps one.
    package static let sourcePorts: ClosedRange<UInt16> = 49152...65535

    /// TTL or hop limit of what is sent (RFC 5881 §5; RFC 5883 §5 leaves it open).
    package static let sentTTL: UInt8 = 255

    /// The lowest TTL or hop limit a packet may arrive with.
    ///
    /// Without authentication a single hop must show 255 (RFC 5881 §5): nothing from beyond the
    /// link can. Over several hops the number of them is what the operator allows.
    package var minimumTTL: UInt8 {
        switch self {
        case .singleHop: 255
        case .multihop(let hops): 255 - min(hops, 254)
        }
    }
}
