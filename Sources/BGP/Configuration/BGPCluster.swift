internal import JSON
package import Model
package import Resources
internal import Selector

/// The part of the store that decides what the nodes' BGP speakers do.
///
/// Objects go in one at a time, as they change; ``configuration(of:)`` gives a node's whole
/// configuration at any time. An object that makes no sense is reported, and its last sensible
/// state, if there was one, stays in force: a slip in one field must not take sessions down.
package struct BGPCluster: Sendable {
    /// The kinds that are read.
    package static let types: [ResourceType] = [
        .calico("Node"), .calico("BGPConfiguration"), .calico("BGPPeer"), .calico("BGPFilter"),
        .calico("IPPool"), .calico("BlockAffinity"), .calico("IPAMBlock"),
        .calico("WorkloadEndpoint"), .core("Service"), .core("Secret"),
        ResourceType(group: "discovery.k8s.io", kind: "EndpointSlice"),
    ]

    private(set) var nodes = NodeTable()
    private(set) var configurations: [String: BGPConfigurationView] = [:]
    private(set) var peers: [String: BGPPeerView] = [:]
    private(set) var filters: [String: BGPFilterView] = [:]
    private(set) var pools: [String: IPPoolView] = [:]
    private(set) var blocks = BlockTable()
    private(set) var services = ServiceTable()
    private(set) var secrets: [String: SecretView] = [:]
    private(set) var workloads: [ResourceKey: Endpoint] = [:]
    private var problems: [ResourceKey: BGPProblem] = [:]

    /// Where the passwords' Secrets are: Calico's own namespace.
    private let secretNamespace: String

    package init(secretNamespace: String = "kube-system") {
        self.secretNamespace = secretNamespace
    }

    /// Takes a whole picture in.
    package mutating func replace(with items: [Resource]) {
        self = BGPCluster(secretNamespace: secretNamespace)
        for item in items { set(item) }
    }

    /// Takes a new or changed object in.
    package mutating func set(_ resource: Resource) {
        problems[resource.key] = nil
        do throws(ConversionError) {
            try take(resource)
        } catch {
            problems[resource.key] = BGPProblem(
                "\(error.object)",
                "\(error.field) \(error.reason)"
            )
        }
    }

    package mutating func remove(_ resource: Resource) {
        let name = resource.name
        problems[resource.key] = nil
        switch resource.kind {
        case "Node": nodes.remove(name)
        case "BGPConfiguration": configurations[name] = nil
        case "BGPPeer": peers[name] = nil
        case "BGPFilter": filters[name] = nil
        case "IPPool": pools[name] = nil
        case "BlockAffinity", "IPAMBlock": blocks.remove(resource.key)
        case "Service", "Endpoints", "EndpointSlice": services.remove(resource.key)
        case "Secret": if resource.namespace == secretNamespace { secrets[name] = nil }
        case "WorkloadEndpoint", "Pod": workloads[resource.key] = nil
        default: break
        }
    }

    private mutating func take(_ resource: Resource) throws(ConversionError) {
        let name = resource.name
        switch resource.kind {
        case "Node": nodes.set(try NodeView(resource))
        case "BGPConfiguration": configurations[name] = try BGPConfigurationView(resource)
        case "BGPPeer": peers[name] = try BGPPeerView(resource)
        case "BGPFilter": filters[name] = try BGPFilterView(resource)
        case "IPPool": pools[name] = try IPPoolView(resource)
        case "BlockAffinity": blocks.set(resource.key, try BlockView(resource))
        case "IPAMBlock": blocks.set(resource.key, borrowed: BorrowedAddresses(resource.spec))
        case "Service": services.set(resource.key, try ServiceView(resource))
        case "Endpoints", "EndpointSlice":
            services.set(resource.key, try ServiceEndpointsView(resource))
        case "Secret":
            if resource.namespace == secretNamespace { secrets[name] = SecretView(resource) }
        case "WorkloadEndpoint", "Pod": workloads[resource.key] = try endpoint(resource)
        default: break
        }
    }

    private func endpoint(_ resource: Resource) throws(ConversionError) -> Endpoint? {
        for case .endpoint(_, let endpoint) in try convert(resource) { return endpoint }
        return nil
    }

    /// What could not be read, by object.
    var unreadable: [BGPProblem] { problems.values.sorted() }

    /// What a node's speaker must do.
    ///
    /// - Parameters:
    ///   - node: its name; it may be unknown, and then has no addresses and no peers.
    ///   - routerID: how it is named to others.
    /// - Returns: all of it, with what was asked for and cannot be.
    package func configuration(
        of node: String,
        routerID: RouterIDChoice = .automatic
    ) -> NodeBGPConfiguration {
        NodeDerivation(self, node: node, routerID: routerID).configuration()
    }
}

/// How a speaker gets its identifier.
package enum RouterIDChoice: Hashable, Sendable {
    /// The node's IPv4 address, or, where it has none, as `hash`.
    case automatic
    /// Made of the node's name.
    case hash
    case address(Address)

    func address(of node: String, ipv4: Address?) -> Address {
        switch self {
        case .address(let address): return address
        case .automatic:
            if let ipv4 { return ipv4 }
        case .hash: break
        }
        let digest = SHA1.digest(of: Array(node.utf8))
        let value = digest.prefix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        // Zero is no identifier (RFC 6286 §2.1).
        return Address(v4: max(value, 1))
    }
}
