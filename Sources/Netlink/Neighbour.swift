import CLinux
import Glibc
package import Model
package import Wire

/// Which Ethernet address an IP address on a link has.
package struct Neighbour: Hashable, Sendable {
    package var interface: InterfaceIndex
    package var address: Address
    /// `nil` while the kernel is still asking.
    package var mac: MAC?
    /// Put there by somebody, never asked about and never forgotten.
    package var isPermanent: Bool

    package init(
        interface: InterfaceIndex,
        address: Address,
        mac: MAC?,
        isPermanent: Bool = true
    ) {
        self.interface = interface
        self.address = address
        self.mac = mac
        self.isPermanent = isPermanent
    }
}

extension Neighbour: CustomStringConvertible {
    package var description: String { "\(address) on \(interface)" }
}

extension Neighbour {
    /// Reads the body of `RTM_NEWNEIGH` or `RTM_DELNEIGH`; `nil` for families other than IP.
    ///
    ///     | ndmsg (12 bytes) | NDA_… |
    package init?(parsing reader: inout ByteReader) throws(WireError) {
        let fixed = try reader.readNative(ndmsg.self)
        guard Family(number: fixed.ndm_family) != nil else { return nil }
        var address: Address?
        var mac: MAC?
        try forEachAttribute(&reader) { type, value throws(WireError) in
            switch Int(type) {
            case NDA_DST: address = Address(bytes: value.readRest())
            case NDA_LLADDR: mac = MAC(bytes: value.readRest())
            default: break
            }
        }
        guard let address else { return nil }
        self.init(
            interface: InterfaceIndex(rawValue: UInt32(bitPattern: fixed.ndm_ifindex)),
            address: address,
            mac: mac,
            isPermanent: Int32(fixed.ndm_state) & Int32(NUD_PERMANENT) != 0
        )
    }
}

extension NetlinkMessage {
    /// Sets an entry, over one that is there.
    package static func setNeighbour(_ neighbour: Neighbour) -> NetlinkMessage {
        Self.neighbour(
            "set neighbour",
            neighbour,
            type: RTM_NEWNEIGH,
            flags: NLM_F_CREATE | NLM_F_REPLACE
        )
    }

    /// `ENOENT` when there is no such entry.
    package static func deleteNeighbour(_ neighbour: Neighbour) -> NetlinkMessage {
        Self.neighbour("delete neighbour", neighbour, type: RTM_DELNEIGH)
    }

    private static func neighbour(
        _ verb: String,
        _ neighbour: Neighbour,
        type: Int,
        flags: Int32 = 0
    ) -> NetlinkMessage {
        var message = NetlinkMessage(verb, "\(neighbour)", type: type, flags: flags)
        var fixed = ndmsg()
        fixed.ndm_family = neighbour.address.family.number
        fixed.ndm_ifindex = neighbour.interface.signed
        fixed.ndm_state = UInt16(neighbour.isPermanent ? NUD_PERMANENT : NUD_REACHABLE)
        message.append(fixed: fixed)
        message.append(NDA_DST, neighbour.address)
        if let mac = neighbour.mac { message.append(NDA_LLADDR, bytes: mac.bytes) }
        return message
    }
}

extension NetlinkSocket {
    /// Sets an entry; doing it twice does nothing more.
    package mutating func setNeighbour(_ neighbour: Neighbour) throws(NetlinkError) {
        try perform(.setNeighbour(neighbour))
    }

    /// Deletes an entry; `ENOENT` when there is none.
    package mutating func deleteNeighbour(_ neighbour: Neighbour) throws(NetlinkError) {
        try perform(.deleteNeighbour(neighbour))
    }

    /// Entries of one family, on one link or on all.
    package mutating func neighbours(
        _ family: Family,
        on interface: InterfaceIndex? = nil
    ) throws(NetlinkError) -> [Neighbour] {
        var message = NetlinkMessage("list", "neighbours", type: RTM_GETNEIGH)
        var fixed = ndmsg()
        fixed.ndm_family = family.number
        message.append(fixed: fixed)
        if let interface { message.append(NDA_IFINDEX, interface.rawValue) }
        return try dumpAll(message, of: RTM_NEWNEIGH) { reader throws(WireError) in
            try Neighbour(parsing: &reader)
        }
    }
}
