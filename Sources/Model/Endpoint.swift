/// Names one workload or host endpoint of the cluster.
package enum EndpointID: Hashable, Sendable, CustomStringConvertible {
    /// `workload` is `namespace/pod` for Kubernetes, `endpoint` the interface in the pod (`eth0`).
    case workload(node: String, workload: String, endpoint: String)
    case host(node: String, name: String)

    package var node: String {
        switch self {
        case .workload(let node, _, _), .host(let node, _): node
        }
    }

    package var description: String {
        switch self {
        case .workload(_, let workload, _): workload
        case .host(let node, let name): "\(node)/\(name)"
        }
    }
}

/// A pod's or a host's interface as policy sees it.
package struct Endpoint: Hashable, Sendable {
    package var id: EndpointID
    /// Its own labels; those of `profiles` are inherited, its own win.
    package var labels: [String: String]
    /// In the order in which their rules are judged.
    package var profiles: [String]
    package var addresses: [Address]
    package var ports: [NamedPort]
    /// The host end of the pod's link, or a host endpoint's interface (`*` for all).
    package var interface: String?
    package var mac: MAC?
    /// Sources other than `addresses` it may use.
    package var allowedSourcePrefixes: [Prefix]

    package init(
        id: EndpointID,
        labels: [String: String] = [:],
        profiles: [String] = [],
        addresses: [Address] = [],
        ports: [NamedPort] = [],
        interface: String? = nil,
        mac: MAC? = nil,
        allowedSourcePrefixes: [Prefix] = []
    ) {
        self.id = id
        self.labels = labels
        self.profiles = profiles
        self.addresses = addresses
        self.ports = ports
        self.interface = interface
        self.mac = mac
        self.allowedSourcePrefixes = allowedSourcePrefixes
    }
}

/// A container port with a name that rules may use.
package struct NamedPort: Hashable, Sendable {
    package var name: String
    package var `protocol`: IPProtocol
    package var port: UInt16

    package init(name: String, protocol: IPProtocol, port: UInt16) {
        self.name = name
        self.protocol = `protocol`
        self.port = port
    }
}

/// Names one network set; `namespace` is `nil` for a GlobalNetworkSet.
package struct NetworkSetID: Hashable, Sendable, CustomStringConvertible {
    package let namespace: String?
    package let name: String

    package init(namespace: String? = nil, name: String) {
        self.namespace = namespace
        self.name = name
    }

    package var description: String { (namespace.map { $0 + "/" } ?? "") + name }
}

/// Labelled CIDRs that selectors match like endpoints.
package struct NetworkSet: Hashable, Sendable {
    package var id: NetworkSetID
    package var labels: [String: String]
    /// Profiles it inherits labels from: `kns.<namespace>` for a NetworkSet.
    package var profiles: [String]
    package var nets: [Prefix]

    package init(
        id: NetworkSetID,
        labels: [String: String] = [:],
        profiles: [String] = [],
        nets: [Prefix] = []
    ) {
        self.id = id
        self.labels = labels
        self.profiles = profiles
        self.nets = nets
    }
}

/// One EndpointSlice's part of a service: a service is the union of its slices.
package struct ServiceSlice: Hashable, Sendable {
    package struct Member: Hashable, Sendable {
        package var address: Address
        package var `protocol`: IPProtocol
        package var port: UInt16

        package init(address: Address, protocol: IPProtocol, port: UInt16) {
            self.address = address
            self.protocol = `protocol`
            self.port = port
        }
    }

    package var service: ServiceID
    package var members: [Member]

    package init(service: ServiceID, members: [Member]) {
        self.service = service
        self.members = members
    }
}
