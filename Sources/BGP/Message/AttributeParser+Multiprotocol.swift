import Model
import Wire

extension AttributeParser {
    /// What cannot be parsed here ends the session: the routes are not known (RFC 7606 §7.11).
    mutating func parseReach(_ reader: inout ByteReader) throws(MessageError) {
        let broken = MessageError(.update(.optionalAttributeError))
        do {
            let afi = try reader.read(UInt16.self)
            let family = AddressFamily(afi: afi, safi: try reader.read())
            let length = Int(try reader.read(UInt8.self))
            var nextHop = try reader.slice(length)
            try reader.skip(1)
            guard let unicast = family.unicast else {
                let type = AttributeType.multiprotocolReach.rawValue
                return fault(type, .unsupportedFamily, .discardAttribute)
            }
            let hop = try Self.nextHop(&nextHop, unicast)
            let nlri = try NLRI.parse(
                &reader,
                unicast,
                hasPathIDs: context.addPath.contains(unicast)
            )
            guard let hop else {
                reach = MultiprotocolReach(
                    unicast,
                    nextHop: NextHop(Address(high: 0, low: 0)),
                    nlri: nlri
                )
                let type = AttributeType.multiprotocolReach.rawValue
                return fault(type, .value, .treatAsWithdraw)
            }
            reach = MultiprotocolReach(unicast, nextHop: hop, nlri: nlri)
        } catch {
            throw broken
        }
    }

    /// 4 or 16 octets for IPv4 (RFC 8950 §3), 16 for IPv6, or 32 with a link-local address
    /// (RFC 2545 §3); throws for other lengths, `nil` for an address that cannot be.
    private static func nextHop(
        _ reader: inout ByteReader,
        _ family: Family
    ) throws(WireError) -> NextHop? {
        switch (reader.remaining, family) {
        case (4, .v4):
            let address = Address(v4: try reader.read())
            return address.canBeNextHop ? NextHop(address) : nil
        case (16, _):
            let address = Address(high: try reader.read(), low: try reader.read())
            return address.canBeNextHop ? NextHop(address) : nil
        case (32, _):
            let address = Address(high: try reader.read(), low: try reader.read())
            let linkLocal = Address(high: try reader.read(), low: try reader.read())
            // Some put the link-local address, or none, first.
            guard address.canBeNextHop else {
                return linkLocal.canBeNextHop ? NextHop(linkLocal) : nil
            }
            return NextHop(address, linkLocal: linkLocal.isLinkLocal ? linkLocal : nil)
        default: throw .truncated(needed: 16, had: reader.remaining)
        }
    }

    mutating func parseUnreach(_ reader: inout ByteReader) throws(MessageError) {
        do {
            let afi = try reader.read(UInt16.self)
            let family = AddressFamily(afi: afi, safi: try reader.read())
            guard let unicast = family.unicast else {
                if reader.isAtEnd { return unreach = MultiprotocolUnreach(family) }
                let type = AttributeType.multiprotocolUnreach.rawValue
                return fault(type, .unsupportedFamily, .discardAttribute)
            }
            let routes = try NLRI.parse(
                &reader,
                unicast,
                hasPathIDs: context.addPath.contains(unicast)
            )
            unreach = MultiprotocolUnreach(family, withdrawn: routes)
        } catch {
            throw MessageError(.update(.optionalAttributeError))
        }
    }
}

extension Address {
    /// fe80::/10.
    package var isLinkLocal: Bool { high >> 54 == 0xfe80 >> 6 }
}
