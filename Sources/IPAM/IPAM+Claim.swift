internal import Datastore
internal import Model

/// How long a new block is left alone by other nodes even if it is empty, as in Calico: so that two
/// nodes do not snatch it from each other for ever.
private let minimumReclaimAge = Duration.seconds(60)

extension IPAM {
    /// The affinities of one owner, by name, as the store has them now.
    func readAffinities(
        of owner: Affinity
    ) async throws(IPAMError) -> [Stored<BlockAffinity>] {
        let all: [Stored<BlockAffinity>] = try await list()
        let own = all.filter { $0.value.owner == owner }
        affinities[owner] = own
        return own
    }

    /// All blocks as the store has them now; those of one owner are in the cache afterwards.
    func readBlocks(of owner: Affinity) async throws(IPAMError) -> [Prefix: Block] {
        let all: [Stored<Block>] = try await list()
        blocks = [:]
        var existing: [Prefix: Block] = [:]
        for block in all {
            existing[block.value.cidr] = block.value
            if block.value.affinity == owner { remember(block) }
        }
        return existing
    }

    /// Whether the block of an affinity is the owner's.
    ///
    /// What is known to be so by the cache is taken for granted: writing the block tests it. A
    /// claim found half done is completed, one that has lost its block is deleted.
    func isHeld(
        _ affinity: Stored<BlockAffinity>,
        now: Timestamp
    ) async throws(IPAMError) -> Bool {
        let owner = affinity.value.owner
        let cidr = affinity.value.cidr
        if affinity.value.state == .confirmed, blocks[cidr]?.value.affinity == owner { return true }
        let name = affinity.value.objectName
        guard let current: Stored<BlockAffinity> = try await get(name) else {
            forget(owner, cidr)
            return false
        }
        return try await claim(cidr, for: owner, known: current, now: now)
    }

    /// Makes a block the owner's, creating it if need be: pending affinity, block, confirmed
    /// affinity.
    ///
    /// `false` when it belongs to somebody else, or to nobody and holds addresses.
    func claim(
        _ cidr: Prefix,
        for owner: Affinity,
        known: Stored<BlockAffinity>? = nil,
        now: Timestamp
    ) async throws(IPAMError) -> Bool {
        var known = known
        for _ in 0..<Self.retries {
            do throws(IPAMError) {
                var affinity = try await affinityToClaim(known, cidr, owner)
                known = nil
                if let block = try await read(cidr) {
                    guard block.value.affinity == owner else {
                        try await delete(affinity)
                        forget(owner, cidr)
                        return false
                    }
                    guard affinity.value.state != .confirmed else {
                        learn(affinity)
                        return true
                    }
                    affinity = try await set(affinity, .pending)
                    // A new revision, so that whoever was about to take the block away must look again.
                    var touched = block
                    touched.value.sequenceNumber += 1
                    remember(try await update(touched))
                } else {
                    affinity = try await set(affinity, .pending)
                    remember(try await create(Block(cidr: cidr, affinity: owner, now: now)))
                }
                learn(try await set(affinity, .confirmed))
                return true
            } catch  where error.isConflict {
                continue
            }
        }
        throw .tooManyConflicts("block \(cidr)")
    }

    private func affinityToClaim(
        _ known: Stored<BlockAffinity>?,
        _ cidr: Prefix,
        _ owner: Affinity
    ) async throws(IPAMError) -> Stored<BlockAffinity> {
        if let known { return known }
        let fresh = BlockAffinity(owner: owner, cidr: cidr, state: .pending)
        if let existing: Stored<BlockAffinity> = try await get(fresh.objectName) { return existing }
        return try await create(fresh)
    }

    func set(
        _ affinity: Stored<BlockAffinity>,
        _ state: BlockAffinity.State
    ) async throws(IPAMError) -> Stored<BlockAffinity> {
        guard affinity.value.state != state else { return affinity }
        var changed = affinity
        changed.value.state = state
        return try await update(changed)
    }

    private func learn(_ affinity: Stored<BlockAffinity>) {
        let owner = affinity.value.owner
        guard var known = affinities[owner] else { return }
        known.removeAll { $0.value.cidr == affinity.value.cidr }
        let name = affinity.value.objectName
        let index = known.firstIndex { $0.value.objectName > name } ?? known.endIndex
        known.insert(affinity, at: index)
        affinities[owner] = known
    }

    func forget(_ owner: Affinity, _ cidr: Prefix) {
        affinities[owner]?.removeAll { $0.value.cidr == cidr }
    }
}

// MARK: - Finding a block

extension IPAM {
    /// A block that does not exist yet, or is this owner's and has room; else an empty one that
    /// another node has held for a while, once it is taken from there.
    func findUsable(_ draw: inout Draw) async throws(IPAMError) -> Prefix? {
        let existing: [Prefix: Block]
        if let read = draw.existing {
            existing = read
        } else {
            existing = try await readBlocks(of: draw.request.affinity)
        }
        // A block that is found will be claimed, or is another's by now.
        draw.existing = nil
        let reservations = draw.settings.reservations
        var empty: [Block] = []
        for pool in draw.choice.allowed {
            let walk = BlockWalk(
                pool: pool.cidr,
                blockLength: pool.blockLength,
                node: draw.request.affinity.name,
                now: draw.now
            )
            for cidr in walk where draw.allows(cidr) {
                guard let block = existing[cidr] else { return cidr }
                guard block.freeCount(reservations) > 0 else { continue }
                if block.affinity == draw.request.affinity { return cidr }
                if block.isEmpty { empty.append(block) }
            }
        }
        for block in empty where try await isReclaimed(block, draw) { return block.cidr }
        draw.existing = existing
        return nil
    }

    private func isReclaimed(_ block: Block, _ draw: Draw) async throws(IPAMError) -> Bool {
        if let claimed = block.claimTime, draw.now.since(claimed) < minimumReclaimAge {
            return false
        }
        guard let owner = block.affinity else {
            // Left over by a crash: nobody's, and empty.
            let deleted = try await edit(block.cidr) { $0.isEmpty }
            return deleted ?? true
        }
        do throws(IPAMError) {
            try await release(
                owner,
                block.cidr,
                mustBeEmpty: true,
                ifSequenceNumber: block.sequenceNumber
            )
            return true
        } catch {
            switch error {
            case .store(.unavailable), .store(.corrupt): throw error
            default: return false
            }
        }
    }
}
