internal import Datastore
internal import Model

/// One family's part of a request while it is worked on.
struct Draw {
    let request: AssignRequest
    let family: Family
    let settings: Settings
    let choice: PoolChoice
    let nodeLabels: [String: String]
    let now: Timestamp
    var wanted: Int
    /// All blocks there are, if they have just been read.
    var existing: [Prefix: Block]?

    func allows(_ block: Prefix) -> Bool {
        choice.allowed.contains { $0.cidr.contains(block) }
            && !settings.reservations.covers(block)
    }
}

extension IPAM {
    /// Assigns any free addresses: from blocks of the node's own, then from new blocks, then,
    /// unless affinity is strict, from blocks of others.
    package func autoAssign(_ request: AssignRequest, now: Timestamp) async -> Assignment {
        await begin()
        defer { end() }
        var result = Assignment()
        do throws(IPAMError) {
            if request.num4 > 0 {
                try await assign(request.num4, .v4, request, now, into: &result.addresses4)
            }
            if request.num6 > 0 {
                try await assign(request.num6, .v6, request, now, into: &result.addresses6)
            }
        } catch {
            result.failure = error
        }
        return result
    }

    private func assign(
        _ count: Int,
        _ family: Family,
        _ request: AssignRequest,
        _ now: Timestamp,
        into taken: inout [Address]
    ) async throws(IPAMError) {
        var draw = try await draw(count, family, request, now)
        var own = affinities[request.affinity] ?? []
        try await takeFromOwn(own, &draw, into: &taken)
        if draw.wanted > 0 {
            // Only what the store says now may lead to a new block or to a refusal.
            draw.existing = try await readBlocks(of: request.affinity)
            own = try await readAffinities(of: request.affinity)
            try await takeFromOwn(own, &draw, into: &taken)
        }
        let owned = own.count { affinity in
            draw.choice.allowed.contains { $0.cidr.contains(affinity.value.cidr) }
        }
        try await takeFromNew(&draw, owned: owned, into: &taken)
        guard !draw.settings.configuration.strictAffinity else { return }
        try await borrow(&draw, into: &taken)
    }

    func draw(
        _ count: Int,
        _ family: Family,
        _ request: AssignRequest,
        _ now: Timestamp
    ) async throws(IPAMError) -> Draw {
        let settings = try await settings()
        var labels: [String: String] = [:]
        if request.use != .loadBalancer {
            guard let found = try await nodeLabels(request.node, for: settings.pools)
            else {
                throw .notFound("node \(request.node)")
            }
            labels = found
        }
        let choice = try PoolChoice(
            request,
            family: family,
            pools: settings.pools,
            nodeLabels: labels
        )
        var wanted = count
        if let handle = request.handle, let limit = request.maxPerHandle,
            try await stored(handle) != nil
        {
            let held = try await addresses(of: handle).count { $0.family == family }
            wanted = min(wanted, max(0, limit - held))
        }
        return Draw(
            request: request,
            family: family,
            settings: settings,
            choice: choice,
            nodeLabels: labels,
            now: now,
            wanted: wanted
        )
    }
}

// MARK: - Where addresses come from

extension IPAM {
    private func takeFromOwn(
        _ own: [Stored<BlockAffinity>],
        _ draw: inout Draw,
        into taken: inout [Address]
    ) async throws(IPAMError) {
        let family = draw.family
        for affinity in own where affinity.value.cidr.family == family {
            let cidr = affinity.value.cidr
            let pools = draw.choice.selecting
            guard pools.contains(where: { $0.cidr.contains(cidr) }) else {
                await dropUnselected(affinity.value, draw)
                continue
            }
            // Full as far as is known; a second pass has just read what is known.
            if let block = blocks[cidr]?.value, block.unallocated.isEmpty, !block.isCooling {
                continue
            }
            guard draw.wanted > 0, draw.allows(cidr),
                try await isHeld(affinity, now: draw.now)
            else { continue }
            try await take(from: cidr, strictly: true, &draw, into: &taken)
        }
    }

    private func takeFromNew(
        _ draw: inout Draw,
        owned: Int,
        into taken: inout [Address]
    ) async throws(IPAMError) {
        let configuration = draw.settings.configuration
        let limit = configuration.blockLimit(draw.request.maxBlocksPerHost)
        var owned = owned
        var conflicts = 0
        while draw.wanted > 0 {
            guard owned < limit else { throw .blockLimit(node: draw.request.node, limit: limit) }
            guard configuration.autoAllocateBlocks else {
                throw .noNewBlocks(node: draw.request.node)
            }
            guard let cidr = try await findUsable(&draw) else { return }
            let before = draw.wanted
            if try await claims(cidr, draw) {
                owned += 1
                try await take(from: cidr, strictly: true, &draw, into: &taken)
            }
            guard draw.wanted == before else { continue }
            conflicts += 1
            guard conflicts < Self.retries else {
                throw .tooManyConflicts("claiming a block")
            }
        }
    }

    private func claims(_ cidr: Prefix, _ draw: Draw) async throws(IPAMError) -> Bool {
        try await claim(cidr, for: draw.request.affinity, now: draw.now)
    }

    private func borrow(
        _ draw: inout Draw,
        into taken: inout [Address]
    ) async throws(IPAMError) {
        guard draw.wanted > 0 else { return }
        let existing: [Prefix: Block]
        if let read = draw.existing {
            existing = read
        } else {
            existing = try await readBlocks(of: draw.request.affinity)
        }
        for pool in draw.choice.allowed {
            let walk = BlockWalk(
                pool: pool.cidr,
                blockLength: pool.blockLength,
                node: draw.request.affinity.name,
                now: draw.now
            )
            for cidr in walk where existing[cidr] != nil {
                guard draw.wanted > 0 else { return }
                guard draw.allows(cidr) else { continue }
                try await take(from: cidr, strictly: false, &draw, into: &taken)
            }
        }
    }

    /// Takes as much as the block has of what is still wanted.
    private func take(
        from cidr: Prefix,
        strictly isStrict: Bool,
        _ draw: inout Draw,
        into taken: inout [Address]
    ) async throws(IPAMError) {
        let (request, wanted, now) = (draw.request, draw.wanted, draw.now)
        let settings = draw.settings
        var isRaised = false
        do throws(IPAMError) {
            let addresses = try await edit(cidr) { block throws(IPAMError) -> [Address] in
                guard !isStrict || block.affinity == request.affinity else { return [] }
                block.endCooldown(settings.configuration.cooldown, now: now)
                return block.assign(
                    count: wanted,
                    owner: request.owner,
                    reservations: settings.reservations
                )
            } before: { addresses throws(IPAMError) in
                guard let handle = request.handle, !isRaised, !addresses.isEmpty else { return }
                try await raise(handle, cidr, by: wanted)
                isRaised = true
            }
            guard let addresses, !addresses.isEmpty else {
                return try await takeBack(request.handle, isRaised, cidr, wanted)
            }
            taken += addresses
            draw.wanted -= addresses.count
        } catch {
            // The count is put right on the way out; what stopped us is the error that matters.
            _ = try? await takeBack(request.handle, isRaised, cidr, wanted)
            throw error
        }
    }

    private func takeBack(
        _ handle: String?,
        _ isRaised: Bool,
        _ cidr: Prefix,
        _ count: Int
    ) async throws(IPAMError) {
        guard let handle, isRaised else { return }
        try await lower(handle, cidr, by: count)
    }
}
