package import Model

/// A node as routing sees it: where its blocks are reached.
package struct Node: Hashable, Sendable {
    /// One address of a node, and the link-layer segment that it says it is on.
    package struct Attachment: Hashable, Sendable {
        package var address: Address
        package var subnet: Prefix

        package init(address: Address, subnet: Prefix) {
            self.address = address
            self.subnet = subnet
        }

        /// Reads `address/length`, the form of a Node's `spec.bgp.ipv4Address`: the host part is the
        /// address, the network part its subnet.
        package init?(_ text: some StringProtocol) {
            let parts = text.split(separator: "/", maxSplits: 1)
            guard let first = parts.first, let address = Address(first), let subnet = Prefix(text)
            else { return nil }
            self.init(address: address, subnet: subnet)
        }
    }

    package var name: String
    package var attachments: [Family: Attachment]

    package init(name: String, attachments: [Family: Attachment]) {
        self.name = name
        self.attachments = attachments
    }
}

/// An aligned part of a pool and who has it.
package struct Block: Hashable, Sendable {
    package var prefix: Prefix
    /// The node with the confirmed affinity; `nil` when no node has one.
    package var node: String?
    /// Addresses in use on other nodes than `node`.
    package var borrowed: [Address: String]

    package init(prefix: Prefix, node: String?, borrowed: [Address: String] = [:]) {
        self.prefix = prefix
        self.node = node
        self.borrowed = borrowed
    }
}

/// An IP pool as routing sees it.
///
/// A disabled pool gives out nothing new but what it gave keeps working, so being disabled is no
/// matter here.
package struct Pool: Hashable, Sendable {
    /// When packets to another node are put into a tunnel (`vxlanMode`, `ipipMode`).
    package enum Encapsulation: Hashable, Sendable {
        case never
        case crossSubnet
        case always
    }

    package var prefix: Prefix
    package var encapsulation: Encapsulation

    package init(prefix: Prefix, encapsulation: Encapsulation = .never) {
        self.prefix = prefix
        self.encapsulation = encapsulation
    }
}

/// Everything that decides this node's routes.
package struct Topology: Hashable, Sendable {
    package var thisNode: String
    package var nodes: [String: Node]
    package var blocks: Set<Block>
    package var pools: Set<Pool>

    package init(
        thisNode: String,
        nodes: [String: Node] = [:],
        blocks: Set<Block> = [],
        pools: Set<Pool> = []
    ) {
        self.thisNode = thisNode
        self.nodes = nodes
        self.blocks = blocks
        self.pools = pools
    }
}
