package import BGPMessage

// The NOTIFICATIONs a session sends by itself.

extension NotificationMessage {
    package static func cease(_ reason: CeaseReason, data: [UInt8] = []) -> NotificationMessage {
        NotificationMessage(.cease(reason), data: data)
    }

    /// RFC 6608 §3: the subcode names the state.
    static func stateMachine(in state: FSMState) -> NotificationMessage {
        let error: StateMachineError =
            switch state {
            case .openSent: .unexpectedInOpenSent
            case .openConfirm: .unexpectedInOpenConfirm
            case .established: .unexpectedInEstablished
            case .idle, .connect, .active: .unspecified
            }
        return NotificationMessage(.stateMachine(error))
    }

    /// RFC 4486 §4: the family and the limit.
    static func maximumPrefixes(_ family: AddressFamily, limit: Int) -> NotificationMessage {
        let limit = UInt32(clamping: limit)
        let head = [UInt8(family.afi >> 8), UInt8(truncatingIfNeeded: family.afi), family.safi]
        let octets = [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: limit >> $0) }
        return cease(.maximumPrefixesReached, data: head + octets)
    }

    static func stop(_ why: Stop) -> NotificationMessage {
        switch why {
        case .administrativeShutdown(let text): cease(.administrativeShutdown, text: text)
        case .administrativeReset(let text): cease(.administrativeReset, text: text)
        case .peerDeconfigured: cease(.peerDeconfigured)
        case .configurationChange: cease(.otherConfigurationChange)
        case .outOfResources: cease(.outOfResources)
        }
    }

    var isHardReset: Bool { error == .cease(.hardReset) }

    /// The peer knows no capabilities at all (RFC 5492 §3).
    var isUnsupportedParameter: Bool { error == .open(.unsupportedOptionalParameter) }

    var isOpenError: Bool {
        if case .open = error { true } else { false }
    }
}
