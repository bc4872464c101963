import CLinux
package import Model
package import Wire

/// An address on a link.
package struct InterfaceAddress: Hashable, Sendable {
    package var interface: InterfaceIndex
    package var address: Address
    /// Length of the network that the kernel takes to be on the link.
    package var prefixLength: Int
    package var scope: RouteScope
    /// Use it at once, without duplicate address detection (IPv6, RFC 4862 §5.4).
    package var skipsDuplicateDetection: Bool

    package init(
        interface: InterfaceIndex,
        address: Address,
        prefixLength: Int? = nil,
        scope: RouteScope = .universe,
        skipsDuplicateDetection: Bool = false
    ) {
        self.interface = interface
        self.address = address
        self.prefixLength = prefixLength ?? address.family.bitWidth
        self.scope = scope
        self.skipsDuplicateDetection = skipsDuplicateDetection
    }
}

extension InterfaceAddress: CustomStringConvertible {
    package var description: String { "\(address)/\(prefixLength) on \(interface)" }
}

extension InterfaceAddress {
    /// Reads the body of `RTM_NEWADDR` or `RTM_DELADDR`; `nil` for families other than IP.
    ///
    ///     | ifaddrmsg (8 bytes) | IFA_… |
    package init?(parsing reader: inout ByteReader) throws(WireError) {
        let fixed = try reader.readNative(ifaddrmsg.self)
        guard Family(number: fixed.ifa_family) != nil else { return nil }
        var remote: Address?
        var local: Address?
        var flags = UInt32(fixed.ifa_flags)
        try forEachAttribute(&reader) { type, value throws(WireError) in
            switch Int(type) {
            case IFA_ADDRESS: remote = Address(bytes: value.readRest())
            case IFA_LOCAL: local = Address(bytes: value.readRest())
            case IFA_FLAGS: flags = try value.readNative()
            default: break
            }
        }
        // On a point-to-point link IFA_ADDRESS is the other end.
        guard let address = local ?? remote else { return nil }
        self.init(
            interface: InterfaceIndex(rawValue: fixed.ifa_index),
            address: address,
            prefixLength: Int(fixed.ifa_prefixlen),
            scope: RouteScope(rawValue: fixed.ifa_scope),
            skipsDuplicateDetection: flags & UInt32(IFA_F_NODAD) != 0
        )
    }
}

extension NetlinkMessage {
    package static func addAddress(_ address: InterfaceAddress) -> NetlinkMessage {
        Self.address(
            "add address",
            address,
            type: RTM_NEWADDR,
            flags: NLM_F_CREATE | NLM_F_REPLACE
        )
    }

    package static func deleteAddress(_ address: InterfaceAddress) -> NetlinkMessage {
        Self.address("delete address", address, type: RTM_DELADDR)
    }

    private static func address(
        _ verb: String,
        _ address: InterfaceAddress,
        type: Int,
        flags: Int32 = 0
    ) -> NetlinkMessage {
        var message = NetlinkMessage(verb, "\(address)", type: type, flags: flags)
        var fixed = ifaddrmsg()
        fixed.ifa_family = address.address.family.number
        fixed.ifa_prefixlen = UInt8(address.prefixLength)
        fixed.ifa_scope = address.scope.rawValue
        fixed.ifa_index = address.interface.rawValue
        message.append(fixed: fixed)
        message.append(IFA_LOCAL, address.address)
        message.append(IFA_ADDRESS, address.address)
        if address.skipsDuplicateDetection {
            message.append(IFA_FLAGS, UInt32(IFA_F_NODAD))
        }
        return message
    }
}

extension NetlinkSocket {
    /// Puts an address on a link; doing it twice does nothing more.
    package mutating func addAddress(_ address: InterfaceAddress) throws(NetlinkError) {
        try perform(.addAddress(address))
    }

    /// Takes an address off a link; `EADDRNOTAVAIL` when it is not there.
    package mutating func deleteAddress(_ address: InterfaceAddress) throws(NetlinkError) {
        try perform(.deleteAddress(address))
    }

    /// Addresses of one link or of all.
    package mutating func addresses(
        on interface: InterfaceIndex? = nil
    ) throws(NetlinkError) -> [InterfaceAddress] {
        var message = NetlinkMessage("list", "addresses", type: RTM_GETADDR)
        var fixed = ifaddrmsg()
        fixed.ifa_index = interface?.rawValue ?? 0
        message.append(fixed: fixed)
        return try dumpAll(message, of: RTM_NEWADDR) { reader throws(WireError) in
            try InterfaceAddress(parsing: &reader)
        }
    }
}
