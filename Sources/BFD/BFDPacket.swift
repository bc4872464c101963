import Wire

/// A BFD control packet without authentication (RFC 5880 §4.1).
///
///      0                   1                   2                   3
///      0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
///     |Vers |  Diag   |Sta|P|F|C|A|D|M|  Detect Mult  |    Length     |
///     |                       My Discriminator                        |
///     |                      Your Discriminator                       |
///     |             Desired Min TX Interval, microseconds             |
///     |             Required Min RX Interval, microseconds            |
///     |          Required Min Echo RX Interval, microseconds          |
package struct BFDPacket: Hashable, Sendable {
    package var diagnostic: BFDDiagnostic
    package var state: BFDState
    /// Asks for a packet with ``isFinal`` at once.
    package var isPoll = false
    /// Answers a poll.
    package var isFinal = false
    /// The sender's BFD does not share fate with its control plane.
    package var isControlPlaneIndependent = false
    /// The sender wants no periodic packets while both ends are up.
    package var isDemand = false
    /// How many packets in a row may be missed; never 0.
    package var detectMultiplier: UInt8
    /// Never 0.
    package var myDiscriminator: UInt32
    /// 0 as long as the sender has heard nothing of the other end.
    package var yourDiscriminator: UInt32
    /// Microseconds; never shorter is what the sender means to leave between its packets.
    package var desiredMinTransmit: UInt32
    /// Microseconds; 0 when the sender wants no periodic packets at all.
    package var requiredMinReceive: UInt32
    /// Microseconds; 0 when the sender returns no echo packets.
    package var requiredMinEchoReceive: UInt32 = 0

    package static let length = 24

    package init(
        state: BFDState,
        diagnostic: BFDDiagnostic = .none,
        detectMultiplier: UInt8,
        myDiscriminator: UInt32,
        yourDiscriminator: UInt32,
        desiredMinTransmit: UInt32,
        requiredMinReceive: UInt32
    ) {
        self.state = state
        self.diagnostic = diagnostic
        self.detectMultiplier = detectMultiplier
        self.myDiscriminator = myDiscriminator
        self.yourDiscriminator = yourDiscriminator
        self.desiredMinTransmit = desiredMinTransmit
        self.requiredMinReceive = requiredMinReceive
    }
}

/// Why a packet is discarded before any session sees it (RFC 5880 §6.8.6).
package enum BFDDiscard: Error, Hashable, Sendable {
    case truncated
    case version(UInt8)
    /// The length field is below the minimum or beyond the payload.
    case length(UInt8)
    case zeroDetectMultiplier
    case multipoint
    case zeroMyDiscriminator
    /// Only a sender that is down may not know our discriminator.
    case zeroYourDiscriminator(BFDState)
    /// No session here uses authentication.
    case authentication
}

/// The header's second byte, after the two bits of the state.
private enum Flag {
    static let poll: UInt8 = 0x20
    static let final: UInt8 = 0x10
    static let independent: UInt8 = 0x08
    static let authentication: UInt8 = 0x04
    static let demand: UInt8 = 0x02
    static let multipoint: UInt8 = 0x01
}

/// The first four bytes.
private struct Head {
    let first: UInt8
    let flags: UInt8
    let multiplier: UInt8
    let length: UInt8

    init(_ reader: inout ByteReader) throws(WireError) {
        first = try reader.read()
        flags = try reader.read()
        multiplier = try reader.read()
        length = try reader.read()
    }
}

extension BFDPacket {
    /// Reads a UDP payload; what §6.8.6 says to discard before a session is chosen throws.
    package init(_ payload: [UInt8]) throws(BFDDiscard) {
        let head: Head
        do throws(WireError) {
            var reader = ByteReader(payload.span.bytes)
            head = try Head(&reader)
            self = try BFDPacket(head, &reader)
        } catch {
            throw .truncated
        }
        try check(head, of: payload.count)
    }

    private init(_ head: Head, _ reader: inout ByteReader) throws(WireError) {
        self.init(
            state: BFDState(bits: head.flags >> 6),
            diagnostic: BFDDiagnostic(rawValue: head.first & 0x1f),
            detectMultiplier: head.multiplier,
            myDiscriminator: try reader.read(),
            yourDiscriminator: try reader.read(),
            desiredMinTransmit: try reader.read(),
            requiredMinReceive: try reader.read()
        )
        requiredMinEchoReceive = try reader.read()
        isPoll = head.flags & Flag.poll != 0
        isFinal = head.flags & Flag.final != 0
        isControlPlaneIndependent = head.flags & Flag.independent != 0
        isDemand = head.flags & Flag.demand != 0
    }

    /// The checks in the order in which RFC 5880 §6.8.6 lists them.
    private func check(_ head: Head, of count: Int) throws(BFDDiscard) {
        let version = head.first >> 5
        let isAuthenticated = head.flags & Flag.authentication != 0
        guard version == 1 else { throw .version(version) }
        guard head.length >= (isAuthenticated ? 26 : 24), Int(head.length) <= count else {
            throw .length(head.length)
        }
        guard detectMultiplier != 0 else { throw .zeroDetectMultiplier }
        guard head.flags & Flag.multipoint == 0 else { throw .multipoint }
        guard myDiscriminator != 0 else { throw .zeroMyDiscriminator }
        guard yourDiscriminator != 0 || state == .down || state == .adminDown else {
            throw .zeroYourDiscriminator(state)
        }
        guard !isAuthenticated else { throw .authentication }
    }

    /// The 24 bytes of the packet.
    package var bytes: [UInt8] {
        var writer = ByteWriter(reserving: Self.length)
        writer.write(UInt8(1 << 5) | diagnostic.rawValue & 0x1f)
        writer.write(flags)
        writer.write(detectMultiplier)
        writer.write(UInt8(Self.length))
        writer.write(myDiscriminator)
        writer.write(yourDiscriminator)
        writer.write(desiredMinTransmit)
        writer.write(requiredMinReceive)
        writer.write(requiredMinEchoReceive)
        return writer.bytes
    }

    private var flags: UInt8 {
        state.rawValue << 6 | (isPoll ? Flag.poll : 0) | (isFinal ? Flag.final : 0)
            | (isControlPlaneIndependent ? Flag.independent : 0) | (isDemand ? Flag.demand : 0)
    }
}
