import CLinux
import Glibc
package import Model

extension NetlinkMessage {
    /// Both ends in one request: nothing is ever half made.
    ///
    ///     | ifinfomsg | name, MAC, MTU | LINKINFO { KIND veth, DATA { PEER { ifinfomsg | … } } } |
    package static func createVeth(_ pair: VethPair) -> NetlinkMessage {
        var message = NetlinkMessage(
            "create veth",
            "\(pair.name) and \(pair.peerName)",
            type: RTM_NEWLINK,
            flags: NLM_F_CREATE | NLM_F_EXCL
        )
        message.append(fixed: ifinfomsg())
        message.appendLink(pair.name, pair.mac, pair.mtu, queues: pair.queues)
        message.nest(IFLA_LINKINFO) { message in
            message.append(IFLA_INFO_KIND, "veth")
            message.nest(IFLA_INFO_DATA) { message in
                message.nest(VETH_INFO_PEER) { message in
                    message.append(fixed: ifinfomsg())
                    message.appendLink(pair.peerName, pair.peerMAC, pair.mtu, queues: pair.queues)
                    if let namespace = pair.peerNamespace {
                        message.append(IFLA_NET_NS_FD, namespace)
                    }
                }
            }
        }
        return message
    }

    /// A link whose kind has no parameters, or whose defaults will do.
    package static func createLink(
        named name: String,
        kind: String,
        mac: MAC?,
        mtu: UInt32?
    ) -> NetlinkMessage {
        var message = NetlinkMessage(
            "create \(kind)",
            name,
            type: RTM_NEWLINK,
            flags: NLM_F_CREATE | NLM_F_EXCL
        )
        message.append(fixed: ifinfomsg())
        message.appendLink(name, mac, mtu, queues: nil)
        message.nest(IFLA_LINKINFO) { $0.append(IFLA_INFO_KIND, kind) }
        return message
    }

    package static func setLink(_ index: InterfaceIndex, _ change: LinkChange) -> NetlinkMessage {
        var message = NetlinkMessage("set link", "\(index)", type: RTM_NEWLINK)
        var fixed = ifinfomsg(index: index)
        if let isUp = change.isUp {
            fixed.ifi_change = UInt32(IFF_UP)
            fixed.ifi_flags = isUp ? UInt32(IFF_UP) : 0
        }
        message.append(fixed: fixed)
        if let name = change.name { message.append(IFLA_IFNAME, name) }
        if let mac = change.mac { message.append(IFLA_ADDRESS, bytes: mac.bytes) }
        if let mtu = change.mtu { message.append(IFLA_MTU, mtu) }
        if let master = change.master { message.append(IFLA_MASTER, master.rawValue) }
        if let namespace = change.namespace { message.append(IFLA_NET_NS_FD, namespace) }
        return message
    }

    private mutating func appendLink(
        _ name: String,
        _ mac: MAC?,
        _ mtu: UInt32?,
        queues: UInt32?
    ) {
        append(IFLA_IFNAME, name)
        if let mac { append(IFLA_ADDRESS, bytes: mac.bytes) }
        if let mtu { append(IFLA_MTU, mtu) }
        if let queues {
            append(IFLA_NUM_TX_QUEUES, queues)
            append(IFLA_NUM_RX_QUEUES, queues)
        }
    }
}

extension ifinfomsg {
    init(index: InterfaceIndex) {
        self.init()
        ifi_index = index.signed
    }
}
