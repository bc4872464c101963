internal import BGPConfiguration
package import IPAM
package import JSON
internal import Model

/// The status of a CalicoNodeStatus object (inventory §2.2).
package struct NodeStatusText: Sendable {
    private let report: SpeakerReport
    private let started: Timestamp
    private let configured: Timestamp
    private let version: String

    /// - Parameters:
    ///   - report: the speaker as it is.
    ///   - started: when the process began.
    ///   - configured: when its configuration last changed.
    ///   - version: the program's.
    package init(
        _ report: SpeakerReport,
        started: Timestamp,
        configured: Timestamp,
        version: String
    ) {
        self.report = report
        self.started = started
        self.configured = configured
        self.version = version
    }

    /// The status for an object that asks for these classes: `Agent`, `BGP`, `Routes`.
    package func status(_ classes: Set<String>, now: Timestamp) -> JSONValue {
        var status: JSONValue = ["lastUpdated": .string("\(now)")]
        if classes.contains("Agent") { status["agent"] = agent }
        if classes.contains("BGP") { status["bgp"] = sessions(now) }
        return status
    }

    /// One speaker serves both families: each is as ready as the other.
    private var agent: JSONValue {
        let state: JSONValue = [
            "state": "Ready",
            "version": .string(version),
            "routerID": .string("\(report.routerID)"),
            "lastBootTime": .string("\(started)"),
            "lastReconfigurationTime": .string("\(configured)"),
        ]
        return ["birdV4": state, "birdV6": state]
    }

    private func sessions(_ now: Timestamp) -> JSONValue {
        var result: JSONValue = [:]
        for family in Family.allCases {
            let peers = report.peers.filter { $0.peer.address.family == family }
            let established = peers.count { $0.state == .established }
            let name = "V\(family.rawValue)"
            result["numberEstablished\(name)"] = .int(Int64(established))
            result["numberNotEstablished\(name)"] = .int(Int64(peers.count - established))
            result["peers\(name)"] = .array(peers.map { entry($0, now) })
        }
        return result
    }

    private func entry(_ peer: PeerReport, _ now: Timestamp) -> JSONValue {
        let seconds = peer.inState.components.seconds
        let since = Timestamp(nanoseconds: now.nanoseconds - seconds * 1_000_000_000)
        return [
            "peerIP": .string("\(peer.peer.address)"),
            "type": .string(Self.type(of: peer.peer.kind)),
            "state": .string(peer.state.rawValue),
            "since": .string("\(since)"),
        ]
    }

    private static func type(of kind: BGPPeerConfiguration.Kind) -> String {
        switch kind {
        case .mesh: "NodeMesh"
        case .global: "GlobalPeer"
        case .node, .localWorkload: "NodePeer"
        }
    }
}
