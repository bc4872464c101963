internal import Model

/// Which pools a request may draw from, in order.
struct PoolChoice {
    /// Pools to take addresses from.
    let allowed: [Pool]
    /// Pools that hold on to this node's blocks: `allowed`, and those ruled out by their use alone.
    let selecting: [Pool]

    /// Pools asked for by name or CIDR are taken in the given order, whatever their selectors say;
    /// otherwise every enabled automatic pool that selects node and namespace, by name.
    init(
        _ request: AssignRequest,
        family: Family,
        pools: [Pool],
        nodeLabels: [String: String]
    ) throws(IPAMError) {
        let candidates = pools.filter { $0.isEnabled && $0.cidr.family == family }
        guard !candidates.isEmpty else { throw .noPool("no IPv\(family.rawValue) pool is enabled") }
        let requested = family == .v4 ? request.pools4 : request.pools6
        if requested.isEmpty {
            let namespaceLabels = request.namespaceLabels
            selecting = candidates.filter {
                $0.isAutomatic && $0.selects(nodeLabels: nodeLabels)
                    && $0.selects(namespaceLabels: namespaceLabels)
            }
            guard !selecting.isEmpty else {
                throw .noPool("none selects node \(request.node) and the namespace")
            }
        } else {
            var named: [Pool] = []
            for text in requested {
                let cidr = Prefix(text)
                guard let pool = candidates.first(where: { $0.name == text || $0.cidr == cidr })
                else { throw .unknownPool(text) }
                named.append(pool)
            }
            selecting = named
        }
        allowed = selecting.filter { $0.uses.contains(request.use) }
        guard !allowed.isEmpty else {
            throw .noPool("none allows the use \(request.use.rawValue)")
        }
    }
}

extension [Pool] {
    /// The enabled pool that an address lies in.
    func enabled(containing address: Address) -> Pool? {
        first { $0.isEnabled && $0.cidr.contains(address) }
    }

    /// The pool that a block was most likely cut from: one with its block size before others, one
    /// that did not lose to an overlapping pool, the narrowest, the first by name.
    func owner(of block: Prefix) -> Pool? {
        let containing = filter { $0.cidr.contains(block) }
        let sameSize = containing.filter { $0.blockLength == block.length }
        return (sameSize.isEmpty ? containing : sameSize).min { left, right in
            if left.lostOverlap != right.lostOverlap { return right.lostOverlap }
            if left.cidr.length != right.cidr.length { return left.cidr.length > right.cidr.length }
            return left.name < right.name
        }
    }
}
