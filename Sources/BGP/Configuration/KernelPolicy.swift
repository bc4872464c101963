package import Model

/// What becomes of a learnt route in this node's kernel.
package enum KernelVerdict: Hashable, Sendable {
    case write
    /// Into the IPIP device.
    case tunnel
    /// Another agent has a route of its own, or this node has the destination.
    case leave
}

extension FamilyConfiguration {
    /// Judges a learnt route by who programs what (inventory §6.3, §6.4).
    ///
    /// - Parameters:
    ///   - prefix: the route's destination.
    ///   - nextHop: the peers' word for where it goes.
    ///   - priority: its metric; `nil` for none.
    /// - Returns: whether it is written, and how.
    package func kernelVerdict(
        _ prefix: Prefix,
        via nextHop: Address,
        priority: UInt32?
    ) -> KernelVerdict {
        let isPreferred = priority.map { $0 < normalPriority } ?? false
        // What this node has itself it does not look for elsewhere, unless it has moved.
        if blocks.contains(prefix), !isPreferred { return .leave }
        if wireguardPeers.contains(nextHop) { return .leave }
        guard let rule = kernelNets.first(where: { $0.matches(prefix) }) else { return .write }
        switch (rule.action, rule.tunnel) {
        case (.reject, _): return .leave
        case (.accept, nil): return .write
        case (.accept, .always): return .tunnel
        case (.accept, .outside(let subnet)): return subnet.contains(nextHop) ? .write : .tunnel
        }
    }
}

extension FamilyConfiguration {
    /// The sessions to hold: Calico lists a node that is peered with by name in the mesh too, where
    /// one session can only be; what is said of the peer goes before the mesh.
    package var sessions: [BGPPeerConfiguration] {
        let explicit = Set(peers.filter { $0.kind != .mesh }.map(\.address))
        return peers.filter { $0.kind != .mesh || !explicit.contains($0.address) }
    }

    /// The node's own routes: blocks, services and borrowed addresses, each once.
    package var origins: [Prefix] {
        let services = staticRoutes.compactMap { route -> Prefix? in
            guard case .blackhole = route.action else { return nil }
            return route.net
        }
        return Set(blocks + services + borrowed).sorted()
    }
}
