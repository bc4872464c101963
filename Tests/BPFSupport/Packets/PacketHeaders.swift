package import Model

/// TCP's flag byte.
package struct TCPFlags: OptionSet, Hashable, Sendable {
    package let rawValue: UInt8

    package init(rawValue: UInt8) {
        self.rawValue = rawValue
    }

    package static let fin = TCPFlags(rawValue: 0x01)
    package static let syn = TCPFlags(rawValue: 0x02)
    package static let rst = TCPFlags(rawValue: 0x04)
    package static let psh = TCPFlags(rawValue: 0x08)
    package static let ack = TCPFlags(rawValue: 0x10)
}

/// Source, destination, type (RFC 894).
struct EthernetHeader: Hashable, Sendable {
    var source: [UInt8]
    var destination: [UInt8]
    var type: UInt16?
}

/// What tests want to say of an IP header of either family; `nil` is filled in.
package struct IPHeader: Hashable, Sendable {
    package var source: Address
    package var destination: Address
    package var hops: UInt8 = 64
    package var `protocol`: UInt8?
    package var version: UInt8?
    /// IPv4 only: words of the header, and options that follow the first five.
    package var headerWords: UInt8?
    package var options: [UInt8] = []
    package var identification: UInt16 = 1
    /// IPv4 only: bytes into the datagram, a multiple of 8.
    package var fragmentOffset = 0
    package var moreFragments = false
    /// Total length of IPv4, payload length of IPv6.
    package var length: UInt16?

    init(source: Address, destination: Address) {
        self.source = source
        self.destination = destination
    }

    package var isV4: Bool { source.isV4 && destination.isV4 }
}

/// One extension header of IPv6 (RFC 8200 §4).
package struct ExtensionHeader: Hashable, Sendable {
    package var type: UInt8
    package var body: [UInt8]
    package var next: UInt8?
    /// The length field, when it shall not fit the body.
    package var length: UInt8?

    package init(type: UInt8, body: [UInt8], next: UInt8? = nil, length: UInt8? = nil) {
        self.type = type
        self.body = body
        self.next = next
        self.length = length
    }

    package static let hopByHop = ExtensionHeader(type: 0, body: [1, 4, 0, 0, 0, 0])
    package static let destinationOptions = ExtensionHeader(type: 60, body: [1, 4, 0, 0, 0, 0])

    package static func routing(type: UInt8, segmentsLeft: UInt8) -> ExtensionHeader {
        ExtensionHeader(type: 43, body: [type, segmentsLeft, 0, 0, 0, 0])
    }

    /// An authentication header whose check value has `words` of four bytes (RFC 4302 §2).
    package static func authentication(words: Int) -> ExtensionHeader {
        ExtensionHeader(type: 51, body: [UInt8](repeating: 0, count: 10 + 4 * words))
    }

    package static func fragment(
        offset: Int,
        more: Bool,
        identification: UInt32,
        next: UInt8? = nil
    ) -> ExtensionHeader {
        let field = UInt16(offset) | (more ? 1 : 0)
        let id = (0..<4).map { UInt8(truncatingIfNeeded: identification >> (24 - 8 * $0)) }
        return ExtensionHeader(type: 44, body: field.networkBytes + id, next: next)
    }

    /// The length field that belongs to the body: its unit and what it leaves out differ by type.
    var naturalLength: UInt8 {
        let size = body.count + 2
        switch type {
        case 44: return 0
        case 51: return UInt8(size / 4 - 2)
        default: return UInt8(size / 8 - 1)
        }
    }
}

/// TCP's header; `nil` is filled in.
package struct TCPHeader: Hashable, Sendable {
    package var source: UInt16
    package var destination: UInt16
    package var flags: TCPFlags
    package var sequence: UInt32 = 1
    package var acknowledgement: UInt32 = 1
    package var window: UInt16 = 0xffff
    package var options: [UInt8] = []
    /// The data offset in words, when it shall not fit the options.
    package var words: UInt8?

    init(source: UInt16, destination: UInt16, flags: TCPFlags) {
        self.source = source
        self.destination = destination
        self.flags = flags
    }
}

struct UDPHeader: Hashable, Sendable {
    var source: UInt16
    var destination: UInt16
    var length: UInt16?
}

extension UInt16 {
    /// High byte first.
    package var networkBytes: [UInt8] { [UInt8(self >> 8), UInt8(self & 0xff)] }
}

extension UInt32 {
    /// High byte first.
    package var networkBytes: [UInt8] {
        UInt16(self >> 16).networkBytes + UInt16(truncatingIfNeeded: self).networkBytes
    }
}
