import Model
import Resources
import Selector

/// The sessions of one node and family (inventory §6.2): the mesh, then what BGPPeers say, then the
/// mirror images of what they say of other nodes.
struct PeerDerivation {
    private let derivation: NodeDerivation
    private let family: Family
    private let ownText: String
    private var ownAddress: Address?
    private var peers: [Peer] = []
    private var taken: [Endpoint: String] = [:]
    private(set) var gateways: [StaticRoute] = []
    private(set) var problems: [BGPProblem] = []

    /// A peer with its address as text, by which they are ordered.
    private struct Peer {
        let text: String
        let configuration: BGPPeerConfiguration
    }

    /// Where a session leads; explicit ones are taken once.
    private struct Endpoint: Hashable {
        let address: Address
        let port: UInt16?
    }

    /// Somebody to peer with, before a BGPPeer says how.
    private struct Candidate {
        var address: Address
        var port: UInt16?
        var asNumber: UInt32?
        /// When it is a node of the cluster.
        var node: NodeFacts?
        var isPassive = false
        /// Where the session comes from, when the BGPPeer does not decide it.
        var source: Address?
    }

    init(_ derivation: NodeDerivation, _ family: Family) {
        self.derivation = derivation
        self.family = family
        ownText = derivation.facts?.text(family) ?? ""
        ownAddress = derivation.facts?.address(family)?.address
    }

    /// By kind, then by the text of the address, then by port.
    var sorted: [BGPPeerConfiguration] {
        peers.sorted { left, right in
            let (one, other) = (left.configuration, right.configuration)
            return (one.kind.rawValue, left.text, one.port ?? 0)
                < (other.kind.rawValue, right.text, other.port ?? 0)
        }
        .map(\.configuration)
    }

    mutating func derive() {
        // No address, no sessions of the family.
        guard ownAddress != nil else { return }
        addMesh()
        let views = derivation.cluster.peers.values.filter { appliesHere($0) }
            .sorted { $0.name < $1.name }
        for view in views where view.nodes == .all { add(view, .global) }
        for view in views where view.nodes != .all { add(view, .node) }
        let mirrored = derivation.cluster.peers.values.filter { $0.isReversed && isTarget($0) }
            .sorted { $0.name < $1.name }
        for view in mirrored { addReversed(view) }
    }

    // MARK: The mesh

    private mutating func addMesh() {
        guard derivation.settings.meshEnabled, !(derivation.facts?.isReflector ?? true)
        else { return }
        let password = password(derivation.settings.meshPassword, of: "BGPConfiguration(default)")
        let restartTime = derivation.settings.meshRestartTime
        peers.reserveCapacity(derivation.cluster.nodes.byName.count)
        for node in derivation.cluster.nodes.byName.values where !node.isReflector {
            guard let address = node.address(family)?.address, address != ownAddress
            else { continue }
            var peer = BGPPeerConfiguration(
                kind: .mesh,
                address: address,
                asNumber: asNumber(of: node),
                localAS: derivation.localAS
            )
            peer.port = listenPort(of: node)
            peer.sourceAddress = ownAddress
            // One end of two connects, so that they do not meet in the middle.
            peer.isPassive = node.text(family) > ownText
            peer.password = password
            peer.restartTime = restartTime
            peers.append(Peer(text: node.text(family), configuration: peer))
        }
    }

    // MARK: BGPPeers

    private mutating func add(_ view: BGPPeerView, _ kind: BGPPeerConfiguration.Kind) {
        switch view.target {
        case .address(let peer):
            guard peer.address.family == family else { return }
            var candidate = candidate(peer, view)
            let isNode = derivation.cluster.nodes.node(at: peer.address) != nil
            candidate.isPassive = kind == .global && isNode && "\(peer.address)" > ownText
            add(view, kind, candidate)
        case .nodes(let selector):
            for node in derivation.cluster.nodes.byName.values
            where selector.matches(node.view.labels) {
                if let candidate = candidate(node) { add(view, kind, candidate) }
            }
        case .workloads(let selector):
            for workload in derivation.cluster.workloads.values
            where workload.id.node == derivation.node && selector.matches(workload.labels) {
                guard let address = workload.addresses.first(where: { $0.family == family })
                else { continue }
                var candidate = Candidate(address: address, asNumber: view.asNumber)
                candidate.source = derivation.settings.workloadPeering(family)
                add(view, .localWorkload, candidate)
            }
        }
    }

    private mutating func addReversed(_ view: BGPPeerView) {
        if case .address(let peer) = view.target, peer.address.family != family { return }
        for node in derivation.cluster.nodes.byName.values where includes(view.nodes, node) {
            guard var candidate = candidate(node) else { continue }
            candidate.asNumber = view.localASNumber ?? candidate.asNumber
            add(view, .node, candidate, isReversed: true)
        }
    }

    private mutating func add(
        _ view: BGPPeerView,
        _ kind: BGPPeerConfiguration.Kind,
        _ candidate: Candidate,
        isReversed: Bool = false
    ) {
        let object = "BGPPeer(\(view.name))"
        guard candidate.address != ownAddress else { return }
        guard let asNumber = candidate.asNumber else {
            problems.append(
                BGPProblem(object, "needs asNumber: \(candidate.address) is no node's address")
            )
            return
        }
        let place = Endpoint(address: candidate.address, port: candidate.port)
        if let holder = taken[place] {
            if !isReversed, holder != view.name {
                let what = "the session with \(candidate.address) is BGPPeer(\(holder))'s already"
                problems.append(BGPProblem(object, what))
            }
            return
        }
        taken[place] = view.name
        let localAS = isReversed ? nil : view.localASNumber
        var peer = BGPPeerConfiguration(
            kind: kind,
            address: candidate.address,
            asNumber: asNumber,
            localAS: localAS ?? derivation.localAS
        )
        peer.resource = view.name
        peer.port = candidate.port
        peer.localASNumber = localAS
        configure(&peer, view, isReversed: isReversed)
        peer.reflectsAs = peer.isInternal ? reflection(to: candidate.node) : nil
        peer.isPassive = candidate.isPassive
        peer.sourceAddress = candidate.source ?? peer.sourceAddress
        peers.append(Peer(text: "\(peer.address)", configuration: peer))
        guard !isReversed, let gateway = view.gateway else { return }
        let route = StaticRoute(Prefix(peer.address), .via(gateway))
        if !gateways.contains(route) { gateways.append(route) }
    }

    private mutating func configure(
        _ peer: inout BGPPeerConfiguration,
        _ view: BGPPeerView,
        isReversed: Bool
    ) {
        peer.sourceAddress = view.usesNodeAddress ? ownAddress : nil
        peer.ttlSecurity = view.ttlSecurity == 0 ? nil : view.ttlSecurity
        peer.password = password(view.password, of: "BGPPeer(\(view.name))")
        peer.restartTime = view.restartTime
        peer.keepaliveTime = view.keepaliveTime
        peer.allowedLocalAS = isReversed ? 0 : view.allowedLocalAS
        peer.nextHop =
            switch view.nextHopMode {
            case .own: .own
            case .keep: .keep
            case .auto: view.keepsNextHopOfExternal && !peer.isInternal ? .keep : .auto
            }
        for name in view.filters {
            guard let filter = derivation.cluster.filters[name] else {
                problems.append(
                    BGPProblem("BGPPeer(\(view.name))", "BGPFilter(\(name)) does not exist")
                )
                continue
            }
            if !filter.rules(.import, family).isEmpty { peer.importFilters.append(name) }
            if !filter.rules(.export, family).isEmpty { peer.exportFilters.append(name) }
        }
    }

    // MARK: Who is meant

    private func appliesHere(_ view: BGPPeerView) -> Bool {
        derivation.facts.map { includes(view.nodes, $0) } ?? false
    }

    private func includes(_ nodes: BGPPeerView.Nodes, _ node: NodeFacts) -> Bool {
        switch nodes {
        case .all: true
        case .named(let name): name == node.view.name
        case .selected(let selector): selector.matches(node.view.labels)
        }
    }

    /// Whether other nodes' side of the peering leads to this node.
    private func isTarget(_ view: BGPPeerView) -> Bool {
        guard let facts = derivation.facts else { return false }
        switch view.target {
        case .nodes(let selector): return selector.matches(facts.view.labels)
        case .address(let peer):
            guard peer.address == ownAddress else { return false }
            return isMeant(facts, by: peer, view)
        case .workloads: return false
        }
    }

    /// Whether a node with the peer's address is the peer: its AS number, and its port if one is
    /// given, must be the BGPPeer's.
    private func isMeant(_ node: NodeFacts, by peer: PeerAddress, _ view: BGPPeerView) -> Bool {
        guard asNumber(of: node) == view.asNumber ?? derivation.settings.clusterAS
        else { return false }
        guard let port = peer.port, let own = listenPort(of: node) else { return true }
        return port == own
    }

    private func candidate(_ peer: PeerAddress, _ view: BGPPeerView) -> Candidate {
        let node = derivation.cluster.nodes.node(at: peer.address)
            .flatMap { isMeant($0, by: peer, view) ? $0 : nil }
        return Candidate(
            address: peer.address,
            port: peer.port ?? node.flatMap { listenPort(of: $0) },
            asNumber: view.asNumber ?? node.map { asNumber(of: $0) },
            node: node
        )
    }

    private func candidate(_ node: NodeFacts) -> Candidate? {
        guard let address = node.address(family)?.address else { return nil }
        return Candidate(
            address: address,
            port: listenPort(of: node),
            asNumber: asNumber(of: node),
            node: node
        )
    }

    private func asNumber(of node: NodeFacts) -> UInt32 {
        node.view.asNumber ?? derivation.settings.clusterAS
    }

    private func listenPort(of node: NodeFacts) -> UInt16? {
        let configurations = derivation.cluster.configurations
        return configurations["node.\(node.view.name)"]?.listenPort
            ?? configurations["default"]?.listenPort
    }

    /// This node's cluster id, when the peer is of no cluster or of another (RFC 4456 §7).
    private func reflection(to peer: NodeFacts?) -> Address? {
        guard let own = derivation.facts?.view.routeReflectorClusterID,
            peer?.view.routeReflectorClusterID != own
        else { return nil }
        var ignored: [BGPProblem] = []
        return derivation.clusterID(&ignored)
    }

    private mutating func password(
        _ place: SecretKey?,
        of object: String
    ) -> BGPPeerConfiguration.Password {
        guard let place else { return .none }
        if let secret = derivation.cluster.secrets[place.name]?.values[place.key] {
            return .known(secret)
        }
        problems.append(BGPProblem(object, "the password's \(place) does not exist"))
        return .missing(place)
    }
}
