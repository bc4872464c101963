/// What a NOTIFICATION says went wrong (RFC 4271 §4.5).
package enum NotificationError: Hashable, Sendable {
    case header(HeaderError)
    case open(OpenError)
    case update(UpdateError)
    case holdTimerExpired
    case stateMachine(StateMachineError)
    case cease(CeaseReason)
    case routeRefresh(RouteRefreshError)
    /// RFC 9687 §4.
    case sendHoldTimerExpired
    /// A code, or a subcode of a known code, that we have no name for.
    case unknown(code: UInt8, subcode: UInt8)
}

/// Message Header Error (RFC 4271 §6.1).
package enum HeaderError: UInt8, Hashable, Sendable, CaseIterable {
    case unspecific = 0
    case connectionNotSynchronized = 1
    case badMessageLength = 2
    case badMessageType = 3
}

/// OPEN Message Error (RFC 4271 §6.2, RFC 5492 §5, RFC 9234 §4.2).
package enum OpenError: UInt8, Hashable, Sendable, CaseIterable {
    case unspecific = 0
    case unsupportedVersionNumber = 1
    case badPeerAS = 2
    case badBGPIdentifier = 3
    case unsupportedOptionalParameter = 4
    case unacceptableHoldTime = 6
    case unsupportedCapability = 7
    case roleMismatch = 11
}

/// UPDATE Message Error (RFC 4271 §6.3).
package enum UpdateError: UInt8, Hashable, Sendable, CaseIterable {
    case unspecific = 0
    case malformedAttributeList = 1
    case unrecognizedWellKnownAttribute = 2
    case missingWellKnownAttribute = 3
    case attributeFlagsError = 4
    case attributeLengthError = 5
    case invalidOriginAttribute = 6
    case invalidNextHopAttribute = 8
    case optionalAttributeError = 9
    case invalidNetworkField = 10
    case malformedASPath = 11
}

/// Finite State Machine Error: a message in the wrong state (RFC 6608 §3).
package enum StateMachineError: UInt8, Hashable, Sendable, CaseIterable {
    case unspecified = 0
    case unexpectedInOpenSent = 1
    case unexpectedInOpenConfirm = 2
    case unexpectedInEstablished = 3
}

/// Why a session ends without an error (RFC 4486 §3, RFC 8538 §3, RFC 9384 §3).
package enum CeaseReason: UInt8, Hashable, Sendable, CaseIterable {
    case unspecific = 0
    case maximumPrefixesReached = 1
    case administrativeShutdown = 2
    case peerDeconfigured = 3
    case administrativeReset = 4
    case connectionRejected = 5
    case otherConfigurationChange = 6
    case connectionCollisionResolution = 7
    case outOfResources = 8
    /// The session ends for good although graceful restart was agreed.
    case hardReset = 9
    case bfdDown = 10
}

/// ROUTE-REFRESH Message Error (RFC 7313 §5).
package enum RouteRefreshError: UInt8, Hashable, Sendable, CaseIterable {
    case unspecific = 0
    case invalidMessageLength = 1
}

extension NotificationError {
    /// What the two octets on the wire mean.
    package init(code: UInt8, subcode: UInt8) {
        self = Self.known(code: code, subcode: subcode) ?? .unknown(code: code, subcode: subcode)
    }

    private static func known(code: UInt8, subcode: UInt8) -> Self? {
        switch code {
        case 1: HeaderError(rawValue: subcode).map { .header($0) }
        case 2: OpenError(rawValue: subcode).map { .open($0) }
        case 3: UpdateError(rawValue: subcode).map { .update($0) }
        case 4: subcode == 0 ? .holdTimerExpired : nil
        case 5: StateMachineError(rawValue: subcode).map { .stateMachine($0) }
        case 6: CeaseReason(rawValue: subcode).map { .cease($0) }
        case 7: RouteRefreshError(rawValue: subcode).map { .routeRefresh($0) }
        case 8: subcode == 0 ? .sendHoldTimerExpired : nil
        default: nil
        }
    }

    package var code: UInt8 { octets.code }
    package var subcode: UInt8 { octets.subcode }

    private var octets: (code: UInt8, subcode: UInt8) {
        switch self {
        case .header(let error): (1, error.rawValue)
        case .open(let error): (2, error.rawValue)
        case .update(let error): (3, error.rawValue)
        case .holdTimerExpired: (4, 0)
        case .stateMachine(let error): (5, error.rawValue)
        case .cease(let reason): (6, reason.rawValue)
        case .routeRefresh(let error): (7, error.rawValue)
        case .sendHoldTimerExpired: (8, 0)
        case .unknown(let code, let subcode): (code, subcode)
        }
    }
}

extension NotificationError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .header(let error): "header: \(error)"
        case .open(let error): "OPEN: \(error)"
        case .update(let error): "UPDATE: \(error)"
        case .holdTimerExpired: "hold timer expired"
        case .stateMachine(let error): "state machine: \(error)"
        case .cease(let reason): "cease: \(reason)"
        case .routeRefresh(let error): "ROUTE-REFRESH: \(error)"
        case .sendHoldTimerExpired: "send hold timer expired"
        case .unknown(let code, let subcode): "code \(code) subcode \(subcode)"
        }
    }
}
