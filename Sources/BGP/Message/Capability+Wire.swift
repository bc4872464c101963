import Wire

extension Capability {
    /// IANA's capability codes.
    private enum Code {
        static let multiprotocol: UInt8 = 1
        static let routeRefresh: UInt8 = 2
        static let extendedNextHop: UInt8 = 5
        static let extendedMessage: UInt8 = 6
        static let role: UInt8 = 9
        static let gracefulRestart: UInt8 = 64
        static let fourOctetAS: UInt8 = 65
        static let addPath: UInt8 = 69
        static let enhancedRouteRefresh: UInt8 = 70
        static let longLivedGracefulRestart: UInt8 = 71
    }

    /// Parses the value of a capability; throws where its length is not the capability's.
    init(code: UInt8, parsing reader: inout ByteReader) throws(WireError) {
        switch code {
        case Code.multiprotocol:
            let family = try AddressFamily(parsingWithReserved: &reader)
            self = .multiprotocol(family)
        case Code.routeRefresh: self = .routeRefresh
        case Code.extendedNextHop: self = .extendedNextHop(try Self.extendedNextHops(&reader))
        case Code.extendedMessage: self = .extendedMessage
        case Code.role:
            let octet = try reader.read(UInt8.self)
            self = Role(rawValue: octet).map { .role($0) } ?? .unknown(code: code, value: [octet])
        case Code.gracefulRestart:
            self = .gracefulRestart(try GracefulRestartCapability(parsing: &reader))
        case Code.fourOctetAS: self = .fourOctetAS(try reader.read())
        case Code.addPath: self = .addPath(try Self.addPathFamilies(&reader))
        case Code.enhancedRouteRefresh: self = .enhancedRouteRefresh
        case Code.longLivedGracefulRestart:
            self = .longLivedGracefulRestart(try Self.longLivedFamilies(&reader))
        default: self = .unknown(code: code, value: reader.readRest())
        }
        if !reader.isAtEnd { throw .truncated(needed: 0, had: reader.remaining) }
    }

    private static func extendedNextHops(
        _ reader: inout ByteReader
    ) throws(WireError) -> [ExtendedNextHop] {
        var entries: [ExtendedNextHop] = []
        while !reader.isAtEnd {
            let afi = try reader.read(UInt16.self)
            // Two octets here, one elsewhere (RFC 8950 §4).
            let safi = UInt8(truncatingIfNeeded: try reader.read(UInt16.self))
            let nextHop = try reader.read(UInt16.self)
            entries.append(
                ExtendedNextHop(AddressFamily(afi: afi, safi: safi), nextHopAFI: nextHop)
            )
        }
        return entries
    }

    /// Entries that neither send nor receive are ignored (RFC 7911 §4).
    private static func addPathFamilies(
        _ reader: inout ByteReader
    ) throws(WireError) -> [AddPathFamily] {
        var entries: [AddPathFamily] = []
        while !reader.isAtEnd {
            let family = AddressFamily(afi: try reader.read(), safi: try reader.read())
            let octet = try reader.read(UInt8.self)
            guard (1...3).contains(octet) else { continue }
            let receives = octet & 1 != 0
            entries.append(AddPathFamily(family, receives: receives, sends: octet & 2 != 0))
        }
        return entries
    }

    private static func longLivedFamilies(
        _ reader: inout ByteReader
    ) throws(WireError) -> [LongLivedFamily] {
        var entries: [LongLivedFamily] = []
        while !reader.isAtEnd {
            let family = AddressFamily(afi: try reader.read(), safi: try reader.read())
            let word = try reader.read(UInt32.self)
            entries.append(
                LongLivedFamily(
                    family,
                    preservesForwarding: word >> 31 == 1,
                    staleTime: word & 0xff_ffff
                )
            )
        }
        return entries
    }

    var code: UInt8 {
        switch self {
        case .multiprotocol: Code.multiprotocol
        case .routeRefresh: Code.routeRefresh
        case .extendedNextHop: Code.extendedNextHop
        case .extendedMessage: Code.extendedMessage
        case .role: Code.role
        case .gracefulRestart: Code.gracefulRestart
        case .fourOctetAS: Code.fourOctetAS
        case .addPath: Code.addPath
        case .enhancedRouteRefresh: Code.enhancedRouteRefresh
        case .longLivedGracefulRestart: Code.longLivedGracefulRestart
        case .unknown(let code, _): code
        }
    }

    /// Writes code, length and value; more than 255 octets of value do not fit and are left out
    /// whole entries at a time by the caller's choice of families.
    func write(to writer: inout ByteWriter) {
        writer.write(code)
        writer.writeLengthPrefixed(as: UInt8.self) { writeValue(to: &$0) }
    }

    private func writeValue(to writer: inout ByteWriter) {
        switch self {
        case .multiprotocol(let family): family.writeWithReserved(to: &writer)
        case .routeRefresh, .extendedMessage, .enhancedRouteRefresh: break
        case .extendedNextHop(let entries):
            for entry in entries.prefix(42) {
                writer.write(entry.family.afi)
                writer.write(UInt16(entry.family.safi))
                writer.write(entry.nextHopAFI)
            }
        case .role(let role): writer.write(role.rawValue)
        case .gracefulRestart(let capability): capability.write(to: &writer)
        case .fourOctetAS(let number): writer.write(number)
        case .addPath(let entries):
            for entry in entries.prefix(63) {
                entry.family.write(to: &writer)
                writer.write(UInt8((entry.receives ? 1 : 0) | (entry.sends ? 2 : 0)))
            }
        case .longLivedGracefulRestart(let entries):
            for entry in entries.prefix(36) {
                entry.family.write(to: &writer)
                writer.write((entry.preservesForwarding ? 1 << 31 : 0) | entry.staleTime)
            }
        case .unknown(_, let value): writer.write(bytes: value.prefix(255))
        }
    }
}

extension AddressFamily {
    /// AFI, a reserved octet, SAFI (RFC 4760 §8).
    init(parsingWithReserved reader: inout ByteReader) throws(WireError) {
        let afi = try reader.read(UInt16.self)
        try reader.skip(1)
        self.init(afi: afi, safi: try reader.read())
    }

    func writeWithReserved(to writer: inout ByteWriter) {
        writer.write(afi)
        writer.write(UInt8(0))
        writer.write(safi)
    }

    func write(to writer: inout ByteWriter) {
        writer.write(afi)
        writer.write(safi)
    }
}

extension GracefulRestartCapability {
    init(parsing reader: inout ByteReader) throws(WireError) {
        let head = try reader.read(UInt16.self)
        var families: [Entry] = []
        while !reader.isAtEnd {
            let family = AddressFamily(afi: try reader.read(), safi: try reader.read())
            let flags = try reader.read(UInt8.self)
            families.append(Entry(family, preservesForwarding: flags & 0x80 != 0))
        }
        self.init(
            isRestarting: head & 0x8000 != 0,
            hasNotificationSupport: head & 0x4000 != 0,
            restartTime: head & 0x0fff,
            families: families
        )
    }

    func write(to writer: inout ByteWriter) {
        let flags: UInt16 = (isRestarting ? 0x8000 : 0) | (hasNotificationSupport ? 0x4000 : 0)
        writer.write(flags | min(restartTime, 4095))
        for entry in families.prefix(63) {
            entry.family.write(to: &writer)
            writer.write(UInt8(entry.preservesForwarding ? 0x80 : 0))
        }
    }
}
