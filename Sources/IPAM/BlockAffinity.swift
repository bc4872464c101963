internal import JSON
package import Model

/// A node's claim to a block.
///
/// The claim is written first, then the block, then the claim is confirmed; and the other way round
/// on release: whoever finds it half done knows which way it was going.
package struct BlockAffinity: Hashable, Sendable {
    package enum State: String, Hashable, Sendable {
        case pending
        case confirmed
        case pendingDeletion
    }

    package let owner: Affinity
    package let cidr: Prefix
    package internal(set) var state: State

    init(owner: Affinity, cidr: Prefix, state: State) {
        self.owner = owner
        self.cidr = cidr
        self.state = state
    }
}

extension BlockAffinity: IPAMObject {
    static var kind: String { "BlockAffinity" }

    var objectName: String { ObjectName.affinity(owner, cidr) }

    var spec: JSONValue {
        [
            "state": .string(state.rawValue),
            "node": .string(owner.name),
            "type": .string(owner.kind.rawValue),
            "cidr": .string(cidr.description),
            "deleted": false,
        ]
    }

    init(spec: JSONValue) throws(BlockFormatError) {
        guard let text = spec["cidr"]?.string, let cidr = Prefix(text) else {
            throw BlockFormatError(reason: "cidr is missing or no CIDR")
        }
        guard let node = spec["node"]?.string, !node.isEmpty else {
            throw BlockFormatError(reason: "node is missing")
        }
        let kind = spec["type"]?.string.flatMap(Affinity.Kind.init) ?? .host
        // Old data leaves the state empty where it means confirmed.
        let state = spec["state"]?.string.flatMap(State.init) ?? .confirmed
        self.init(owner: Affinity(kind, node), cidr: cidr, state: state)
    }
}
