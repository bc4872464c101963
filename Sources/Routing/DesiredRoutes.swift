import Model

/// The routes that a topology asks of this node.
///
/// - A block of another node goes by that node's address; an address that a third node borrowed goes
///   by the borrower's, which being longer wins.
/// - A block of this node is a blackhole, so that a packet for an address which no pod has does not
///   follow the default route and come back. Blocks of one address need none.
package struct DesiredRoutes: Hashable, Sendable {
    package private(set) var routes: Set<ClusterRoute> = []
    package private(set) var unrouted: Set<Unrouted> = []

    private let topology: Topology

    package init(_ topology: Topology) {
        self.topology = topology
        for block in topology.blocks { add(block) }
    }

    private mutating func add(_ block: Block) {
        if let node = block.node {
            if node != topology.thisNode {
                add(block.prefix, on: node)
            } else if !block.prefix.isSingleAddress {
                routes.insert(ClusterRoute(block.prefix, .blackhole))
            }
        }
        for (address, node) in block.borrowed
        where node != block.node && node != topology.thisNode {
            add(Prefix(address), on: node)
        }
    }

    private mutating func add(_ destination: Prefix, on node: String) {
        switch way(to: destination, on: node) {
        case .success(let address): routes.insert(ClusterRoute(destination, .via(address)))
        case .failure(let reason): unrouted.insert(Unrouted(destination, node: node, reason))
        }
    }

    private func way(
        to destination: Prefix,
        on name: String
    ) -> Result<Address, Unrouted.Reason> {
        guard let node = topology.nodes[name] else { return .failure(.unknownNode) }
        let family = destination.family
        guard let theirs = node.attachments[family],
            let ours = topology.nodes[topology.thisNode]?.attachments[family]
        else { return .failure(.noAddress(family)) }
        guard let pool = pool(of: destination) else { return .failure(.outsidePools) }
        let isOnSubnet = ours.subnet.contains(theirs.address)
        switch pool.encapsulation {
        case .always: return .failure(.encapsulated)
        case .crossSubnet where !isOnSubnet: return .failure(.encapsulated)
        case .never where !isOnSubnet: return .failure(.otherSubnet)
        case .crossSubnet, .never: return .success(theirs.address)
        }
    }

    /// The smallest pool around a destination.
    private func pool(of destination: Prefix) -> Pool? {
        topology.pools
            .filter { $0.prefix.contains(destination) }
            .max { $0.prefix.length < $1.prefix.length }
    }
}

extension Unrouted.Reason: Error {}
