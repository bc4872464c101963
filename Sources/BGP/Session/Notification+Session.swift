package import BGPMessage

// The NOTIFICATIONs a session sends by itself.

extension NotificationMessage {
    /// The subcodes of Cease (RFC 4486, RFC 8538 §3, RFC 9384).
    package enum Cease: UInt8, Hashable, Sendable {
        case maximumPrefixes = 1
        case administrativeShutdown = 2
        case peerDeconfigured = 3
        case administrativeReset = 4
        case connectionRejected = 5
        case otherConfigurationChange = 6
        case connectionCollision = 7
        case outOfResources = 8
        case hardReset = 9
        case bfdDown = 10
    }

    private static let ceaseCode: UInt8 = 6

    package static func cease(_ cease: Cease, data: [UInt8] = []) -> NotificationMessage {
        NotificationMessage(code: ceaseCode, subcode: cease.rawValue, data: data)
    }

    package static let connectionCollision = cease(.connectionCollision)
    package static let connectionRejected = cease(.connectionRejected)
    package static let bfdDown = cease(.bfdDown)
    package static let holdTimerExpired = NotificationMessage(code: 4, subcode: 0, data: [])
    /// RFC 9687 §3.2.
    package static let sendHoldTimerExpired = NotificationMessage(code: 8, subcode: 0, data: [])

    /// RFC 6608: the subcode names the state.
    package static func fsmError(in state: FSMState) -> NotificationMessage {
        let subcode: UInt8 =
            switch state {
            case .openSent: 1
            case .openConfirm: 2
            case .established: 3
            case .idle, .connect, .active: 0
            }
        return NotificationMessage(code: 5, subcode: subcode, data: [])
    }

    /// RFC 4486 §4: the family and the limit.
    package static func maximumPrefixes(
        _ family: AddressFamily,
        limit: Int
    ) -> NotificationMessage {
        let limit = UInt32(clamping: limit)
        let data = [
            UInt8(truncatingIfNeeded: family.afi >> 8), UInt8(truncatingIfNeeded: family.afi),
            family.safi, UInt8(truncatingIfNeeded: limit >> 24),
            UInt8(truncatingIfNeeded: limit >> 16), UInt8(truncatingIfNeeded: limit >> 8),
            UInt8(truncatingIfNeeded: limit),
        ]
        return cease(.maximumPrefixes, data: data)
    }

    static func stop(_ why: Stop) -> NotificationMessage {
        switch why {
        case .administrativeShutdown(let text): cease(.administrativeShutdown, data: told(text))
        case .administrativeReset(let text): cease(.administrativeReset, data: told(text))
        case .peerDeconfigured: cease(.peerDeconfigured)
        case .configurationChange: cease(.otherConfigurationChange)
        case .outOfResources: cease(.outOfResources)
        }
    }

    /// The shutdown communication of RFC 9003 §2: a length and at most 255 bytes of UTF-8, cut
    /// between characters.
    private static func told(_ text: String) -> [UInt8] {
        var bytes: [UInt8] = []
        for character in text {
            guard bytes.count + character.utf8.count <= 255 else { break }
            bytes += character.utf8
        }
        return bytes.isEmpty ? [] : [UInt8(bytes.count)] + bytes
    }

    /// The operator's text in a received Cease (RFC 9003), repaired if it is no UTF-8.
    package var shutdownText: String? {
        guard code == Self.ceaseCode, subcode == 2 || subcode == 4, let length = data.first,
            length > 0, data.count > Int(length)
        else { return nil }
        return String(decoding: data[1...Int(length)], as: UTF8.self)
    }

    /// RFC 8538 §3.1: wraps a NOTIFICATION after which no routes are to be kept.
    package static func hardReset(_ inner: NotificationMessage) -> NotificationMessage {
        cease(.hardReset, data: [inner.code, inner.subcode] + inner.data)
    }

    package var isHardReset: Bool {
        code == Self.ceaseCode && subcode == Cease.hardReset.rawValue
    }

    /// What a hard reset wraps.
    package var unwrapped: NotificationMessage {
        guard isHardReset, data.count >= 2 else { return self }
        return NotificationMessage(code: data[0], subcode: data[1], data: Array(data[2...]))
    }

    var isCollision: Bool {
        code == Self.ceaseCode && subcode == Cease.connectionCollision.rawValue
    }

    var isOpenError: Bool { code == 2 }

    var isUnsupportedVersion: Bool { code == 2 && subcode == 1 }

    /// The peer knows no capabilities at all (RFC 5492 §3).
    var isUnsupportedParameter: Bool { code == 2 && subcode == 4 }
}
