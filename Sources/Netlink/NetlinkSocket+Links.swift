import CLinux
import Glibc
package import Model
import Wire

/// A veth pair to create: this end here, the other where `peerNamespace` leads.
package struct VethPair: Hashable, Sendable {
    package var name: String
    package var mac: MAC?
    package var peerName: String
    /// `nil` lets the kernel choose.
    package var peerMAC: MAC?
    /// A descriptor of a namespace, open while the call lasts; `nil` for the same one.
    package var peerNamespace: Int32?
    /// Of both ends.
    package var mtu: UInt32?
    /// Transmit and receive queues of both ends.
    package var queues: UInt32

    package init(
        name: String,
        mac: MAC? = nil,
        peerName: String,
        peerMAC: MAC? = nil,
        peerNamespace: Int32? = nil,
        mtu: UInt32? = nil,
        queues: UInt32 = 1
    ) {
        self.name = name
        self.mac = mac
        self.peerName = peerName
        self.peerMAC = peerMAC
        self.peerNamespace = peerNamespace
        self.mtu = mtu
        self.queues = queues
    }
}

/// What to change about a link; `nil` leaves it as it is.
package struct LinkChange: Hashable, Sendable {
    package var isUp: Bool?
    package var name: String?
    package var mtu: UInt32?
    package var mac: MAC?
    package var master: InterfaceIndex?
    /// A descriptor of the namespace to move to, open while the call lasts.
    package var namespace: Int32?

    package init(
        isUp: Bool? = nil,
        name: String? = nil,
        mtu: UInt32? = nil,
        mac: MAC? = nil,
        master: InterfaceIndex? = nil,
        namespace: Int32? = nil
    ) {
        self.isUp = isUp
        self.name = name
        self.mtu = mtu
        self.mac = mac
        self.master = master
        self.namespace = namespace
    }
}

extension NetlinkSocket {
    /// Creates both ends, down; `EEXIST` when either name is taken where it belongs.
    package mutating func createVeth(_ pair: VethPair) throws(NetlinkError) {
        try perform(.createVeth(pair))
    }

    /// Creates a link of a kind that needs no more than a name, such as `bridge`, down.
    package mutating func createLink(
        named name: String,
        kind: String,
        mac: MAC? = nil,
        mtu: UInt32? = nil
    ) throws(NetlinkError) {
        try perform(.createLink(named: name, kind: kind, mac: mac, mtu: mtu))
    }

    /// Changes a link; doing it twice does nothing more.
    package mutating func setLink(
        _ index: InterfaceIndex,
        _ change: LinkChange
    ) throws(NetlinkError) {
        try perform(.setLink(index, change))
    }

    /// Deletes a link, and with a veth its other end; `ENODEV` when it is gone already.
    package mutating func deleteLink(_ index: InterfaceIndex) throws(NetlinkError) {
        var message = NetlinkMessage("delete link", "\(index)", type: RTM_DELLINK)
        message.append(fixed: ifinfomsg(index: index))
        try perform(message)
    }

    /// Deletes a link by its name; `false` when there is none.
    package mutating func deleteLink(named name: String) throws(NetlinkError) -> Bool {
        var message = NetlinkMessage("delete link", name, type: RTM_DELLINK)
        message.append(fixed: ifinfomsg())
        message.append(IFLA_IFNAME, name)
        do throws(NetlinkError) {
            try perform(message)
            return true
        } catch  where error.errno == ENODEV {
            return false
        }
    }

    /// The link of that name; `nil` when there is none.
    package mutating func link(named name: String) throws(NetlinkError) -> Link? {
        // A longer name would be refused as out of range; no link has one.
        guard name.utf8.count < IFNAMSIZ else { return nil }
        var message = NetlinkMessage("get link", name, type: RTM_GETLINK)
        message.append(fixed: ifinfomsg())
        message.append(IFLA_IFNAME, name)
        return try link(message)
    }

    /// The link of that number; `nil` when there is none.
    package mutating func link(_ index: InterfaceIndex) throws(NetlinkError) -> Link? {
        var message = NetlinkMessage("get link", "\(index)", type: RTM_GETLINK)
        message.append(fixed: ifinfomsg(index: index))
        return try link(message)
    }

    /// All links of the namespace.
    package mutating func links() throws(NetlinkError) -> [Link] {
        var message = NetlinkMessage("list", "links", type: RTM_GETLINK)
        message.append(fixed: ifinfomsg())
        message.append(IFLA_EXT_MASK, UInt32(RTEXT_FILTER_SKIP_STATS))
        return try dumpAll(message, of: RTM_NEWLINK) { reader throws(WireError) in
            try Link(parsing: &reader)
        }
    }

    private mutating func link(_ message: NetlinkMessage) throws(NetlinkError) -> Link? {
        var message = message
        message.append(IFLA_EXT_MASK, UInt32(RTEXT_FILTER_SKIP_STATS))
        do throws(NetlinkError) {
            let replies = try request(message)
            return try Self.parseAll(replies, message, of: RTM_NEWLINK) {
                reader throws(WireError) in
                try Link(parsing: &reader)
            }.first
        } catch  where error.errno == ENODEV {
            return nil
        }
    }
}
