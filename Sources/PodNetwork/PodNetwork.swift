import Glibc
import Linux
import Model
import Netlink

/// The link between a pod and its node, made in two steps so that no packet precedes policy.
///
///     setUp      both ends exist, the pod's is complete, the host's is down: nothing passes
///                (the caller attaches programs to the host end and waits for policy)
///     activate   the host end goes up and the host learns its routes to the pod
///
///     pod's namespace                            host's namespace (the calling thread's)
///       eth0  10.65.0.1/32  ─────── veth ───────  cali… ee:ee:ee:ee:ee:ee
///       169.254.1.1 dev eth0                      10.65.0.1 dev cali…
///       default via 169.254.1.1                   fd00:65::1 dev cali…
///       default via fe80::ecee:eeff:feee:eeee
///
/// The pod's gateways have permanent neighbour entries, so that nothing depends on ARP or
/// neighbour discovery; the host answers ARP for them nevertheless, as Calico's does.
///
/// All calls are synchronous and may block on the kernel's lock for network configuration: make
/// them off the shared pool.
package enum PodNetwork {
    /// Creates the link, the host end down; doing it twice does nothing more.
    ///
    /// A host end that leads elsewhere, left over from another pod, is deleted. When anything
    /// fails, the link is taken away again.
    package static func setUp(_ pod: PodInterface) throws(PodNetworkError) -> PodLink {
        guard !pod.addresses.isEmpty else { throw .invalid("\(pod.hostName) has no address") }
        let namespace = try open(pod)
        return try PodNetworkError.wrapping {
            var host = try NetlinkSocket()
            let created = try createPair(pod, namespace, &host)
            do {
                let end = try PodEnd.configure(pod, in: namespace)
                let link = try HostEnd.configure(pod, &host)
                return PodLink(
                    hostName: pod.hostName,
                    hostIndex: link,
                    hostMAC: HostEnd.mac,
                    podName: pod.podName,
                    podIndex: end.index,
                    podMAC: end.mac
                )
            } catch {
                // The first error is the one to tell; a link that will not go is found by name
                // and deleted by the next attempt.
                if created { _ = try? host.deleteLink(named: pod.hostName) }
                throw error
            }
        }
    }

    /// Lets packets pass: brings the host end up and adds the host's routes to the pod.
    ///
    /// A link that goes up drops packets until the kernel's link watch has run; asking for one
    /// link makes it run (Linux 6.4), so that not even the pod's first packet is lost.
    package static func activate(
        _ link: PodLink,
        _ pod: PodInterface
    ) throws(PodNetworkError) {
        let namespace = try open(pod)
        try PodNetworkError.wrapping {
            var host = try NetlinkSocket()
            let routes = HostEnd.routes(to: pod, link.hostIndex)
            try host.performEach(
                [.setLink(link.hostIndex, LinkChange(isUp: true))]
                    + routes.map { .replaceRoute($0) }
            )
            _ = try host.link(link.hostIndex)
            var inside = try NetlinkSocket(in: namespace)
            _ = try inside.link(link.podIndex)
        }
    }

    /// Deletes the link with everything on it; `false` when there was none.
    ///
    /// The kernel takes some 20 ms for it, most of them waiting; many at once wait together.
    package static func tearDown(hostName: String) throws(PodNetworkError) -> Bool {
        try PodNetworkError.wrapping {
            var host = try NetlinkSocket()
            return try host.deleteLink(named: hostName)
        }
    }

    /// Throws unless both ends, the addresses and the routes are all there, and up.
    package static func check(_ pod: PodInterface) throws(PodNetworkError) {
        let namespace = try open(pod)
        try PodNetworkError.wrapping {
            var host = try NetlinkSocket()
            try HostEnd.check(pod, &host)
            try PodEnd.check(pod, in: namespace)
        }
    }

    static func open(_ pod: PodInterface) throws(PodNetworkError) -> NetworkNamespace {
        do throws(LinuxError) {
            return try NetworkNamespace(path: pod.namespacePath)
        } catch {
            throw .noNamespace(path: pod.namespacePath, reason: error)
        }
    }

    // MARK: The pair

    /// Whether the pair was made now; `false` when the very same one was there already.
    private static func createPair(
        _ pod: PodInterface,
        _ namespace: borrowing NetworkNamespace,
        _ host: inout NetlinkSocket
    ) throws -> Bool {
        try namespace.withRaw { raw in
            let pair = VethPair(
                name: pod.hostName,
                mac: HostEnd.mac,
                peerName: pod.podName,
                peerMAC: pod.podMAC,
                peerNamespace: raw,
                mtu: pod.mtu,
                queues: pod.queues
            )
            do throws(NetlinkError) {
                try host.createVeth(pair)
                return true
            } catch  where error.errno == EEXIST {
                if try isOurs(pod, namespace, &host) { return false }
                guard try host.deleteLink(named: pod.hostName) else {
                    throw PodNetworkError.interfaceExists(
                        name: pod.podName,
                        namespace: pod.namespacePath
                    )
                }
                try createAfresh(pair, pod, &host)
                return true
            }
        }
    }

    /// With the host's name free, only the pod's can be taken.
    private static func createAfresh(
        _ pair: VethPair,
        _ pod: PodInterface,
        _ host: inout NetlinkSocket
    ) throws {
        do throws(NetlinkError) {
            try host.createVeth(pair)
        } catch  where error.errno == EEXIST {
            throw PodNetworkError.interfaceExists(name: pod.podName, namespace: pod.namespacePath)
        }
    }

    /// Whether the two names are the two ends of one pair.
    private static func isOurs(
        _ pod: PodInterface,
        _ namespace: borrowing NetworkNamespace,
        _ host: inout NetlinkSocket
    ) throws -> Bool {
        var inside = try NetlinkSocket(in: namespace)
        guard let outer = try host.link(named: pod.hostName), outer.kind == "veth",
            let inner = try inside.link(named: pod.podName), inner.kind == "veth"
        else { return false }
        return outer.peer == inner.index && inner.peer == outer.index
    }
}
