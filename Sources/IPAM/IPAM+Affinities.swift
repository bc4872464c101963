package import Model

/// What became of the blocks of a CIDR that was claimed.
package struct Claims: Hashable, Sendable {
    package internal(set) var claimed: [Prefix] = []
    /// Others hold them.
    package internal(set) var failed: [Prefix] = []

    package init() {}
}

extension IPAM {
    /// Claims every block of a CIDR for a node, as far as others do not hold them.
    package func claimAffinity(
        _ cidr: Prefix,
        node: String,
        now: Timestamp
    ) async throws(IPAMError) -> Claims {
        await begin()
        defer { end() }
        var result = Claims()
        for block in try await blocks(of: cidr) {
            if try await claim(block, for: .host(node), now: now) {
                result.claimed.append(block)
            } else {
                result.failed.append(block)
            }
        }
        return result
    }

    /// Gives up a node's blocks within a CIDR.
    ///
    /// Those of others are left alone.
    package func releaseAffinity(
        _ cidr: Prefix,
        node: String,
        mustBeEmpty: Bool
    ) async throws(IPAMError) {
        await begin()
        defer { end() }
        for block in try await blocks(of: cidr) {
            try await release(.host(node), block, mustBeEmpty: mustBeEmpty)
        }
    }

    /// Gives up all blocks of an owner; goes on after an error and throws the last one.
    package func releaseHostAffinities(
        _ owner: Affinity,
        mustBeEmpty: Bool
    ) async throws(IPAMError) {
        await begin()
        defer { end() }
        try await release(readAffinities(of: owner), mustBeEmpty: mustBeEmpty)
    }

    /// Gives up all blocks of a pool, whoever holds them.
    ///
    /// Addresses in them stay in use.
    package func releasePoolAffinities(_ pool: Prefix) async throws(IPAMError) {
        await begin()
        defer { end() }
        let all: [Stored<BlockAffinity>] = try await list()
        let inPool = all.filter { pool.contains($0.value.cidr) }
        try await release(inPool, mustBeEmpty: false)
    }

    /// Gives up all blocks of a node that is gone.
    ///
    /// Its addresses stay in use until they are released.
    package func removeHost(_ node: String) async throws(IPAMError) {
        try await releaseHostAffinities(.host(node), mustBeEmpty: false)
    }

    /// The node's first block of a family, claimed if it has none.
    package func ensureBlock(
        _ family: Family,
        node: String,
        now: Timestamp
    ) async throws(IPAMError) -> Prefix {
        await begin()
        defer { end() }
        var draw = try await draw(0, family, AssignRequest(node: node), now)
        for affinity in try await readAffinities(of: .host(node)) {
            let cidr = affinity.value.cidr
            if cidr.family == family, draw.allows(cidr), try await isHeld(affinity, now: now) {
                return cidr
            }
        }
        for _ in 0..<Self.retries {
            guard let cidr = try await findUsable(&draw) else {
                throw .noPool("no block is free for \(node)")
            }
            if try await claim(cidr, for: .host(node), now: now) { return cidr }
        }
        throw .tooManyConflicts("claiming a block")
    }

    private func release(
        _ affinities: [Stored<BlockAffinity>],
        mustBeEmpty: Bool
    ) async throws(IPAMError) {
        var last: IPAMError?
        for affinity in affinities {
            do throws(IPAMError) {
                let value = affinity.value
                try await release(value.owner, value.cidr, mustBeEmpty: mustBeEmpty)
            } catch {
                last = error
            }
        }
        if let last { throw last }
    }

    private func blocks(of cidr: Prefix) async throws(IPAMError) -> [Prefix] {
        guard let pool = try await settings().pools.enabled(containing: cidr.address),
            pool.cidr.contains(cidr)
        else { throw .invalid("\(cidr) is not within an enabled IP pool") }
        guard cidr.length <= pool.blockLength else {
            throw .invalid("\(cidr) is smaller than a block of \(pool.name)")
        }
        guard pool.blockLength - cidr.length <= 20 else {
            throw .invalid("\(cidr) has more than a million blocks")
        }
        let count: UInt64 = 1 << UInt64(pool.blockLength - cidr.length)
        return (0..<count).compactMap {
            BlockWalk.block(at: $0, of: cidr, length: pool.blockLength)
        }
    }
}

// MARK: - One block

extension IPAM {
    /// Gives up one block: pending deletion, then the block is deleted or, while it holds
    /// addresses, made nobody's, then the affinity goes.
    ///
    /// Nothing happens when the owner does not hold it.
    func release(
        _ owner: Affinity,
        _ cidr: Prefix,
        mustBeEmpty: Bool,
        ifSequenceNumber expected: UInt64? = nil
    ) async throws(IPAMError) {
        let name = ObjectName.affinity(owner, cidr)
        for _ in 0..<Self.retries {
            guard var affinity: Stored<BlockAffinity> = try await get(name) else {
                return forget(owner, cidr)
            }
            do throws(IPAMError) {
                if var block = try await read(cidr), block.value.affinity == owner {
                    guard expected == nil || block.value.sequenceNumber == expected else {
                        throw .tooManyConflicts("block \(cidr)")
                    }
                    guard !mustBeEmpty || block.value.isEmpty else {
                        throw .notEmpty(block: cidr)
                    }
                    affinity = try await set(affinity, .pendingDeletion)
                    blocks[cidr] = nil
                    block.value.disown()
                    if block.value.isEmpty {
                        try await delete(block)
                    } else {
                        remember(try await update(block))
                    }
                }
                try await delete(affinity)
                return forget(owner, cidr)
            } catch  where error.isConflict {
                continue
            }
        }
        throw .tooManyConflicts("block \(cidr)")
    }

    /// Gives up an empty block of a pool that no longer selects its node.
    ///
    /// Failing is no matter: the next request tries again.
    func dropUnselected(_ affinity: BlockAffinity, _ draw: Draw) async {
        let pools = draw.settings.pools
        guard let pool = pools.enabled(containing: affinity.cidr.address),
            !pool.selects(nodeLabels: draw.nodeLabels)
        else { return }
        _ = try? await release(affinity.owner, affinity.cidr, mustBeEmpty: true)
    }
}

extension Block {
    fileprivate mutating func disown() {
        affinity = nil
        claimTime = nil
        sequenceNumber += 1
    }
}
