internal import Datastore
internal import Model

extension IPAMError {
    /// Another writer came first: look again and retry.
    var isConflict: Bool {
        guard case .store(let error) = self else { return false }
        switch error {
        case .conflict, .alreadyExists, .notFound: return true
        case .compacted, .unavailable, .corrupt, .invalid: return false
        }
    }
}

extension IPAM {
    /// Changes a block by compare-and-swap and returns what `change` says; `nil` when there is no
    /// such block.
    ///
    /// `change` may run several times; `before` runs each time before the block is written.
    ///
    /// A block that ends up empty and without affinity is deleted.
    func edit<Outcome>(
        _ cidr: Prefix,
        _ change: (inout Block) throws(IPAMError) -> Outcome,
        before: (Outcome) async throws(IPAMError) -> Void = { _ in }
    ) async throws(IPAMError) -> Outcome? {
        for attempt in 0...Self.retries {
            let cached = attempt == 0 ? blocks[cidr] : nil
            let found: Stored<Block>?
            if let cached { found = cached } else { found = try await read(cidr) }
            guard let stored = found else { return nil }
            var block = stored.value
            let outcome: Outcome
            do throws(IPAMError) {
                outcome = try change(&block)
            } catch {
                if cached != nil { continue }
                throw error
            }
            guard block != stored.value else {
                if cached != nil { continue }
                return outcome
            }
            try await before(outcome)
            guard try await write(block, over: stored) else { continue }
            return outcome
        }
        throw .tooManyConflicts("block \(cidr)")
    }

    /// The block as the store has it now.
    func read(_ cidr: Prefix) async throws(IPAMError) -> Stored<Block>? {
        blocks[cidr] = nil
        guard let stored: Stored<Block> = try await get(ObjectName.block(cidr)) else { return nil }
        remember(stored)
        return stored
    }

    /// `false` when somebody else has written the block since it was read.
    private func write(
        _ block: Block,
        over stored: Stored<Block>
    ) async throws(IPAMError) -> Bool {
        var changed = Stored(block, metadata: stored.metadata)
        changed.value.sequenceNumber += 1
        blocks[block.cidr] = nil
        do throws(IPAMError) {
            if block.isEmpty, block.affinity == nil {
                try await delete(changed)
            } else {
                remember(try await update(changed))
            }
            return true
        } catch  where error.isConflict {
            return false
        }
    }
}
