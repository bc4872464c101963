internal import JSON
package import Model
package import Selector

/// A BGPPeer with its defaults filled in (inventory §2.2): who peers with whom, and how.
package struct BGPPeerView: Hashable, Sendable {
    /// Which nodes of the cluster it is for.
    package enum Nodes: Hashable, Sendable {
        case all
        case named(String)
        case selected(Selector)
    }

    /// Whom those nodes peer with.
    package enum Target: Hashable, Sendable {
        case address(PeerAddress)
        /// Every node that the selector picks.
        case nodes(Selector)
        /// Every workload on the same node that the selector picks.
        case workloads(Selector)
    }

    /// What becomes of the next hop of routes that are passed on.
    package enum NextHopMode: String, Hashable, Sendable {
        case auto = "Auto"
        case own = "Self"
        case keep = "Keep"
    }

    package let name: String
    package let nodes: Nodes
    package let target: Target
    /// `nil` to take that of the node peered with, or the cluster's.
    package let asNumber: UInt32?
    package let localASNumber: UInt32?
    package let nextHopMode: NextHopMode
    /// The older form of `.keep`, for eBGP alone.
    package let keepsNextHopOfExternal: Bool
    package let password: SecretKey?
    /// Sessions come from the node's own address; else the kernel chooses.
    package let usesNodeAddress: Bool
    package let restartTime: Duration?
    package let keepaliveTime: Duration?
    package let allowedLocalAS: Int
    /// Hops a packet may come from (RFC 5082); 0 for no check.
    package let ttlSecurity: UInt8
    package let gateway: Address?
    package let filters: [String]
    /// Whether the nodes peered with get the mirrored peering.
    package let isReversed: Bool

    package init(_ resource: Resource) throws(ConversionError) {
        name = resource.name
        let spec = Field(resource).orEmpty("spec")
        nodes = try spec.peeringNodes()
        target = try spec.peeringTarget()
        let number = try spec["asNumber"]?.asNumber() ?? 0
        asNumber = number == 0 ? nil : number
        let localNumber = try spec["localASNumber"]?.asNumber() ?? 0
        localASNumber = localNumber == 0 ? nil : localNumber
        nextHopMode = try spec.text("nextHopMode").flatMap { NextHopMode(rawValue: $0) } ?? .auto
        keepsNextHopOfExternal = try spec.flag("keepOriginalNextHop")
        password = try spec.secretKey("password")
        usesNodeAddress = try spec.text("sourceAddress")?.lowercased() != "none"
        restartTime = try spec.duration("maxRestartTime")
        keepaliveTime = try spec.duration("keepaliveTime")
        allowedLocalAS = try spec["numAllowedLocalASNumbers"]?.integer(Int.self, in: 0...1000) ?? 0
        ttlSecurity = try spec["ttlSecurity"]?.integer(UInt8.self, in: 0...255) ?? 0
        gateway = try spec.text("reachableBy") == nil ? nil : spec["reachableBy"]?.address()
        filters = try spec.strings("filters")
        isReversed = try spec.text("reversePeering") != "Manual"
        if let gateway, case .address(let peer) = target, peer.address.family != gateway.family {
            throw spec.orEmpty("reachableBy").error("is of another IP version than spec.peerIP")
        }
        if case .workloads = target, asNumber == nil {
            throw spec.orEmpty("asNumber").error("is required with spec.localWorkloadSelector")
        }
    }
}

extension Field {
    fileprivate func peeringNodes() throws(ConversionError) -> BGPPeerView.Nodes {
        let name = try text("node")
        guard let selector = try child(selector: "nodeSelector")?.selector() else {
            return name.map { .named($0) } ?? .all
        }
        guard name == nil else { throw orEmpty("node").error("excludes spec.nodeSelector") }
        return .selected(selector)
    }

    fileprivate func peeringTarget() throws(ConversionError) -> BGPPeerView.Target {
        var targets: [BGPPeerView.Target] = []
        if let text = try text("peerIP") {
            guard let address = PeerAddress(text) else {
                throw orEmpty("peerIP").expected("an IP address, or one with a port")
            }
            targets.append(.address(address))
        }
        if let selector = try child(selector: "peerSelector")?.selector() {
            targets.append(.nodes(selector))
        }
        if let selector = try child(selector: "localWorkloadSelector")?.selector() {
            targets.append(.workloads(selector))
        }
        guard let target = targets.first, targets.count == 1 else {
            throw error("needs exactly one of peerIP, peerSelector and localWorkloadSelector")
        }
        return target
    }
}
