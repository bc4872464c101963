package import Model

extension IPAM {
    /// Gives addresses back and returns those that were not allocated.
    ///
    /// Blocks are independent of each other: all are tried, and the first error is thrown at the
    /// end.
    @discardableResult
    package func release(
        _ releases: [Release],
        now: Timestamp
    ) async throws(IPAMError) -> [Address] {
        await begin()
        defer { end() }
        let settings = try await settings()
        var notAllocated: [Address] = []
        var byBlock: [Prefix: [Release]] = [:]
        for release in releases {
            if let cidr = try await block(of: release.address, settings) {
                byBlock[cidr, default: []].append(release)
            } else {
                notAllocated.append(release.address)
            }
        }
        var first: IPAMError?
        for (cidr, releases) in byBlock.sorted(by: { $0.key < $1.key }) {
            do throws(IPAMError) {
                notAllocated += try await self.release(releases, from: cidr, settings, now)
            } catch {
                first = first ?? error
            }
        }
        if let first { throw first }
        return notAllocated
    }

    /// Gives back all that a handle holds; `.notFound` when there is no such handle.
    ///
    /// A count may be too high, after a crash or because a request did not find all it asked for in
    /// one block. What is left of it then stays, as in Calico, so that a second release still finds
    /// the handle; with `forgettingHandle` it goes too, which leaves nothing behind.
    package func release(
        handle: String,
        forgettingHandle isForgetting: Bool = false,
        now: Timestamp
    ) async throws(IPAMError) {
        await begin()
        defer { end() }
        guard let stored = try await stored(handle) else { throw .notFound("handle \(handle)") }
        let settings = try await settings()
        let cooldown = settings.configuration.cooldown
        for (cidr, counted) in stored.value.counts.sorted(by: { $0.key < $1.key }) {
            let released = try await edit(cidr) { block throws(IPAMError) in
                block.endCooldown(cooldown, now: now)
                return block.release(handle: handle, cooldown: cooldown, now: now)
            }
            let count = released?.addresses.count ?? 0
            // Where nothing is held any more the count was wrong; that costs nothing to put right.
            let lowered = isForgetting || count == 0 ? counted : count
            try await lower(handle, cidr, by: lowered)
            if count > 0 { await tidy(cidr, settings) }
        }
    }

    private func release(
        _ releases: [Release],
        from cidr: Prefix,
        _ settings: Settings,
        _ now: Timestamp
    ) async throws(IPAMError) -> [Address] {
        let cooldown = settings.configuration.cooldown
        let released = try await edit(cidr) { block throws(IPAMError) in
            block.endCooldown(cooldown, now: now)
            return try block.release(releases, cooldown: cooldown, now: now)
        }
        guard let released else { return releases.map(\.address) }
        for (handle, count) in released.counts.sorted(by: { $0.key < $1.key }) {
            try await lower(handle, cidr, by: count)
        }
        if !released.addresses.isEmpty { await tidy(cidr, settings) }
        return released.notAllocated
    }

    /// The block of an address by its pool, disabled or not; by the blocks there are if its pool is
    /// gone.
    func block(
        of address: Address,
        _ settings: Settings
    ) async throws(IPAMError) -> Prefix? {
        if let pool = settings.pools.first(where: { $0.cidr.contains(address) }) {
            return pool.block(of: address)
        }
        if let known = blocks.keys.first(where: { $0.contains(address) }) { return known }
        let all: [Stored<Block>] = try await list()
        return all.first { $0.value.cidr.contains(address) }?.value.cidr
    }

    /// Gives the block up if it is empty and its pool no longer selects its node, or if its owner
    /// is no node.
    ///
    /// The addresses are free already, so that a failure is no matter.
    private func tidy(_ cidr: Prefix, _ settings: Settings) async {
        guard let owner = blocks[cidr]?.value.affinity else { return }
        do throws(IPAMError) {
            if owner.kind == .host {
                guard let pool = settings.pools.enabled(containing: cidr.address),
                    pool.looksAtNodes,
                    let labels = try await nodeLabels(owner.name, for: [pool]),
                    !pool.selects(nodeLabels: labels)
                else { return }
            }
            try await release(owner, cidr, mustBeEmpty: true)
        } catch {
            return
        }
    }
}
