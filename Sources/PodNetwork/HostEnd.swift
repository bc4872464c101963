import Linux
import Model
import Netlink

/// The end of the link on the node.
enum HostEnd {
    /// Calico's, the same for every pod: with it the IPv6 gateway is the same for every pod too.
    static let mac: MAC = {
        guard let mac = MAC(bytes: [UInt8](repeating: 0xee, count: 6)) else {
            preconditionFailure("six bytes are an address")
        }
        return mac
    }()

    /// Sets the parameters of inventory §7.3; the link stays as up or down as it is.
    static func configure(
        _ pod: PodInterface,
        _ host: inout NetlinkSocket
    ) throws -> InterfaceIndex {
        guard let link = try host.link(named: pod.hostName) else {
            throw PodNetworkError.mismatch("\(pod.hostName) vanished")
        }
        var messages: [NetlinkMessage] = []
        if link.mac != mac || link.mtu != pod.mtu {
            messages.append(.setLink(link.index, LinkChange(mtu: pod.mtu, mac: mac)))
        }
        if pod.families.contains(.v4) {
            messages.append(
                .configure(link.index, [.forwarding: 1, .proxyARP: 1, .routeLocalnet: 1])
            )
            messages.append(.setProxyDelay(link.index, milliseconds: 0))
        }
        try host.performEach(messages)
        if pod.families.contains(.v6) {
            let configuration = try host.configuration(of: link.index)
            try configuration.set(.disabled, to: 0, on: pod.hostName)
            try configuration.set(.acceptDAD, to: 0, on: pod.hostName)
            try configuration.set(.forwarding, to: 1, on: pod.hostName)
            try configuration.set(.proxyNDP, to: 1, on: pod.hostName)
            try configuration.set(.acceptRA, to: 0, on: pod.hostName)
        }
        return link.index
    }

    /// The host's routes to the pod, one an address.
    static func routes(to pod: PodInterface, _ index: InterfaceIndex) -> [Route] {
        pod.addresses.map { address in
            Route(
                to: Prefix(address),
                via: [NextHop(interface: index)],
                protocol: pod.routeProtocol,
                priority: pod.routePriority
            )
        }
    }

    static func check(_ pod: PodInterface, _ host: inout NetlinkSocket) throws {
        guard let link = try host.link(named: pod.hostName) else {
            throw PodNetworkError.mismatch("no \(pod.hostName) on the node")
        }
        guard link.isUp else { throw PodNetworkError.mismatch("\(pod.hostName) is down") }
        guard link.mac == mac else {
            throw PodNetworkError.mismatch("\(pod.hostName) has another address than \(mac)")
        }
        for wanted in routes(to: pod, link.index) {
            let family = wanted.destination.family
            let filter = RouteFilter(table: .main, interface: link.index)
            guard try host.routes(family, filter).contains(wanted) else {
                throw PodNetworkError.mismatch("the node lacks the route \(wanted)")
            }
        }
    }
}
