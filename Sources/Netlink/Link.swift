import CLinux
import Glibc
package import Model
package import Wire

/// A network interface as the kernel describes it.
package struct Link: Hashable, Sendable {
    package var index: InterfaceIndex
    package var name: String
    package var mtu: UInt32
    /// `nil` for links without Ethernet addresses.
    package var mac: MAC?
    /// Switched on by an administrator.
    package var isUp: Bool
    /// The other end is up too: packets can flow.
    package var hasCarrier: Bool
    package var isLoopback: Bool
    /// `veth`, `vxlan`, `bridge`, …; `nil` for hardware and loopback.
    package var kind: String?
    /// The bridge or bond it belongs to.
    package var master: InterfaceIndex?
    /// A veth's other end, or what a tunnel runs over; a number of *that* end's namespace.
    package var peer: InterfaceIndex?
    /// Whether `peer` is in another namespace.
    package var peerIsElsewhere: Bool

    package init(
        index: InterfaceIndex,
        name: String = "",
        mtu: UInt32 = 0,
        mac: MAC? = nil,
        isUp: Bool = false,
        hasCarrier: Bool = false,
        isLoopback: Bool = false,
        kind: String? = nil,
        master: InterfaceIndex? = nil,
        peer: InterfaceIndex? = nil,
        peerIsElsewhere: Bool = false
    ) {
        self.index = index
        self.name = name
        self.mtu = mtu
        self.mac = mac
        self.isUp = isUp
        self.hasCarrier = hasCarrier
        self.isLoopback = isLoopback
        self.kind = kind
        self.master = master
        self.peer = peer
        self.peerIsElsewhere = peerIsElsewhere
    }
}

extension Link {
    /// Reads the body of `RTM_NEWLINK` or `RTM_DELLINK`; `nil` for announcements of other families,
    /// which tell of a link's place in a bridge and not of the link.
    ///
    ///     | ifinfomsg (16 bytes) | IFLA_… |
    package init?(parsing reader: inout ByteReader) throws(WireError) {
        let fixed = try reader.readNative(ifinfomsg.self)
        guard Int32(fixed.ifi_family) == AF_UNSPEC else { return nil }
        self.init(
            index: InterfaceIndex(rawValue: UInt32(bitPattern: fixed.ifi_index)),
            isUp: fixed.ifi_flags & UInt32(IFF_UP) != 0,
            hasCarrier: fixed.ifi_flags & UInt32(IFF_RUNNING) != 0,
            isLoopback: fixed.ifi_flags & UInt32(IFF_LOOPBACK) != 0
        )
        var link = self
        try forEachAttribute(&reader) { type, value throws(WireError) in
            try link.read(type, &value)
        }
        self = link
    }

    private mutating func read(_ type: UInt16, _ value: inout ByteReader) throws(WireError) {
        switch Int(type) {
        case IFLA_IFNAME: name = value.readText()
        case IFLA_MTU: mtu = try value.readNative()
        case IFLA_ADDRESS: mac = isLoopback ? nil : MAC(bytes: value.readRest())
        case IFLA_MASTER: master = InterfaceIndex(try value.readNative(Int32.self))
        case IFLA_LINK: peer = InterfaceIndex(try value.readNative(Int32.self))
        case IFLA_LINK_NETNSID: peerIsElsewhere = true
        case IFLA_LINKINFO:
            var kind: String?
            try forEachAttribute(&value) { type, value throws(WireError) in
                if type == UInt16(IFLA_INFO_KIND) { kind = value.readText() }
            }
            self.kind = kind
        default: break
        }
    }
}
