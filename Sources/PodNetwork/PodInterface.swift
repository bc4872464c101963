package import Model
package import Netlink

/// A pod's interface as it should be.
package struct PodInterface: Hashable, Sendable {
    /// The host end's name; see ``workloadInterfaceName(namespace:pod:prefix:)``.
    package var hostName: String
    /// The pod end's name: the runtime's `CNI_IFNAME`.
    package var podName: String
    /// Leads to the pod's network namespace: the runtime's `CNI_NETNS`.
    package var namespacePath: String
    /// At least one; any number of either family.
    package var addresses: [Address]
    package var mtu: UInt32
    /// `nil` lets the kernel choose.
    package var podMAC: MAC?
    /// Transmit and receive queues of each end.
    package var queues: UInt32
    /// Whether the pod may forward packets of others (`container_settings.allow_ip_forwarding`).
    package var allowsForwarding: Bool
    /// Who the host's routes to the pod say they are from (`deviceRouteProtocol`).
    package var routeProtocol: RouteProtocol
    /// Calico's elevated priority is 512, the normal one 1024; `nil` is the kernel's default.
    package var routePriority: UInt32?

    package init(
        hostName: String,
        podName: String = "eth0",
        namespacePath: String,
        addresses: [Address],
        mtu: UInt32,
        podMAC: MAC? = nil,
        queues: UInt32 = 1,
        allowsForwarding: Bool = false,
        routeProtocol: RouteProtocol = .boot,
        routePriority: UInt32? = nil
    ) {
        self.hostName = hostName
        self.podName = podName
        self.namespacePath = namespacePath
        self.addresses = addresses
        self.mtu = mtu
        self.podMAC = podMAC
        self.queues = queues
        self.allowsForwarding = allowsForwarding
        self.routeProtocol = routeProtocol
        self.routePriority = routePriority
    }

    /// The families it has addresses of, always in the same order.
    var families: [Family] {
        Family.allCases.filter { family in addresses.contains { $0.family == family } }
    }
}

/// Both ends of a pod's link as they are.
package struct PodLink: Hashable, Sendable {
    package var hostName: String
    package var hostIndex: InterfaceIndex
    package var hostMAC: MAC
    package var podName: String
    /// In the pod's namespace.
    package var podIndex: InterfaceIndex
    package var podMAC: MAC

    package init(
        hostName: String,
        hostIndex: InterfaceIndex,
        hostMAC: MAC,
        podName: String,
        podIndex: InterfaceIndex,
        podMAC: MAC
    ) {
        self.hostName = hostName
        self.hostIndex = hostIndex
        self.hostMAC = hostMAC
        self.podName = podName
        self.podIndex = podIndex
        self.podMAC = podMAC
    }
}
