package import Model

/// One route that this node's main table must hold.
package struct ClusterRoute: Hashable, Sendable, CustomStringConvertible {
    /// What becomes of a packet.
    package enum Action: Hashable, Sendable {
        /// To another node's address, on our own segment.
        case via(Address)
        /// Dropped: an address of our own block that no pod has. A pod's own route is longer and
        /// so wins.
        case blackhole
    }

    package let destination: Prefix
    package let action: Action

    package init(_ destination: Prefix, _ action: Action) {
        self.destination = destination
        self.action = action
    }

    package var description: String {
        switch action {
        case .via(let address): "\(destination) via \(address)"
        case .blackhole: "blackhole \(destination)"
        }
    }
}

/// A block or address of another node to which there is no route, and why.
///
/// It is left without one rather than sent where it would be lost or leak past its tunnel.
package struct Unrouted: Hashable, Sendable, CustomStringConvertible {
    package enum Reason: Hashable, Sendable {
        case unknownNode
        /// The node has no address of the destination's family, or we have none.
        case noAddress(Family)
        /// No pool holds it, so nothing says whether it needs a tunnel.
        case outsidePools
        /// The pool asks for a tunnel.
        case encapsulated
        /// The node is on another segment; a routing protocol must provide the way.
        case otherSubnet
    }

    package let destination: Prefix
    package let node: String
    package let reason: Reason

    package init(_ destination: Prefix, node: String, _ reason: Reason) {
        self.destination = destination
        self.node = node
        self.reason = reason
    }

    package var description: String {
        let text =
            switch reason {
            case .unknownNode: "the node is not known"
            case .noAddress(let family):
                "the nodes do not both have an IPv\(family.rawValue) address"
            case .outsidePools: "it is in no IP pool"
            case .encapsulated: "its pool asks for a tunnel, which is not supported yet"
            case .otherSubnet: "the node is on another subnet and nothing announces the route"
            }
        return "no route to \(destination) on node \(node): \(text)"
    }
}
