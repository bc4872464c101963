import BGPMessage

/// Why a peer's OPEN is refused (RFC 4271 §6.2, RFC 5492 §5, RFC 9234 §4.2).
enum OpenError: Error, Hashable, Sendable {
    case unsupportedVersion
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
        case .unsupportedVersion: .open(1, data: [0, 4])
        case .badPeerAS: .open(2)
        case .badIdentifier: .open(3)
        case .unacceptableHoldTime: .open(6)
        case .noCommonFamily(let families): .open(7, data: Self.capabilities(families))
        case .roleMismatch: .open(11)
        }
    }

    /// The capabilities that were missing, encoded as in an OPEN (RFC 5492 §5).
    private static func capabilities(_ families: [AddressFamily]) -> [UInt8] {
        families.flatMap { family in
            [
                1, 4, UInt8(truncatingIfNeeded: family.afi >> 8),
                UInt8(truncatingIfNeeded: family.afi), 0, family.safi,
            ]
        }
    }
}

extension NotificationMessage {
    fileprivate static func open(_ subcode: UInt8, data: [UInt8] = []) -> NotificationMessage {
        NotificationMessage(code: 2, subcode: subcode, data: data)
    }
}
