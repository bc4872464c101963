package import BGPConfiguration
package import JSON
package import Model

/// A node's speaker as people, metrics and CalicoNodeStatus see it.
package struct SpeakerReport: Hashable, Sendable {
    package var node: String
    package var routerID: Address
    package var localAS: UInt32
    package var peers: [PeerReport] = []
    package var problems: [BGPProblem] = []
    /// Learnt routes in the kernel.
    package var installed = 0
    /// Learnt routes that the kernel refused, and why.
    package var refused: [Prefix: String] = [:]
    /// Learnt routes with no way to their next hop.
    package var unreachable = 0

    package init(node: String, routerID: Address, localAS: UInt32) {
        self.node = node
        self.routerID = routerID
        self.localAS = localAS
    }
}

/// A session and what is exchanged over it.
package struct PeerReport: Hashable, Sendable {
    /// RFC 4271 §8.2.2, in its words.
    package enum State: String, Hashable, Sendable, CaseIterable {
        case idle = "Idle"
        case connect = "Connect"
        case active = "Active"
        case openSent = "OpenSent"
        case openConfirm = "OpenConfirm"
        case established = "Established"
    }

    /// Routes of one family.
    package struct Counts: Hashable, Sendable {
        package var received: Int
        package var accepted: Int
        package var advertised: Int

        package init(received: Int = 0, accepted: Int = 0, advertised: Int = 0) {
            self.received = received
            self.accepted = accepted
            self.advertised = advertised
        }
    }

    package var peer: BGPPeerConfiguration
    package var state: State
    package var inState: Duration
    /// Why the state before was left.
    package var reason: String
    /// How often the session came up.
    package var establishedCount: Int
    package var counts: [Family: Counts]

    package init(
        _ peer: BGPPeerConfiguration,
        _ state: State,
        inState: Duration = .zero,
        reason: String = "",
        establishedCount: Int = 0,
        counts: [Family: Counts] = [:]
    ) {
        self.peer = peer
        self.state = state
        self.inState = inState
        self.reason = reason
        self.establishedCount = establishedCount
        self.counts = counts
    }
}

// MARK: - JSON

extension BGPPeerConfiguration.Kind {
    /// What a person calls it.
    package var word: String {
        switch self {
        case .mesh: "mesh"
        case .global: "global"
        case .node: "node"
        case .localWorkload: "workload"
        }
    }
}

extension SpeakerReport {
    /// The answer to the verb `peers`.
    package var json: JSONValue {
        [
            "node": .string(node),
            "routerID": .string("\(routerID)"),
            "localAS": .int(Int64(localAS)),
            "peers": .array(peers.map(\.json)),
            "problems": .array(problems.map { .string("\($0)") }),
            "kernel": [
                "installed": .int(Int64(installed)),
                "refused": .int(Int64(refused.count)),
                "unreachable": .int(Int64(unreachable)),
            ],
        ]
    }
}

extension PeerReport {
    package var json: JSONValue {
        var json: JSONValue = [
            "address": .string("\(peer.address)"),
            "port": .int(Int64(peer.port ?? 179)),
            "asNumber": .int(Int64(peer.asNumber)),
            "kind": .string(peer.kind.word),
            "state": .string(state.rawValue),
            "seconds": .int(inState.components.seconds),
            "reason": .string(reason),
            "established": .int(Int64(establishedCount)),
        ]
        json["resource"] = peer.resource.map { .string($0) }
        for (family, counts) in counts.sorted(by: { $0.key.rawValue < $1.key.rawValue }) {
            json["ipv\(family.rawValue)"] = [
                "received": .int(Int64(counts.received)),
                "accepted": .int(Int64(counts.accepted)),
                "advertised": .int(Int64(counts.advertised)),
            ]
        }
        return json
    }
}
