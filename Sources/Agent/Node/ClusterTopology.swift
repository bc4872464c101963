package import Datastore
internal import JSON
package import Model
package import Resources
package import Routing

/// The part of the store that decides this node's routes, as routing wants it.
package struct ClusterTopology: Sendable {
    private var nodes: [String: Routing.Node] = [:]
    private var pools: [String: Routing.Pool] = [:]
    private var blocks: [String: Routing.Block] = [:]
    private let thisNode: String

    /// The kinds that it reads.
    package static let types: [ResourceType] = [
        .calico("Node"), .calico("IPPool"), .calico("IPAMBlock"),
    ]

    package init(thisNode: String) {
        self.thisNode = thisNode
    }

    package var topology: Topology {
        Topology(
            thisNode: thisNode,
            nodes: nodes,
            blocks: Set(blocks.values),
            pools: Set(pools.values)
        )
    }

    package var nodeCount: Int { nodes.count }

    /// The node whose own address it is.
    package func node(at address: Address) -> String? {
        nodes.values.first { $0.attachments[address.family]?.address == address }?.name
    }

    /// Takes a whole picture in.
    package mutating func replace(with items: [Resource]) {
        nodes = [:]
        pools = [:]
        blocks = [:]
        for item in items { set(item) }
    }

    package mutating func apply(_ change: Event.Change) {
        switch change {
        case .added(let resource), .modified(let resource): set(resource)
        case .deleted(let resource): remove(resource)
        }
    }

    /// An object that makes no sense is as good as absent.
    private mutating func set(_ resource: Resource) {
        remove(resource)
        switch resource.kind {
        case "Node": nodes[resource.name] = Self.node(resource)
        case "IPPool": pools[resource.name] = Self.pool(resource)
        case "IPAMBlock": blocks[resource.name] = Self.block(resource)
        default: break
        }
    }

    private mutating func remove(_ resource: Resource) {
        switch resource.kind {
        case "Node": nodes[resource.name] = nil
        case "IPPool": pools[resource.name] = nil
        case "IPAMBlock": blocks[resource.name] = nil
        default: break
        }
    }

    private static func node(_ resource: Resource) -> Routing.Node {
        var attachments: [Family: Routing.Node.Attachment] = [:]
        for family in Family.allCases {
            let field = "ipv\(family.rawValue)Address"
            guard let text = resource.spec["bgp"]?[field]?.string,
                let attachment = Routing.Node.Attachment(text),
                attachment.address.family == family
            else { continue }
            attachments[family] = attachment
        }
        return Routing.Node(name: resource.name, attachments: attachments)
    }

    private static func pool(_ resource: Resource) -> Routing.Pool? {
        guard let prefix = resource.spec["cidr"]?.string.flatMap({ Prefix($0) }) else { return nil }
        let modes = ["vxlanMode", "ipipMode"].compactMap { resource.spec[$0]?.string }
        let encapsulation: Routing.Pool.Encapsulation =
            if modes.contains("Always") {
                .always
            } else if modes.contains("CrossSubnet") {
                .crossSubnet
            } else {
                .never
            }
        return Routing.Pool(prefix: prefix, encapsulation: encapsulation)
    }

    private static func block(_ resource: Resource) -> Routing.Block? {
        BlockUse(resource.spec).map {
            Routing.Block(prefix: $0.cidr, node: $0.node, borrowed: $0.borrowed)
        }
    }
}
