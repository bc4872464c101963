import Wire

/// ROUTE-REFRESH: asks for all routes again, or marks where their repetition starts and ends
/// (RFC 2918 §3, RFC 7313 §3.2).
///
///     19    21     22     23
///     | AFI | kind | SAFI |
package struct RouteRefreshMessage: Hashable, Sendable {
    package enum Kind: Hashable, Sendable {
        /// Please send all routes of the family again.
        case request
        /// BoRR: what follows is all that I have.
        case begin
        /// EoRR: that was all.
        case end
        /// To be ignored (RFC 7313 §5).
        case unknown(UInt8)
    }

    package var family: AddressFamily
    package var kind: Kind

    package init(_ family: AddressFamily, _ kind: Kind) {
        self.family = family
        self.kind = kind
    }
}

extension RouteRefreshMessage.Kind {
    init(_ octet: UInt8) {
        self =
            switch octet {
            case 0: .request
            case 1: .begin
            case 2: .end
            default: .unknown(octet)
            }
    }

    var octet: UInt8 {
        switch self {
        case .request: 0
        case .begin: 1
        case .end: 2
        case .unknown(let octet): octet
        }
    }
}

extension RouteRefreshMessage {
    /// Parses what follows the header of `message`, which an error quotes whole (RFC 7313 §5).
    init(parsing reader: inout ByteReader, of message: [UInt8]) throws(MessageError) {
        let afi: UInt16
        let octet: UInt8
        let safi: UInt8
        do {
            afi = try reader.read()
            octet = try reader.read()
            safi = try reader.read()
        } catch {
            throw MessageError(.routeRefresh(.invalidMessageLength), data: message)
        }
        let kind = Kind(octet)
        switch kind {
        case .request, .begin, .end:
            guard reader.isAtEnd else {
                throw MessageError(.routeRefresh(.invalidMessageLength), data: message)
            }
        case .unknown: break
        }
        self.init(AddressFamily(afi: afi, safi: safi), kind)
    }

    func write(to writer: inout ByteWriter) {
        writer.write(family.afi)
        writer.write(kind.octet)
        writer.write(family.safi)
    }
}
