import BGPMessage

/// Why a peer's OPEN, well-formed in itself, is refused (RFC 4271 §6.2, RFC 5492 §5, RFC 9234
/// §4.2).
enum OpenRefusal: Error, Hashable, Sendable {
    /// Not the AS that is configured, or 0 (RFC 7607).
    case badPeerAS(UInt32)
    /// 0, or within one AS the same as ours (RFC 6286 §2.2).
    case badIdentifier(UInt32)
    case unacceptableHoldTime(UInt16)
    /// No family in common: those we would have had.
    case noCommonFamily([AddressFamily])
    case roleMismatch

    var notification: NotificationMessage {
        switch self {
        case .badPeerAS: NotificationMessage(.open(.badPeerAS))
        case .badIdentifier: NotificationMessage(.open(.badBGPIdentifier))
        case .unacceptableHoldTime: NotificationMessage(.open(.unacceptableHoldTime))
        case .noCommonFamily(let families):
            NotificationMessage(.open(.unsupportedCapability), data: Self.capabilities(families))
        case .roleMismatch: NotificationMessage(.open(.roleMismatch))
        }
    }

    /// The capabilities that were missing, encoded as in an OPEN (RFC 5492 §5).
    private static func capabilities(_ families: [AddressFamily]) -> [UInt8] {
        families.flatMap { family in
            [
                1, 4, UInt8(family.afi >> 8), UInt8(truncatingIfNeeded: family.afi), 0,
                family.safi,
            ]
        }
    }
}
