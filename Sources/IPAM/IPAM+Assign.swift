internal import Model

extension IPAM {
    /// Assigns one address, reserved or not, claiming its block for the node if nobody has it.
    package func assign(_ request: AddressRequest, now: Timestamp) async throws(IPAMError) {
        await begin()
        defer { end() }
        let address = request.address
        let settings = try await settings()
        guard let pool = settings.pools.enabled(containing: address),
            let cidr = pool.block(of: address)
        else { throw .invalid("\(address) is not in an enabled IP pool") }
        if let use = request.use, !pool.uses.contains(use) {
            throw .noPool("\(pool.name) does not allow the use \(use.rawValue)")
        }
        for _ in 0..<Self.retries {
            if try await isAssigned(request, in: cidr, settings, now) { return }
            _ = try await claim(cidr, for: request.affinity, now: now)
        }
        throw .tooManyConflicts("block \(cidr)")
    }

    /// `false` when the block does not exist.
    private func isAssigned(
        _ request: AddressRequest,
        in cidr: Prefix,
        _ settings: Settings,
        _ now: Timestamp
    ) async throws(IPAMError) -> Bool {
        let configuration = settings.configuration
        var isRaised = false
        do throws(IPAMError) {
            let done = try await edit(cidr) { block throws(IPAMError) -> Bool in
                guard !configuration.strictAffinity || block.affinity == request.affinity else {
                    throw .notAffine(block: cidr, node: request.node)
                }
                block.endCooldown(configuration.cooldown, now: now)
                try block.assign(request.address, owner: request.owner)
                return true
            } before: { _ throws(IPAMError) in
                guard let handle = request.handle, !isRaised else { return }
                try await raise(handle, cidr, by: 1)
                isRaised = true
            }
            if done == nil, isRaised, let handle = request.handle {
                try await lower(handle, cidr, by: 1)
            }
            return done ?? false
        } catch {
            if isRaised, let handle = request.handle {
                // The count is put right on the way out; what stopped us is the error that matters.
                _ = try? await lower(handle, cidr, by: 1)
            }
            throw error
        }
    }
}
